"""Sets and gets values with a Python client: one job as JSON on stdin, its results as JSON on stdout."""

import base64
import importlib.metadata
import json
import sys


def to_python(value):
    kind, content = value["type"], value.get("value")
    if kind == "bytes":
        return base64.b64decode(content)
    if kind == "int":
        return int(content)
    if kind == "float":
        return float(content)
    if kind == "list":
        return [to_python(item) for item in content]
    if kind == "dict":
        return {key: to_python(item) for key, item in content}
    return content


def from_python(value):
    if value is None:
        return {"type": "null"}
    if isinstance(value, bool):
        return {"type": "bool", "value": value}
    if isinstance(value, str):
        return {"type": "text", "value": value}
    if isinstance(value, bytes):
        return {"type": "bytes", "value": base64.b64encode(value).decode()}
    if isinstance(value, int):
        return {"type": "int", "value": str(value)}
    if isinstance(value, float):
        return {"type": "float", "value": repr(value)}
    if isinstance(value, (list, tuple)):
        return {"type": "list", "value": [from_python(item) for item in value]}
    if isinstance(value, dict):
        return {"type": "dict", "value": [[key, from_python(item)] for key, item in value.items()]}
    return {"type": type(value).__name__}


class Pymemcache:
    def __init__(self, port, options):
        from pymemcache.client.base import Client
        from pymemcache.serde import PickleSerde

        self.client = Client(("127.0.0.1", port), serde=PickleSerde(**options), default_noreply=False)
        self.version = importlib.metadata.version("pymemcache")

    def set(self, key, value):
        return self.client.set(key, value)

    def get(self, key):
        return self.client.get(key)


class Pylibmc:
    def __init__(self, port, options):
        import pylibmc

        self.client = pylibmc.Client([f"127.0.0.1:{port}"])
        self.options = options
        self.version = pylibmc.__version__

    def set(self, key, value):
        return self.client.set(key, value, **self.options)

    def get(self, key):
        return self.client.get(key)


class PythonMemcached:
    def __init__(self, port, options):
        import memcache

        self.client = memcache.Client([f"127.0.0.1:{port}"])
        self.options = options
        self.version = memcache.__version__

    def set(self, key, value):
        return self.client.set(key, value, **self.options)

    def get(self, key):
        return self.client.get(key)


CLIENTS = {"pymemcache": Pymemcache, "pylibmc": Pylibmc, "python-memcached": PythonMemcached}


def attempt(action):
    try:
        return action()
    except Exception as error:
        return {"type": "error", "value": type(error).__name__}


def main():
    job = json.load(sys.stdin)
    client = CLIENTS[job["client"]](job["port"], job["options"])
    stored = [attempt(lambda: bool(client.set(key, to_python(value)))) for key, value in job["set"]]
    found = [attempt(lambda: from_python(client.get(key))) for key in job["get"]]
    json.dump({"version": client.version, "stored": stored, "found": found}, sys.stdout)


main()
