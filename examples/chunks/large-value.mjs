// Stores a report of 3 MB, which is more than memcached takes as one item, and reads it back.
import { Memcache } from 'memlane'
import { chunks } from 'memlane/chunks'

const cache = new Memcache(process.argv[2] ?? 'localhost:11211', { chunks: chunks(), timeoutMs: 10_000 })
const report = Buffer.alloc(3_000_000, 'memlane ')

console.log(await cache.set('report', report, { ttl: 600 }))
const found = await cache.get('report')
console.log(found.length, found.equals(report))
console.log((await cache.getMany(['report', 'other'])).size)

console.log(await cache.delete('report'))
console.log(await cache.get('report'))

await cache.close()
