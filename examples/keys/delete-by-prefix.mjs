// Deletes what belongs to one user; other keys, and what is stored anew meanwhile, stay.
import { Memcache } from 'memlane'
import { deleteMatching } from 'memlane/keys'

const cache = new Memcache(process.argv[2] ?? 'localhost:11211')
await cache.setMany({ 'session:1:a': 'x', 'session:1:b': 'x', 'session:2:a': 'x' }, { ttl: 60 })

console.log(await deleteMatching(cache, { prefix: 'session:1:' }), 'deleted')
console.log(await deleteMatching(cache, { prefix: 'session:', filter: ({ ttl }) => ttl > 3600 }), 'deleted')
console.log(await cache.get('session:2:a'))

const sessions = cache.namespace('session:')
console.log(await deleteMatching(sessions, { all: true }), 'deleted')

await cache.close()
