"""One client that blocks, asked over stdin: "get 2000" or "many 500" measures that many calls.

Arguments: client, host, port, key prefix. Answers one line for each question: microseconds per call and CPU microseconds.
"""

import sys
import time

MANY_KEYS = 100
VALUE_LENGTH = 100


def connect(name, host, port):
    if name == "pylibmc":
        import pylibmc

        return pylibmc.Client([f"{host}:{port}"], binary=False, behaviors={"tcp_nodelay": True})
    from pymemcache.client.base import Client
    from pymemcache.serde import pickle_serde

    # Its writes do not wait for an answer unless they are told to.
    return Client((host, port), no_delay=True, serde=pickle_serde, default_noreply=False)


def main():
    name, host, port, prefix = sys.argv[1:]
    client = connect(name, host, int(port))
    values = {f"{prefix}:{index:05d}": f"{prefix}:{index:05d}".ljust(VALUE_LENGTH, "x") for index in range(MANY_KEYS)}
    for key, value in values.items():
        client.set(key, value)
    keys = list(values)
    get_many = client.get_multi if name == "pylibmc" else client.get_many
    for line in sys.stdin:
        what, count = line.split()
        wrong = 0
        cpu = time.process_time()
        started = time.perf_counter()
        if what == "get":
            for index in range(int(count)):
                key = keys[index % MANY_KEYS]
                if client.get(key) != values[key]:
                    wrong += 1
        elif what == "set":
            for index in range(int(count)):
                key = keys[index % MANY_KEYS]
                if not client.set(key, values[key]):
                    wrong += 1
        else:
            for _ in range(int(count)):
                if len(get_many(keys)) != MANY_KEYS:
                    wrong += 1
        took = time.perf_counter() - started
        cpu = time.process_time() - cpu
        print(took / int(count) * 1e6, cpu / int(count) * 1e6, wrong, flush=True)


main()
