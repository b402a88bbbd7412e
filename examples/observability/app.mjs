// A service that caches users: node app.mjs [address of memcached] [port]. GET /metrics is for Prometheus.
// oxlint-disable-next-line import/no-unassigned-import -- it registers the tracer before anything else is loaded
import './tracing.mjs'
import { createServer } from 'node:http'
import { SpanStatusCode, trace } from '@opentelemetry/api'
import { Memcache } from 'memlane'
import { PROMETHEUS_CONTENT_TYPE, toPrometheus } from 'memlane/prometheus'

const [address = 'localhost:11211', port = '0'] = process.argv.slice(2)
// More time than the default: an example may run on a busy machine.
const cache = new Memcache(address, { timeoutMs: 10_000, connectTimeoutMs: 10_000 })
const users = cache.namespace('user:', { ttl: 300 })
const tracer = trace.getTracer('users')

/** Stands for the database. */
const findUser = async (id) => ({ id, name: `User ${id}` })

/** What each request is answered with. */
const routes = {
  'GET /users/': (id) => users.getOrSet(id, () => findUser(id)),
  'PUT /users/': async (id) => users.set(id, await findUser(id)),
  'DELETE /users/': (id) => users.delete(id),
  'GET /cached/': async (ids) => Object.fromEntries(await users.getMany(ids.split(','))),
}

async function answer({ method, url }, response) {
  if (url === '/metrics') {
    return response.setHeader('Content-Type', PROMETHEUS_CONTENT_TYPE).end(toPrometheus(cache.metrics()))
  }
  if (url === '/metrics.json') return response.end(JSON.stringify(cache.metrics()))
  const [, path, parameter] = /^(\/\w+\/)(.+)$/.exec(url) ?? []
  const route = `${method} ${path}`
  if (!Object.hasOwn(routes, route)) return response.writeHead(404).end()
  await tracer.startActiveSpan(route, async (span) => {
    try {
      response.end(JSON.stringify(await routes[route](parameter)))
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR })
      response.writeHead(503).end(error.code)
    } finally {
      span.end()
    }
  })
}

const server = createServer((request, response) => void answer(request, response))
server.listen(Number(port), () => console.log(`listening on http://localhost:${server.address().port}`))

process.once('SIGTERM', () => {
  server.close()
  void cache.close()
})
