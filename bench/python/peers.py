"""Rates of pylibmc or pymemcache in one workload, as one JSON line. They block, so they do one call at a time.

Arguments: client, host, port, workload ("get-1" or "many-100"), key prefix, seconds to warm up, seconds to measure.
"""

import json
import random
import resource
import sys
import time

KEY_COUNT = 1000
MANY_KEYS = 100
VALUE_LENGTH = 100


def connect(name, host, port):
    if name == "pylibmc":
        import pylibmc

        # Its documentation's settings for speed; text protocol, because the binary one is slower and deprecated.
        return pylibmc.Client([f"{host}:{port}"], binary=False, behaviors={"tcp_nodelay": True})
    from pymemcache.client.base import Client
    from pymemcache.serde import pickle_serde

    return Client((host, port), no_delay=True, serde=pickle_serde)


def run(call, expected, seconds):
    """Calls in a closed loop and returns (calls, wrong answers, seconds, CPU seconds, latencies)."""
    latencies = []
    calls = wrong = 0
    order = [random.randrange(len(expected)) for _ in range(4096)]
    cpu_before = time.process_time()
    started = now = time.perf_counter()
    while now - started < seconds:
        asked, value = expected[order[calls % len(order)]]
        if call(asked) != value:
            wrong += 1
        calls += 1
        before, now = now, time.perf_counter()
        latencies.append(now - before)
    return calls, wrong, now - started, time.process_time() - cpu_before, latencies


def summarize(calls, wrong, seconds, cpu_seconds, latencies):
    latencies.sort()
    return {
        "calls": calls,
        "seconds": seconds,
        "rate": calls / seconds,
        "cpuMicros": cpu_seconds / calls * 1e6,
        "p50Ms": latencies[len(latencies) // 2] * 1e3,
        "p99Ms": latencies[len(latencies) * 99 // 100] * 1e3,
        "wrong": wrong,
        "errors": 0,
        "peakRssBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def main():
    name, host, port, workload, prefix, warm_up, measure = sys.argv[1:]
    client = connect(name, host, int(port))
    values = {}
    for index in range(KEY_COUNT):
        key = f"{prefix}:user:profile:{index:05d}"
        values[key] = key.ljust(VALUE_LENGTH, "x")
        client.set(key, values[key])
    if workload == "get-1":
        call, expected = client.get, list(values.items())
    else:
        groups = [random.sample(sorted(values), MANY_KEYS) for _ in range(256)]
        call = client.get_multi if name == "pylibmc" else client.get_many
        expected = [(group, {key: values[key] for key in group}) for group in groups]
    run(call, expected, float(warm_up))
    print(json.dumps(summarize(*run(call, expected, float(measure)))))


main()
