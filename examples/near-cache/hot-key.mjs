// Keeps a key that is read often in the process, and counts what the server is asked.
import { Memcache } from 'memlane'
import { nearCache } from 'memlane/near-cache'

const cache = new Memcache(process.argv[2] ?? 'localhost:11211', { nearCache: nearCache({ ttlMs: 5000 }) })

await cache.set('settings', { theme: 'dark' }, { ttl: 600 })
for (let read = 0; read < 100; read++) await cache.get('settings')
const { hits, misses } = cache.nearCache
console.log(hits, misses)

// A write of this client is seen at once.
await cache.set('settings', { theme: 'light' }, { ttl: 600 })
console.log(await cache.get('settings'))

// One read that must not be old.
console.log(await cache.get('settings', { near: false }))
console.log(cache.nearCache.hotKeys(1))

await cache.close()
