import { EventEmitter } from 'node:events'
import cookie from '@fastify/cookie'
import fastifySession from '@fastify/session'
import express from 'express'
import session from 'express-session'
import fastify from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type SessionStoreOptions, sessionStore } from '../../src/adapters/session.ts'
import { isAbsorbable } from '../../src/client/dispatcher.ts'
import type { Memcache } from '../../src/client/memcache.ts'
import { SerdeError } from '../../src/errors.ts'
import { eventually, rejection } from '../support/eventually.ts'
import { startMemcached } from '../support/real-memcached.ts'
import { deadAddress } from './support/dead-server.ts'
import { browse, serve } from './support/http.ts'
import { targets } from './support/servers.ts'
import { openCache, startCache } from './support/start.ts'

declare module 'express-session' {
  interface SessionData {
    views: number
    name: string
  }
}

declare module 'fastify' {
  interface Session {
    views?: number
  }
}

/** A session whose cookie ends in so many milliseconds. */
function sessionFor(milliseconds: number, more: object = {}): object {
  return { cookie: { originalMaxAge: milliseconds, expires: new Date(Date.now() + milliseconds) }, ...more }
}

/** Seconds that a session stays in the cache. */
async function ttlOf(cache: Memcache, id: string): Promise<number | undefined> {
  return (await cache.inspect(`sess:${id}`))?.ttl
}

describe.each(targets())('a session store on $name', ({ start }) => {
  it('stores, reads, touches and removes sessions, by promises and by callbacks', async () => {
    await using server = await start()
    const cache = openCache(server.address)
    const store = sessionStore()(cache)
    expect(await store.get('a')).toBeNull()
    await store.set('a', sessionFor(60_000, { name: 'Ada' }))
    expect(await store.get('a')).toMatchObject({ name: 'Ada', cookie: { originalMaxAge: 60_000 } })
    expect(await ttlOf(cache, 'a')).toBe(60)
    await store.touch('a', sessionFor(90_000))
    expect(await ttlOf(cache, 'a')).toBe(90)
    const read = await new Promise((resolve) => store.get('a', (error, found) => resolve([error, found])))
    expect(read).toMatchObject([null, { name: 'Ada' }])
    await new Promise<void>((resolve) => store.destroy('a', () => resolve()))
    expect(await store.get('a')).toBeNull()
    await store.destroy('a')
  })

  it('keeps each session under a plain prefix: no lost item logs all users out', async () => {
    await using server = await start()
    const cache = openCache(server.address)
    await sessionStore()(cache).set('a', sessionFor(60_000, { name: 'Ada' }))
    expect(JSON.parse((await cache.get<string>('sess:a'))!)).toMatchObject({ name: 'Ada' })
    expect(await cache.get('sess:generation')).toBeUndefined()
  })

  it('clears with one command where that is asked for', async () => {
    await using server = await start()
    const store = sessionStore()(openCache(server.address), { clearable: true })
    await store.set('a', sessionFor(60_000))
    await store.clear()
    expect(await store.get('a')).toBeNull()
    await store.set('a', sessionFor(60_000, { name: 'new' }))
    expect(await store.get('a')).toMatchObject({ name: 'new' })
  })
})

