import express from 'express'
import { Memcache } from 'memlane'

// A cache that is down counts as a miss: the service goes on without it.
const cache = new Memcache(process.env.MEMCACHED ?? 'localhost:11211', { failures: 'miss' })
cache.on('commandError', ({ error }) => console.warn(error.message))

const app = express()
app.get('/users/:id', async (request, response) => {
  const { id } = request.params
  response.json(await cache.getOrSet(`user:${id}`, () => findUser(id), { ttl: 60 }))
})

const server = app.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`listening on ${server.address().port}`)
})

// Last requests first, then the cache: its close() waits for their commands.
process.once('SIGTERM', () => server.close(() => cache.close()))

let queries = 0
async function findUser(id) {
  return { id, query: ++queries }
}
