import Fastify from 'fastify'
import { Memcache } from 'memlane'

// A cache that is down counts as a miss: the service goes on without it.
const cache = new Memcache(process.env.MEMCACHED ?? 'localhost:11211', { failures: 'miss' })
cache.on('commandError', ({ error }) => console.warn(error.message))

const app = Fastify()
app.get('/users/:id', (request) => {
  const { id } = request.params
  return cache.getOrSet(`user:${id}`, () => findUser(id), { ttl: 60 })
})
// Runs after the last request.
app.addHook('onClose', () => cache.close())
process.once('SIGTERM', () => app.close())

await app.listen({ port: Number(process.env.PORT ?? 3000) })
console.log(`listening on ${app.server.address().port}`)

let queries = 0
async function findUser(id) {
  return { id, query: ++queries }
}
