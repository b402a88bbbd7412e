"""The Python service: `service.py write` fills the cache, `service.py read` shows what Node left there."""

import os
import sys

from pymemcache.client.hash import HashClient
from pymemcache.serde import PickleSerde

PAGES = 1000

# Protocol 2 is what memlane writes; it reads every protocol.
cache = HashClient(
    os.environ["MEMCACHED"].split(","),
    serde=PickleSerde(pickle_version=2),
    allow_unicode_keys=True,
    default_noreply=False,
)

if sys.argv[1] == "write":
    cache.set("profile:1", {"name": "Ada", "languages": ["en", "fr"], "admin": True, "score": 0.5}, expire=60)
    cache.set("visits:1", 41, expire=60)
    cache.set_many({f"page:{page}:été": f"page {page} by Python" for page in range(PAGES)}, expire=60)
    print(f"python wrote profile:1, visits:1 and {PAGES} pages")
else:
    print("python reads visits:1 ", cache.get("visits:1"))
    print("python reads session:1", cache.get("session:1"))
    print("python reads avatar:1 ", cache.get("avatar:1"))
    found = cache.get_many([f"article:{article}:été" for article in range(PAGES)])
    print(f"python finds {len(found)} of {PAGES} articles")
