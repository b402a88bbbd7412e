// A client for a large set-up: a ring of its own, a window for wide reads, spare servers, hot keys kept in the process.
import { Memcache } from 'memlane'
import { nearCache } from 'memlane/near-cache'
import { ketama } from 'memlane/routing'

const [first, second, spare] = process.argv.slice(2)

const cache = new Memcache([first, second], {
  // Closes connections of servers that the process asks rarely.
  idleTimeoutMs: 600_000,
  // Keys that every request reads; a value may be a second old.
  nearCache: nearCache({ ttlMs: 1000, keys: ['config:'] }),
  cluster: {
    // One server more or less moves its own share of the keys. Every process must have the same distribution.
    distribution: ketama({ weighted: false }),
    // One getMany waits for 16 servers at a time.
    readWindow: 16,
    // Keys of a server that is out live on spare servers for a minute.
    failover: 'gutter',
    gutter: [spare],
    gutterTtl: 60,
  },
})

const users = Array.from({ length: 100 }, (_, id) => [`user:${id}`, { id }])
await cache.setMany(users, { ttl: 600 })
const found = await cache.getMany(users.map(([key]) => key))
console.log(found.size)

await cache.close()
