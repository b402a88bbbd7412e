// The Node service: reads what Python cached, counts, and caches values for Python.
import { Buffer } from 'node:buffer'
import { Memcache } from 'memlane'
import { pymemcache as pymemcacheRouting } from 'memlane/routing'
import { pymemcache as pymemcacheSerde } from 'memlane/serde'

const PAGES = 1000

const cache = new Memcache(process.env.MEMCACHED.split(','), {
  serde: pymemcacheSerde({ pickle: 'readWrite' }),
  cluster: { distribution: pymemcacheRouting() },
  defaultTtl: 60,
})

console.log('node reads profile:1  ', await cache.get('profile:1'))
console.log('node counts visits:1  ', await cache.incr('visits:1'))
const pages = await cache.getMany(Array.from({ length: PAGES }, (_, page) => `page:${page}:été`))
console.log(`node finds ${pages.size} of ${PAGES} pages`)

await cache.set('session:1', { user: 1, roles: ['editor'], lastSeen: null })
await cache.set('avatar:1', Buffer.from([0x89, 0x50, 0x4e, 0x47]))
await cache.setMany(
  Array.from({ length: PAGES }, (_, article) => [`article:${article}:été`, `article ${article} by Node`]),
)
console.log(`node wrote session:1, avatar:1 and ${PAGES} articles`)

await cache.close()
