import { DurableObject } from 'cloudflare:workers'
import { Memcache } from 'memlane'
import { cloudflareDialer } from 'memlane/cloudflare'

export class Visits extends DurableObject {
  #cache

  constructor(state, env) {
    super(state, env)
    // All requests of one object share its client and its connection.
    this.#cache = new Memcache(env.MEMCACHED, { connect: cloudflareDialer, connectTimeoutMs: 2000, timeoutMs: 3000 })
  }

  async fetch() {
    return Response.json(await this.#cache.incr('visits', 1, { initial: 1, ttl: 86_400 }))
  }
}

export default {
  fetch(request, env) {
    return env.VISITS.get(env.VISITS.idFromName('all')).fetch(request)
  },
}
