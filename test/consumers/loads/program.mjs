import { Memcache } from 'memlane'
import { chunks } from 'memlane/chunks'

const cache = new Memcache(process.env.MEMCACHED, { chunks: chunks(), timeoutMs: 60_000, connectTimeoutMs: 60_000 })
await cache.set('user', { name: 'Ada' }, { ttl: 60 })
await cache.set('large', 'a'.repeat(2_000_000), { ttl: 60 })
const large = await cache.get('large')
console.log(JSON.stringify(await cache.get('user')), large.length)
await cache.close()
