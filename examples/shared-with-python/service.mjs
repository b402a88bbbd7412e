// The Node service: reads what Python cached, counts, and caches values for Python.
import { Buffer } from 'node:buffer'
import { Memcache } from 'memlane'
import { pymemcache } from 'memlane/serde'

const cache = new Memcache(process.env.MEMCACHED, { serde: pymemcache({ pickle: 'readWrite' }), defaultTtl: 60 })

console.log('node reads profile:1  ', await cache.get('profile:1'))
console.log('node counts visits:1  ', await cache.incr('visits:1'))
await cache.set('session:1', { user: 1, roles: ['editor'], lastSeen: null })
await cache.set('avatar:1', Buffer.from([0x89, 0x50, 0x4e, 0x47]))
console.log('node wrote session:1 and avatar:1')

await cache.close()
