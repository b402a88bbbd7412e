"""The Python service: `service.py write` fills the cache, `service.py read` shows what Node left there."""

import os
import sys

from pymemcache.client.base import Client
from pymemcache.serde import PickleSerde

host, port = os.environ["MEMCACHED"].rsplit(":", 1)
# Protocol 2 is what memlane writes; it reads every protocol.
cache = Client((host, int(port)), serde=PickleSerde(pickle_version=2), default_noreply=False)

if sys.argv[1] == "write":
    cache.set("profile:1", {"name": "Ada", "languages": ["en", "fr"], "admin": True, "score": 0.5}, expire=60)
    cache.set("visits:1", 41, expire=60)
    print("python wrote profile:1 and visits:1")
else:
    print("python reads visits:1 ", cache.get("visits:1"))
    print("python reads session:1", cache.get("session:1"))
    print("python reads avatar:1 ", cache.get("avatar:1"))
