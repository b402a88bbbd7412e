import { Memcache } from 'memlane'

const cache = new Memcache(process.argv[2] ?? 'localhost:11211', {
  keyPrefix: `run-${Date.now()}:`, // keys of its own for every run of this example
})
const database = new Map([
  ['1', 'Ada'],
  ['2', 'Grace'],
  ['3', 'Barbara'],
])

/** One query for all that are missing. */
async function queryNames(ids) {
  console.log('query for', ids.join(', '))
  return new Map(ids.filter((id) => database.has(id)).map((id) => [id, database.get(id)]))
}

function findNames(ids) {
  return cache.getOrSetMany(ids, queryNames, { ttl: 300, keyPrefix: 'name:' })
}

console.log([...(await findNames(['1', '2'])).values()].join(', '))
console.log([...(await findNames(['3', '1', 'nobody'])).values()].join(', '))

await cache.close()
