import { Memcache } from 'memlane'
import { cloudflareDialer } from 'memlane/cloudflare'

export default {
  async fetch(request, env, context) {
    // A client for each request: the runtime lets no request use a socket of another one.
    const cache = new Memcache(env.MEMCACHED, { connect: cloudflareDialer, connectTimeoutMs: 2000, timeoutMs: 3000 })
    try {
      const { pathname } = new URL(request.url)
      const page = await cache.getOrSet(`page:${pathname}`, () => render(pathname), { ttl: 60 })
      return new Response(page, { headers: { 'content-type': 'text/html' } })
    } finally {
      // The response does not wait for the connection to close.
      context.waitUntil(cache.close())
    }
  },
}

async function render(pathname) {
  return `<h1>${pathname}</h1>`
}
