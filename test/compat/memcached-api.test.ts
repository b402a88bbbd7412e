import { callbackify, promisify } from 'node:util'
import express, { type NextFunction, type Request, type Response } from 'express'
import { rateLimit, type Store } from 'express-rate-limit'
import session from 'express-session'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Memcached } from '../../src/compat/memcached/memcached.ts'
import { type Answer, browse, serve } from '../adapters/support/http.ts'
import { promised } from '../support/callback-call.ts'
import { collectCrashes, turns } from '../support/crashes.ts'
import { eventually } from '../support/eventually.ts'
import { type RealMemcached, startMemcached } from '../support/real-memcached.ts'
import { SHIM } from './support/classes.ts'
import { loadConsumer } from './support/consumers.ts'

type SessionStoreClass = new (options: object) => session.Store
type Call = (...args: unknown[]) => Promise<unknown>
type HitStores = { readonly MemcachedStore: new (options: object) => Store }

/** An application as it was written for memcached, connect-memcached and rate-limit-memcached. */
async function startApplication(server: RealMemcached): Promise<{ readonly url: string; readonly client: Memcached }> {
  const client = new Memcached(server.address, { timeout: 1000, retries: 1, namespace: 'api:' })
  onTestFinished(() => client.memlane.destroy())
  const SessionStore = (loadConsumer('connect-memcached', SHIM) as (host: unknown) => SessionStoreClass)(session)
  const { MemcachedStore } = loadConsumer('rate-limit-memcached', SHIM) as HitStores
  const app = express()
  app.use(rateLimit({ windowMs: 60_000, limit: 100_000, store: new MemcachedStore({ client }) }))
  app.use(session({ store: new SessionStore({ client }), secret: 'x', resave: false, saveUninitialized: false }))
  app.get('/visits', (request, response) => {
    const seen = request.session as unknown as { visits?: number }
    seen.visits = (seen.visits ?? 0) + 1
    response.send(String(seen.visits))
  })
  app.get('/cached/:key', (request, response, next) => {
    client.get(request.params.key, (error, value: string | undefined) => {
      if (error) return next(error)
      if (value !== undefined) return response.send(`cached ${value}`)
      client.set(request.params.key, 'computed', 60, (failure) => (failure ? next(failure) : response.send('computed')))
    })
  })
  app.use((error: Error, _request: Request, response: Response, _next: NextFunction) => {
    response.status(503).send(error.message)
  })
  return { url: await serve(app), client }
}

describe('an Express application on the shim', () => {
  it('answers every request while the server is killed, and works again when it is back', async () => {
    const crashes = collectCrashes()
    await using server = await startMemcached()
    const { url, client } = await startApplication(server)
    const browser = browse(url)
    expect((await browser.get('/visits')).text).toBe('1')
    expect((await browser.get('/visits')).text).toBe('2')
    expect((await browser.get('/cached/a')).text).toBe('computed')
    expect((await browser.get('/cached/a')).text).toBe('cached computed')

    const underWay = Array.from({ length: 30 }, () => browser.get('/cached/a'))
    await server.stop()
    const during = await Promise.all([...underWay, ...Array.from({ length: 30 }, () => browser.get('/visits'))])
    expect(during.every(({ status }) => status === 200 || status === 503)).toBe(true)
    const refused = await browser.get('/cached/a')
    expect(refused.status).toBe(503)
    expect(refused.text).toMatch(/^connect ECONNREFUSED |^Server at .* not available$/)

    await server.restart()
    const back = await eventually(async (): Promise<Answer> => {
      const answer = await browser.get('/visits')
      expect(answer.status).toBe(200)
      return answer
    })
    expect(back.text).toBe('1')
    expect((await browser.get('/visits')).text).toBe('2')
    expect((await browser.get('/cached/a')).text).toBe('computed')
    await turns()
    expect(client.activeQueries).toBe(0)
    expect(crashes).toEqual([])
  })

  it('answers every request while the server is frozen', async () => {
    const crashes = collectCrashes()
    await using server = await startMemcached()
    const { url } = await startApplication(server)
    const browser = browse(url)
    expect((await browser.get('/cached/a')).text).toBe('computed')
    server.freeze()
    const during = await Promise.all(Array.from({ length: 20 }, () => browser.get('/cached/a')))
    expect(during.map(({ status }) => status)).toEqual(during.map(() => 503))
    server.thaw()
    await eventually(async () => expect((await browser.get('/cached/a')).text).toBe('cached computed'))
    expect(crashes).toEqual([])
  })
})

describe('promisify and callbackify', () => {
  it('go round', async () => {
    await using server = await startMemcached()
    const client = new Memcached(server.address)
    onTestFinished(() => client.memlane.destroy())
    const [set, get, add] = ['set', 'get', 'add'].map((name) => promised(client, name)) as [Call, Call, Call]
    expect(await set('key', { a: 1 }, 60)).toBe(true)
    expect(await get('key')).toEqual({ a: 1 })
    expect(await get('miss')).toBeUndefined()
    await expect(add('key', 'x', 60)).rejects.toMatchObject({ message: 'Item is not stored', notStored: true })
    const getAgain = callbackify((key: string) => client.memlane.get(key))
    expect(await promisify(getAgain)('key')).toEqual({ a: 1 })
  })
})
