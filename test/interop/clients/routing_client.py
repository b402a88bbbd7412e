"""Writes and reads texts on several servers with a Python client: one job as JSON on stdin, its results on stdout."""

import importlib.metadata
import json
import sys


def with_port(server):
    host = server["host"]
    return f"[{host}]:{server['port']}" if ":" in host else f"{host}:{server['port']}"


class Pymemcache:
    def __init__(self, servers, options):
        from pymemcache.client.hash import HashClient
        from pymemcache.serde import PickleSerde

        self.keys_are_bytes = options.pop("keys", "str") == "bytes"
        specs = [server.get("path") or (server["host"], server["port"]) for server in servers]
        prefix = options.pop("key_prefix", "").encode()
        self.client = HashClient(
            specs, serde=PickleSerde(), allow_unicode_keys=True, default_noreply=False, key_prefix=prefix, **options
        )
        self.version = importlib.metadata.version("pymemcache")

    def key(self, key):
        return key.encode() if self.keys_are_bytes else key

    def set(self, key, text):
        return self.client.set(self.key(key), text)

    def get(self, key):
        return self.client.get(self.key(key))


class Pylibmc:
    def __init__(self, servers, options):
        import pylibmc

        specs = [server.get("path") or f"{with_port(server)}:{server['weight']}" for server in servers]
        self.client = pylibmc.Client(specs, behaviors=options)
        self.version = pylibmc.__version__

    def set(self, key, text):
        return self.client.set(key, text)

    def get(self, key):
        return self.client.get(key)


class PythonMemcached:
    def __init__(self, servers, options):
        import memcache

        self.client = memcache.Client([(self.spec(server), server["weight"]) for server in servers], **options)
        self.version = memcache.__version__

    def spec(self, server):
        if "path" in server:
            return f"unix:{server['path']}"
        return f"inet6:{with_port(server)}" if ":" in server["host"] else with_port(server)

    def set(self, key, text):
        return self.client.set(key, text)

    def get(self, key):
        return self.client.get(key)


CLIENTS = {"pymemcache": Pymemcache, "pylibmc": Pylibmc, "python-memcached": PythonMemcached}


def main():
    job = json.load(sys.stdin)
    client = CLIENTS[job["client"]](job["servers"], job["options"])
    stored = [bool(client.set(key, text)) for key, text in job["set"]]
    found = [client.get(key) for key in job["get"]]
    json.dump({"version": client.version, "stored": stored, "found": found}, sys.stdout)


main()
