import cookie from '@fastify/cookie'
import fastifyRateLimit from '@fastify/rate-limit'
import fastifySession from '@fastify/session'
import { serve as serveHono } from '@hono/node-server'
import { CACHE_MANAGER, CacheModule } from '@nestjs/cache-manager'
import { Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { Cache } from 'cache-manager'
import express from 'express'
import { rateLimit } from 'express-rate-limit'
import session from 'express-session'
import fastify from 'fastify'
import { Hono } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { rateLimiter } from 'hono-rate-limiter'
import { Keyv } from 'keyv'
import { describe, expect, it, onTestFinished } from 'vitest'
import { KeyvMemlane } from '../../src/adapters/keyv.ts'
import { fastifyRateLimitStore, RateLimitStore } from '../../src/adapters/rate-limit.ts'
import { sessionStore } from '../../src/adapters/session.ts'
import type { Memcache } from '../../src/client/memcache.ts'
import { startMemcached } from '../support/real-memcached.ts'
import { browse, serve } from './support/http.ts'
import { openCache, startCache } from './support/start.ts'

/** Requests that each application lets pass. */
const LIMIT = 3

/** Loads a page once, and counts how often. */
function openPages(cache: Memcache): () => Promise<string> {
  const keyv = new Keyv({ store: new KeyvMemlane(cache), namespace: 'pages' })
  let loads = 0
  return async () => {
    const known = await keyv.get<string>('home')
    if (known !== undefined) return known
    const page = `page ${++loads}`
    await keyv.set('home', page, 60_000)
    return page
  }
}

async function startExpress(cache: Memcache): Promise<string> {
  const page = openPages(cache)
  const app = express()
  app.use(rateLimit({ windowMs: 60_000, limit: LIMIT, store: new RateLimitStore(cache) }))
  app.use(session({ store: sessionStore(session)(cache), secret: 's', resave: false, saveUninitialized: false }))
  app.get('/', async (request, response) => {
    const visited = request.session as { visits?: number }
    visited.visits = (visited.visits ?? 0) + 1
    response.send(`${await page()}, visit ${visited.visits}`)
  })
  return serve(app)
}

async function startFastify(cache: Memcache): Promise<string> {
  const page = openPages(cache)
  const app = fastify()
  onTestFinished(() => app.close())
  await app.register(fastifyRateLimit, { max: LIMIT, timeWindow: 60_000, store: fastifyRateLimitStore(cache) })
  await app.register(cookie)
  await app.register(fastifySession, {
    store: sessionStore()(cache),
    secret: 's'.repeat(32),
    cookie: { secure: false },
  })
  app.get('/', async (request) => {
    const visited = request.session as { visits?: number }
    visited.visits = (visited.visits ?? 0) + 1
    return `${await page()}, visit ${visited.visits}`
  })
  return app.listen({ port: 0, host: '127.0.0.1' })
}

async function startHono(cache: Memcache): Promise<string> {
  const page = openPages(cache)
  const sessions = sessionStore()(cache)
  const app = new Hono()
  app.use(rateLimiter({ windowMs: 60_000, limit: LIMIT, keyGenerator: () => 'all', store: new RateLimitStore(cache) }))
  app.get('/', async (context) => {
    const id = getCookie(context, 'sid') ?? crypto.randomUUID()
    const { visits = 0 } = ((await sessions.get(id)) ?? {}) as { visits?: number }
    await sessions.set(id, { visits: visits + 1 })
    setCookie(context, 'sid', id)
    return context.text(`${await page()}, visit ${visits + 1}`)
  })
  const server = serveHono({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
  onTestFinished(() => {
    server.close()
  })
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}

describe.each([
  ['Express', startExpress],
  ['Fastify', startFastify],
  ['Hono', startHono],
])('two processes of an application of %s', (_name, startApp) => {
  it('share sessions, cached pages and a rate limit', async () => {
    await using server = await startMemcached()
    const [one, other] = await Promise.all([0, 1].map(() => startApp(openCache(server.address))))
    const browser = browse(one!)
    expect((await browser.get('/')).text).toBe('page 1, visit 1')
    expect((await browser.get('/')).text).toBe('page 1, visit 2')
    const text = await fetch(other!, { headers: { cookie: browser.cookie()! } }).then((response) => response.text())
    expect(text).toBe('page 1, visit 3')
    expect((await browser.get('/')).status).toBe(429)
  })
})

describe('NestJS', () => {
  it('caches through CacheModule', async () => {
    const { cache } = await startCache()
    const imported = CacheModule.registerAsync({
      useFactory: () => ({ stores: [new Keyv({ store: new KeyvMemlane(cache), namespace: 'nest' })], ttl: 60_000 }),
    })
    class AppModule {
      readonly name: string = 'app'
    }
    Module({ imports: [imported] })(AppModule)
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false })
    onTestFinished(() => app.close())
    const manager = app.get<Cache>(CACHE_MANAGER, { strict: false })
    await manager.set('key', { name: 'Ada' })
    expect(await manager.get('key')).toEqual({ name: 'Ada' })
    expect(await new Keyv({ store: new KeyvMemlane(cache), namespace: 'nest' }).get('key')).toEqual({ name: 'Ada' })
    await manager.clear()
    expect(await manager.get('key')).toBeUndefined()
  })
})