describe('a session store', () => {
  it('never stores for ever what is to end soon', async () => {
    const { cache } = await startCache()
    const store = sessionStore()(cache)
    await store.set('short', sessionFor(300))
    await store.set('fraction', sessionFor(1500))
    expect([await ttlOf(cache, 'short'), await ttlOf(cache, 'fraction')]).toEqual([1, 2])
  })

  it('removes a session whose cookie has ended, on set and on touch', async () => {
    const { cache } = await startCache()
    const store = sessionStore()(cache)
    await store.set('a', sessionFor(60_000))
    await store.set('a', sessionFor(-1))
    expect(await store.get('a')).toBeNull()
    await store.set('a', sessionFor(60_000))
    await store.touch('a', sessionFor(-1))
    expect(await store.get('a')).toBeNull()
  })

  it.each<[SessionStoreOptions['ttl'] | undefined, number]>([
    [undefined, 86_400],
    [7, 7],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    [() => 1.5, 2],
    [() => Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ])('keeps sessions of the browser by the option ttl: %s', async (ttl, kept) => {
    const { cache } = await startCache()
    const store = sessionStore()(cache, ttl === undefined ? {} : { ttl })
    await store.set('a', { cookie: { originalMaxAge: null, expires: null } })
    await store.set('b', { cookie: { expires: false } })
    expect([await ttlOf(cache, 'a'), await ttlOf(cache, 'b')]).toEqual([kept, kept])
  })

  it('lets a function say the ttl of every session, and removes those that it gives none', async () => {
    const { cache } = await startCache()
    const store = sessionStore()(cache, { ttl: () => 5 })
    await store.set('a', sessionFor(60_000))
    expect(await ttlOf(cache, 'a')).toBe(5)
    await sessionStore()(cache, { ttl: () => 0 }).touch('a', sessionFor(60_000))
    expect(await store.get('a')).toBeNull()
  })

  it('leaves the time alone with disableTouch', async () => {
    const { cache } = await startCache()
    const store = sessionStore()(cache, { disableTouch: true })
    await store.set('a', sessionFor(60_000))
    await store.touch('a', sessionFor(90_000))
    expect(await ttlOf(cache, 'a')).toBe(60)
  })

  it('takes a serializer, and tells the item of another from a session', async () => {
    const { cache } = await startCache()
    const serializer = {
      stringify: (value: object) => `v1:${JSON.stringify(value)}`,
      parse: (text: string) => JSON.parse(text.slice(3)) as unknown,
    }
    const store = sessionStore()(cache, { serializer })
    await store.set('a', sessionFor(60_000, { name: 'Ada' }))
    expect(await store.get('a')).toMatchObject({ name: 'Ada' })
    const error = await rejection(sessionStore()(cache).get('a'))
    expect(error).toBeInstanceOf(SerdeError)
    // The engine's own message would quote the session.
    expect((error as SerdeError).cause).toBeUndefined()
  })

  it('goes through the serde and the compression of the client', async () => {
    const { cache } = await startCache({ compression: { minBytes: 100 } })
    const store = sessionStore()(cache)
    await store.set('a', sessionFor(60_000, { name: 'x'.repeat(10_000) }))
    expect((await cache.inspect('sess:a'))!.size).toBeLessThan(1000)
    expect(await store.get('a')).toMatchObject({ name: 'x'.repeat(10_000) })
  })

  it('takes ids that memcached does not', async () => {
    const { cache } = await startCache()
    const store = sessionStore()(cache)
    for (const id of ['x'.repeat(300), 'a b', 'a\r\nflush_all', 'ä'.repeat(100)]) {
      await store.set(id, sessionFor(60_000, { name: id }))
      expect(await store.get(id)).toMatchObject({ name: id })
    }
  })

  it('rejects a session that is too large, and says so', async () => {
    const { cache } = await startCache({ maxItemBytes: 1000 })
    const store = sessionStore()(cache)
    await expect(store.set('a', sessionFor(60_000, { name: 'x'.repeat(2000) }))).rejects.toMatchObject({
      code: 'MEMLANE_VALUE_TOO_LARGE',
    })
  })

  it('calls back once, though the callback throws', async () => {
    const { cache } = await startCache()
    const store = sessionStore()(cache)
    const thrown = new Promise((resolve) => {
      const [original] = process.listeners('uncaughtException')
      process.removeAllListeners('uncaughtException')
      process.once('uncaughtException', (error) => {
        if (original !== undefined) process.on('uncaughtException', original)
        resolve(error)
      })
    })
    let calls = 0
    store.get('a', () => {
      calls++
      throw new Error('of the callback')
    })
    expect(await thrown).toMatchObject({ message: 'of the callback' })
    expect(calls).toBe(1)
  })

  it('does not close a Memcache that it was given, and closes one that it has made', async () => {
    const { server, cache } = await startCache()
    await sessionStore()(cache).close()
    expect(await cache.set('key', 1)).toBe(true)
    const own = sessionStore()(server.address)
    await own.set('a', sessionFor(60_000))
    await own.close()
    await expect(own.get('a')).rejects.toMatchObject({ code: 'MEMLANE_CLOSED' })
  })

  it('refuses what cannot be', async () => {
    const { cache } = await startCache()
    const make = (options: object) => () => sessionStore()(cache, options)
    expect(make({ ttl: 0 })).toThrow(/option ttl must be a number of seconds above 0/)
    expect(make({ ttl: Number.NaN })).toThrow(/option ttl/)
    expect(make({ serializer: {} })).toThrow(/stringify and parse/)
    expect(make({ clearable: 1 })).toThrow(/clearable must be true or false/)
    expect(make({ client: {} })).toThrow(/leave out the option client/)
    expect(make({ scanCount: 1 })).toThrow(/no option "scanCount"; it has prefix/)
    expect(() => sessionStore({ Store: Map } as never)).toThrow(/express-session itself/)
    expect(() => sessionStore(session.Store as never)).toThrow(/express-session itself/)
    await expect(sessionStore()(cache).clear()).rejects.toThrow(/clearable: true/)
    await expect(sessionStore()(cache).set('a', { cookie: { expires: 'never' } })).rejects.toThrow(
      /number of milliseconds/,
    )
  })

  it.each(['throw', 'miss'] as const)(
    'fails where the cache fails, with failures: %s of the client',
    async (failures) => {
      const address = await deadAddress()
      const cache = openCache(address, { failures, timeoutMs: 5000, connectTimeoutMs: 5000 })
      for (const clearable of [false, true]) {
        const store = sessionStore()(cache, { clearable })
        const calls = [
          store.get('a'),
          store.set('a', sessionFor(60_000)),
          store.touch('a', sessionFor(60_000)),
          store.destroy('a'),
        ]
        for (const call of calls) expect(isAbsorbable(await rejection(call))).toBe(true)
      }
    },
  )

  it('loses no session of the other servers while one of three is frozen, and none of its own when it is back', async () => {
    const servers = await Promise.all([startMemcached(), startMemcached(), startMemcached()])
    onTestFinished(async () => {
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))
    })
    const addresses = servers.map(({ address }) => address)
    const cache = openCache(addresses, { timeoutMs: 500, cluster: { failover: 'none' } })
    const store = sessionStore()(cache)
    const ids = Array.from({ length: 60 }, (_, at) => `user-${at}`)
    const countAll = async (): Promise<number> => {
      const found = await Promise.allSettled(ids.map((id) => store.get(id)))
      return found.filter((outcome) => outcome.status === 'fulfilled' && outcome.value !== null).length
    }
    await eventually(() => Promise.all(ids.map((id) => store.set(id, sessionFor(3_600_000)))))
    for (const { pid, address } of servers) {
      const own = ids.filter((id) => cache.serverFor(`sess:${id}`)?.name === address)
      const others = ids.filter((id) => !own.includes(id))
      process.kill(pid, 'SIGSTOP')
      try {
        const read = async (id: string): Promise<unknown> => eventually(() => store.get(id))
        expect(await Promise.all(others.map(read))).not.toContain(null)
        // No failure looks like a session that is not there.
        await Promise.all(own.map((id) => rejection(Promise.resolve(store.get(id)))))
      } finally {
        process.kill(pid, 'SIGCONT')
      }
      await eventually(async () => expect(await countAll()).toBe(ids.length))
    }
  })

  it('counts with the calls of its client', async () => {
    const { cache } = await startCache()
    await sessionStore()(cache).get('a')
    expect(cache.metrics().calls['get']).toMatchObject({ calls: 1, misses: 1 })
  })
})

