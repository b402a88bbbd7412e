import { Memcache } from 'memlane'

const cache = new Memcache(process.argv[2] ?? 'localhost:11211', {
  keyPrefix: `run-${Date.now()}:`, // keys of its own for every run of this example
})
const database = new Map([['1', { name: 'Ada' }]])
let queries = 0

async function queryUser(id) {
  queries++
  return database.get(id) ?? null
}

function findUser(id) {
  return cache.getOrSet(`user:${id}`, () => queryUser(id), {
    ttl: 300, // how old a user may be
    emptyTtl: 30, // how long "there is no such user" is remembered
    leaseTtl: 10, // longer than the query takes
  })
}

async function renameUser(id, name) {
  database.set(id, { name })
  await cache.delete(`user:${id}`) // after the database has it, never before
}

async function show(id) {
  const user = await findUser(id)
  console.log(user?.name ?? 'nobody', 'after', queries, 'queries')
}

// A hundred requests at a time make one query.
await Promise.all(Array.from({ length: 100 }, () => findUser('1')))
await show('1')

await renameUser('1', 'Grace')
await show('1')

await show('2')
await show('2')

await cache.close()
