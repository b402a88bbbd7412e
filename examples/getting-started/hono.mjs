import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { Memcache } from 'memlane'

// A cache that is down counts as a miss: the service goes on without it.
const cache = new Memcache(process.env.MEMCACHED ?? 'localhost:11211', { failures: 'miss' })
cache.on('commandError', ({ error }) => console.warn(error.message))

const app = new Hono()
app.get('/users/:id', async (context) => {
  const id = context.req.param('id')
  return context.json(await cache.getOrSet(`user:${id}`, () => findUser(id), { ttl: 60 }))
})

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) }, ({ port }) => {
  console.log(`listening on ${port}`)
})

// Last requests first, then the cache: its close() waits for their commands.
process.once('SIGTERM', () => server.close(() => cache.close()))

let queries = 0
async function findUser(id) {
  return { id, query: ++queries }
}