async function startExpress(
  cache: Memcache,
  options: session.SessionOptions['cookie'] = {},
  store: SessionStoreOptions = {},
) {
  const app = express()
  app.use(
    session({
      store: sessionStore(session)(cache, store),
      secret: 'secret',
      resave: false,
      saveUninitialized: false,
      rolling: true,
      cookie: options,
    }),
  )
  app.get('/', (request, response) => {
    request.session.views = (request.session.views ?? 0) + 1
    response.send(String(request.session.views))
  })
  app.get('/look', (request, response) => {
    response.send(String(request.session.views ?? 'none'))
  })
  app.get('/regenerate', (request, response, next) => {
    request.session.regenerate((error) => (error ? next(error) : response.send('new')))
  })
  app.get('/logout', (request, response, next) => {
    request.session.destroy((error) => (error ? next(error) : response.send('bye')))
  })
  // The last handler: what express would print.
  app.use((error: Error, _request: express.Request, response: express.Response, _next: express.NextFunction) => {
    response.status(503).send(error.name)
  })
  return serve(app)
}

describe('express-session', () => {
  it('extends the class of the host', async () => {
    const { cache } = await startCache()
    const store = sessionStore(session)(cache)
    expect(store).toBeInstanceOf(session.Store)
    expect(store).toBeInstanceOf(EventEmitter)
    const fits: session.Store = store
    expect(typeof fits.regenerate).toBe('function')
  })

  it('keeps a session from request to request, and for each browser', async () => {
    const { cache } = await startCache()
    const address = await startExpress(cache)
    const [ada, eve] = [browse(address), browse(address)]
    expect([(await ada.get('/')).text, (await ada.get('/')).text, (await eve.get('/')).text]).toEqual(['1', '2', '1'])
    expect((await ada.get('/logout')).text).toBe('bye')
    expect((await ada.get('/look')).text).toBe('none')
    expect((await eve.get('/look')).text).toBe('1')
  })

  it('has a new id after regenerate, and the old one is gone', async () => {
    const { cache } = await startCache()
    const browser = browse(await startExpress(cache))
    await browser.get('/')
    const old = browser.cookie()
    expect((await browser.get('/regenerate')).text).toBe('new')
    expect((await browser.get('/look')).text).toBe('none')
    expect(old).toBeDefined()
  })

  it('touches what a request leaves unchanged: the session outlives its first maxAge, without being sent again', async () => {
    const { cache } = await startCache()
    const browser = browse(await startExpress(cache, { maxAge: 60_000 }))
    await browser.get('/')
    const id = decodeURIComponent(browser.cookie()!.split('=')[1]!).slice(2).split('.')[0]!
    await cache.touch(`sess:${id}`, 5)
    cache.resetMetrics()
    for (let request = 0; request < 3; request++) expect((await browser.get('/look')).text).toBe('1')
    expect(await ttlOf(cache, id)).toBe(60)
    expect(cache.metrics().calls['touch']).toMatchObject({ calls: 3 })
    expect(cache.metrics().calls['set']).toBeUndefined()
  })

  it('answers with an error while memcached hangs, and works on when it is back', async () => {
    await using server = await startMemcached()
    const cache = openCache(server.address, { timeoutMs: 300 })
    const browser = browse(await startExpress(cache))
    expect((await browser.get('/')).text).toBe('1')
    server.freeze()
    const answer = await browser.get('/')
    expect([answer.status, answer.text]).toEqual([503, 'TimeoutError'])
    server.thaw()
    await expect.poll(async () => (await browser.get('/look')).text, { timeout: 20_000 }).toBe('1')
  })

  it('logs all users out by clear, with one command', async () => {
    const { cache } = await startCache()
    const store = sessionStore(session)(cache, { clearable: true })
    const browser = browse(await startExpress(cache, {}, { clearable: true }))
    await browser.get('/')
    await store.clear()
    await expect.poll(async () => (await browser.get('/look')).text, { timeout: 20_000 }).toBe('none')
  })
})

describe('@fastify/session', () => {
  it('keeps a session from request to request', async () => {
    const { cache } = await startCache()
    const app = fastify()
    onTestFinished(() => app.close())
    await app.register(cookie)
    const store = sessionStore()(cache)
    await app.register(fastifySession, { store, secret: 's'.repeat(32), cookie: { secure: false, maxAge: 60_000 } })
    app.get('/', async (request) => {
      request.session.views = (request.session.views ?? 0) + 1
      return String(request.session.views)
    })
    app.get('/logout', async (request) => {
      await request.session.destroy()
      return 'bye'
    })
    const browser = browse(await app.listen({ port: 0, host: '127.0.0.1' }))
    expect([(await browser.get('/')).text, (await browser.get('/')).text]).toEqual(['1', '2'])
    await browser.get('/logout')
    expect((await browser.get('/')).text).toBe('1')
  })
})
