import { createHash } from 'node:crypto'
import { finished } from 'node:stream/promises'
import { Agent, type Dispatcher, interceptors } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { serve } from './support/http.ts'
import { prepareRecipe } from './support/recipe.ts'
import { targets } from './support/servers.ts'

/** An origin that counts the requests which reach it. */
interface Origin {
  readonly address: string
  readonly count: () => number
}

async function startOrigin(body = 'hello', maxAge = 3600): Promise<Origin> {
  let requests = 0
  const address = await serve((request, response) => {
    requests++
    response.setHeader('cache-control', `public, max-age=${maxAge}`)
    response.setHeader('vary', 'accept-language')
    response.end(request.method === 'GET' ? `${body} ${request.headers['accept-language'] ?? ''}` : 'stored')
  })
  return { address, count: () => requests }
}

/** Requests the page of the origin, and returns its body. */
async function fetchPage(agent: Dispatcher, origin: Origin, language?: string, method = 'GET'): Promise<string> {
  const headers: Record<string, string> = language === undefined ? {} : { 'accept-language': language }
  const { body } = await agent.request({ origin: origin.address, path: '/page', method, headers })
  return body.text()
}

describe.each(targets())('the recipe for undici on $name', ({ start }) => {
  const undici = prepareRecipe<typeof import('./recipes/undici.ts')>('http-cache.md', 'undici.ts')

  function openAgent(address: string, errors: unknown[] = []): Dispatcher {
    const store = new (undici().recipe.MemlaneCacheStore)(undici().open(address), (error) => errors.push(error))
    const agent = new Agent()
    onTestFinished(() => agent.destroy())
    return agent.compose(interceptors.cache({ store }))
  }

  it('shares responses between agents, each language by itself', async () => {
    await using server = await start()
    const [first, second] = [openAgent(server.address), openAgent(server.address)]
    const origin = await startOrigin()
    for (const language of ['de', 'en', undefined]) {
      const text = `hello ${language ?? ''}`
      expect(await fetchPage(first, origin, language)).toBe(text)
      await eventually(async () => {
        const before = origin.count()
        expect(await fetchPage(second, origin, language)).toBe(text)
        expect(origin.count()).toBe(before)
      })
    }
    const before = origin.count()
    for (const language of ['de', 'en', undefined]) await fetchPage(first, origin, language)
    expect(origin.count()).toBe(before)
  })

  it('forgets a URL after a POST to it', async () => {
    await using server = await start()
    const [first, second] = [openAgent(server.address), openAgent(server.address)]
    const origin = await startOrigin()
    await eventually(async () => {
      const before = origin.count()
      await fetchPage(first, origin, 'de')
      expect(origin.count()).toBe(before)
    })
    await fetchPage(second, origin, undefined, 'POST')
    await eventually(async () => {
      const before = origin.count()
      await fetchPage(second, origin, 'de')
      expect(origin.count()).toBe(before + 1)
    })
  })

  it('fetches where memcached is gone, and reports it', async () => {
    await using server = await start()
    const errors: unknown[] = []
    const agent = openAgent(server.address, errors)
    const origin = await startOrigin()
    await server[Symbol.asyncDispose]()
    for (const method of ['GET', 'GET', 'POST']) await fetchPage(agent, origin, 'de', method)
    expect(origin.count()).toBe(3)
    await eventually(async () => expect(errors.length).toBeGreaterThan(3))
  })

  it('keeps no response that is too large, and gives it all the same', async () => {
    await using server = await start()
    const errors: unknown[] = []
    const agent = openAgent(server.address, errors)
    const origin = await startOrigin('x'.repeat(1_100_000))
    for (let count = 1; count < 4; count++) {
      expect(await fetchPage(agent, origin, 'de')).toHaveLength(1_100_003)
      expect(origin.count()).toBe(count)
    }
    expect(errors).toEqual([])
  })

  it('keeps a URL as long as its last variant', async () => {
    await using server = await start()
    const client = undici().open(server.address)
    const { MemlaneCacheStore } = undici().recipe
    const store = new MemlaneCacheStore(client)
    const key = { origin: 'https://example.com', method: 'GET', path: '/' }
    const item = `http:${createHash('sha256').update('GET https://example.com/').digest('base64url')}`
    const keep = async (language: string, seconds: number): Promise<number | undefined> => {
      const now = Date.now()
      const [staleAt, vary] = [now + seconds * 1000, { 'accept-language': language }]
      const value = {
        statusCode: 200,
        statusMessage: 'OK',
        headers: {},
        vary,
        cachedAt: now,
        staleAt,
        deleteAt: staleAt,
      }
      await finished(store.createWriteStream({ ...key, headers: vary }, value).end('text'))
      return (await client.inspect(item))?.ttl
    }
    expect(await keep('de', 3600)).toBeGreaterThan(3000)
    expect(await keep('en', 600)).toBeGreaterThan(3000)
    expect(await keep('fr', 366 * 86_400)).toBeLessThan(31 * 86_400)
    for (const language of ['de', 'en', 'fr'])
      expect(await store.get({ ...key, headers: { 'accept-language': language } })).toBeDefined()
    expect(await store.get({ ...key, headers: { 'accept-language': 'es' } })).toBeUndefined()
  })

  it('stores variants at a time without losing one', async () => {
    await using server = await start()
    const origin = await startOrigin('x'.repeat(30_000))
    const languages = Array.from({ length: 6 }, (_none, index) => `l${index}`)
    const agents = languages.map(() => openAgent(server.address))
    await Promise.all(agents.map((agent, index) => fetchPage(agent, origin, languages[index])))
    await eventually(async () => {
      const before = origin.count()
      for (const language of languages) await fetchPage(agents[0]!, origin, language)
      expect(origin.count()).toBe(before)
    })
  })
})
