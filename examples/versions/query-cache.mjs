// Caches the results of queries until one of their tables changes.
import { createHash } from 'node:crypto'
import { Memcache } from 'memlane'
import { versions } from 'memlane/versions'

const cache = new Memcache(process.argv[2] ?? 'localhost:11211')
const tables = versions(cache, 'tables:')
const rows = { users: ['Ada'], orders: ['book'] }
let queries = 0

async function query(sql, names) {
  const digest = createHash('sha256').update(sql).digest('base64url')
  // The versions are part of the key: a change of one of the tables makes it another key.
  const key = `query:${await tables.of(names)}:${digest}`
  return cache.getOrSet(
    key,
    () => {
      queries++
      return names.flatMap((name) => rows[name])
    },
    { ttl: 300 },
  )
}

async function insert(table, row) {
  rows[table].push(row)
  await tables.bump(table) // after the database has it, never before
}

const show = async () => {
  const [users, all] = [await query('users', ['users']), await query('all', ['users', 'orders'])]
  console.log(users.join(), '|', all.join(), '|', queries, 'queries')
}

await show()
await show()
await insert('orders', 'pen')
await show()

await cache.close()
