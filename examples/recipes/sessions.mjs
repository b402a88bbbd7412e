import { Memcache } from 'memlane'

const cache = new Memcache(process.argv[2] ?? 'localhost:11211', {
  keyPrefix: `run-${Date.now()}:`, // keys of its own for every run of this example
})
const sessions = cache.namespace('session:')
const database = new Map([['ada-1', { user: 'Ada', cart: [] }]])
const SECONDS = 1800

/** Reads a session and keeps it for another half hour, in one round trip. */
async function readSession(id) {
  const cached = await sessions.gat(id, SECONDS)
  if (cached !== undefined) return cached
  const saved = database.get(id)
  if (saved !== undefined) await sessions.add(id, saved, { ttl: SECONDS })
  return saved
}

/** Changes a session. Two requests at a time change it one after the other. */
async function changeSession(id, change) {
  const changed = await sessions.update(id, (session) => change(session ?? database.get(id)), { ttl: SECONDS })
  database.set(id, changed) // the database keeps what must not be lost
}

const put = (item) => changeSession('ada-1', (session) => ({ ...session, cart: [...session.cart, item] }))

await readSession('ada-1')
await Promise.all([put('book'), put('pen')])
console.log((await readSession('ada-1')).cart.length, 'items')

await sessions.delete('ada-1') // evicted, say
console.log((await readSession('ada-1')).user, 'is still logged in')

await cache.close()
