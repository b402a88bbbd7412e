import { serialize } from 'node:v8'
import { describe, expect, it, onTestFinished } from 'vitest'
import { cacheHandler, type NextCacheHandler, type NextOptions } from '../../../src/adapters/next.ts'
import type { NextCacheEntry } from '../../../src/adapters/next-entry.ts'
import { incrementalCacheHandler, type NextContext } from '../../../src/adapters/next-incremental.ts'
import { Memcache } from '../../../src/client/memcache.ts'
import { raw } from '../../../src/serde/raw.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { eventually } from '../../support/eventually.ts'
import { freePort } from '../../support/free-port.ts'
import { patient } from '../../support/memcache-options.ts'

/** Starts a server, and handlers of two instances of an application. */
async function start(options: NextOptions = {}) {
  const server = await MemcachedServer.start()
  const caches = [new Memcache(server.address, patient), new Memcache(server.address, patient)] as const
  onTestFinished(async () => {
    for (const cache of caches) cache.destroy()
    await server.close()
  })
  const [a, b] = [cacheHandler(caches[0], options), cacheHandler(caches[1], options)]
  return { server, cache: caches[0], other: caches[1], a, b }
}

/** Options of a client of a server that is out. */
const HURRIED: NextOptions = { client: { timeoutMs: 300, connectTimeoutMs: 300 } }

async function deadServer(): Promise<string> {
  return `127.0.0.1:${await freePort()}`
}

function now(): number {
  return performance.timeOrigin + performance.now()
}

/** Makes the stream of an entry: some pieces, then perhaps a failure. */
function streamOf(pieces: readonly string[], failure?: Error): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => {
      for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece))
      if (failure === undefined) controller.close()
      else controller.error(failure)
    },
  })
}

function entryOf(text: string, fields: Partial<NextCacheEntry> = {}): NextCacheEntry {
  return {
    value: streamOf([text.slice(0, 2), text.slice(2)]),
    tags: [],
    stale: 30,
    timestamp: now(),
    expire: 3600,
    revalidate: 60,
    ...fields,
  }
}

async function textOf(entry: NextCacheEntry | undefined): Promise<string | undefined> {
  return entry && new Response(entry.value).text()
}

/** An entry that is being made. */
class Making {
  end: (entry: NextCacheEntry) => void = () => undefined
  readonly entry: Promise<NextCacheEntry> = new Promise((resolve) => {
    this.end = resolve
  })
}

function throwing(): never {
  throw new Error('of the caller')
}

/** Makes a handler with options that types do not allow. */
function bad(options: object): () => unknown {
  return () => cacheHandler('localhost', options)
}

/** As `start`, with handlers of pages. */
async function startIncremental(options: NextOptions = {}) {
  const started = await start(options)
  const [A, B] = [incrementalCacheHandler(started.cache, options), incrementalCacheHandler(started.other, options)]
  return { ...started, a: new A(), b: new B() }
}

const read = async (handler: NextCacheHandler, key = 'key', soft: string[] = []): Promise<string | undefined> =>
  textOf(await handler.get(key, soft))

describe('cacheHandler', () => {
  it('keeps an entry with all its fields, for all instances', async () => {
    const { a, b } = await start()
    const { value: _, ...head } = entryOf('', { tags: ['a', 'ü, "b"'], expire: Number.MAX_SAFE_INTEGER })
    await a.set('key', Promise.resolve({ ...head, value: streamOf(['hel', 'lo']) }))
    const found = await b.get('key', [])
    expect(found).toMatchObject(head)
    expect(await textOf(found)).toBe('hello')
    // A new stream each time.
    expect(await read(b)).toBe('hello')
    expect(await read(b, 'other')).toBeUndefined()
  })

  it('takes empty entries, and keys of any length and form', async () => {
    const { a, b } = await start()
    const keys = [`["build","id",[${'"x",'.repeat(500)}1]]`, 'a b\n', '']
    for (const key of keys) await a.set(key, Promise.resolve(entryOf('', { value: streamOf([]) })))
    for (const key of keys) expect(await read(b, key)).toBe('')
  })

  it('has an end for every entry, and stores none that has passed', async () => {
    const { a, cache } = await start()
    const ttl = async (expire: number): Promise<number | undefined> => {
      await a.set('key', Promise.resolve(entryOf('text', { expire })))
      return (await cache.inspect('next:use:key'))?.ttl
    }
    expect(await ttl(0)).toBeUndefined()
    expect(await ttl(1)).toBe(2)
    expect(await ttl(Number.POSITIVE_INFINITY)).toBeGreaterThan(29 * 86_400)
    expect(await ttl(0xfffffffe)).toBeLessThanOrEqual(30 * 86_400 + 2)
  })

  it('lets a read wait for the store of that key', async () => {
    const { a } = await start()
    const making = new Making()
    const storing = a.set('key', making.entry)
    const reading = read(a)
    making.end(entryOf('later'))
    expect(await reading).toBe('later')
    await storing
  })

  it('stores nothing of an entry that fails, and reports it', async () => {
    const errors: unknown[] = []
    const { a } = await start({ onError: (error) => errors.push(error) })
    const [early, late] = [new Error('early'), new Error('late')]
    await a.set('key', Promise.reject(early))
    await a.set('key', Promise.resolve(entryOf('', { value: streamOf(['half'], late) })))
    expect(errors).toEqual([early, late])
    expect(await read(a)).toBeUndefined()
  })

  it('stores nothing larger than memcached takes, and reports it', async () => {
    const errors: unknown[] = []
    const { a } = await start({ onError: (error) => errors.push(error) })
    await a.set('key', Promise.resolve(entryOf('x'.repeat(2_000_000))))
    expect(errors).toMatchObject([{ code: 'MEMLANE_VALUE_TOO_LARGE' }])
    expect(await read(a)).toBeUndefined()
  })

  describe('tags', () => {
    it('of an entry expire it in all instances at once', async () => {
      const { a, b } = await start()
      await a.set('key', Promise.resolve(entryOf('text', { tags: ['posts', 'users'] })))
      await a.set('other', Promise.resolve(entryOf('text', { tags: ['users'] })))
      await a.updateTags(['posts'])
      expect(await read(b)).toBeUndefined()
      expect(await read(b, 'other')).toBe('text')
      await b.set('key', Promise.resolve(entryOf('new', { tags: ['posts'], timestamp: now() + 1 })))
      expect(await read(a)).toBe('new')
    })

    it('with a duration make it stale, and expire it when the time is over', async () => {
      const { a, b } = await start()
      await a.set('key', Promise.resolve(entryOf('text', { tags: ['posts'] })))
      await a.updateTags(['posts'], { expire: 3600 })
      expect(await b.get('key', [])).toMatchObject({ revalidate: -1 })
      await a.updateTags(['posts'], { expire: 0 })
      expect(await b.get('key', [])).toBeUndefined()
    })

    it('that were stale do not expire what was made afterwards', async () => {
      const { a, b } = await start()
      await a.set('key', Promise.resolve(entryOf('old', { tags: ['posts'] })))
      await a.updateTags(['posts'], { expire: 0 })
      await a.set('key', Promise.resolve(entryOf('new', { tags: ['posts'], timestamp: now() + 1 })))
      expect(await b.get('key', [])).toMatchObject({ revalidate: 60 })
    })

    it('that expired stay expired when they are stale later', async () => {
      const { a, b } = await start()
      await a.set('key', Promise.resolve(entryOf('old', { tags: ['posts'] })))
      await a.updateTags(['posts'])
      await a.updateTags(['posts'], { expire: 31_536_000 })
      expect(await read(b)).toBeUndefined()
    })

    it('that are gone stay gone, whatever is asked for later', async () => {
      const { a, b } = await start()
      await a.set('key', Promise.resolve(entryOf('old', { tags: ['posts', 'users'] })))
      await a.updateTags(['posts'], { expire: 0 })
      expect(await read(b)).toBeUndefined()
      await a.updateTags(['posts'], { expire: 31_536_000 })
      await a.updateTags(['posts'], {})
      expect(await read(b)).toBeUndefined()
    })

    it('that are revalidated by many instances at a time are all heard', async () => {
      const { a, b } = await start()
      await a.set('key', Promise.resolve(entryOf('old', { tags: ['posts'] })))
      const durations = [undefined, { expire: 3600 }, {}]
      await Promise.all(Array.from({ length: 60 }, (_, at) => [a, b][at % 2]!.updateTags(['posts'], durations[at % 3])))
      expect(await read(a)).toBeUndefined()
    })

    it('that expire while an entry is made keep it from being stored', async () => {
      const { a, b } = await start()
      await a.set('first', Promise.resolve(entryOf('first', { tags: ['posts'] })))
      const making = new Making()
      const storing = a.set('key', making.entry)
      const made = entryOf('old', { tags: ['posts'] })
      await b.updateTags(['posts'])
      making.end(made)
      await storing
      expect(await read(a)).toBeUndefined()
    })

    it('that were evicted expire what has them', async () => {
      const { a, b, cache } = await start()
      await a.set('key', Promise.resolve(entryOf('old', { tags: ['posts'] })))
      expect(await cache.delete('next:tag:posts')).toBe(true)
      expect(await read(b)).toBeUndefined()
      // Another entry makes the tag anew: the first one stays expired.
      await b.set('second', Promise.resolve(entryOf('new', { tags: ['posts'], timestamp: now() + 1 })))
      expect(await read(a, 'second')).toBe('new')
      expect(await read(a)).toBeUndefined()
    })

    it('that were evicted and are stale then expire what has them', async () => {
      const { a, b, cache } = await start()
      await a.set('key', Promise.resolve(entryOf('old', { tags: ['posts'] })))
      await cache.delete('next:tag:posts')
      await a.updateTags(['posts'], { expire: 31_536_000 })
      expect(await read(b)).toBeUndefined()
    })

    it('of paths count when they were revalidated, and not before', async () => {
      const { a, b } = await start()
      await a.set('key', Promise.resolve(entryOf('text')))
      expect(await read(b, 'key', ['_N_T_/', '_N_T_/page'])).toBe('text')
      await b.updateTags(['_N_T_/page'])
      expect(await read(a, 'key', ['_N_T_/', '_N_T_/page'])).toBeUndefined()
      expect(await read(a, 'key', ['_N_T_/'])).toBe('text')
      expect(await a.getExpiration(['_N_T_/'])).toBe(Number.POSITIVE_INFINITY)
      await a.refreshTags()
    })

    it('are read in one round trip for an entry', async () => {
      const { a, cache } = await start()
      await a.set('key', Promise.resolve(entryOf('text', { tags: ['a', 'b', 'c'] })))
      cache.resetMetrics()
      await a.get('key', ['d', 'e'])
      expect(cache.metrics().writes).toMatchObject({ written: 2 })
    })

    it('that are not ours are tags that are not there', async () => {
      const { a, b, cache } = await start()
      await a.set('key', Promise.resolve(entryOf('text', { tags: ['posts'] })))
      await cache.set('next:tag:posts', 'something else')
      expect(await read(b)).toBeUndefined()
      await cache.set('next:use:key', 'no entry')
      expect(await read(b)).toBeUndefined()
    })
  })

  it('makes pages anew while memcached is out, and reports a revalidation that was lost', async () => {
    const errors: unknown[] = []
    const handler = cacheHandler(await deadServer(), { ...HURRIED, onError: (error) => errors.push(error) })
    expect(await handler.get('key', ['soft'])).toBeUndefined()
    await handler.set('key', Promise.resolve(entryOf('text', { tags: ['a'] })))
    expect(errors).toHaveLength(2)
    await expect(handler.updateTags(['a'])).rejects.toMatchObject({ delivery: 'not-sent' })
  })

  it('does not take tags that it cannot read for tags without news, wherever the entry is', async () => {
    const servers = [await MemcachedServer.start(), await MemcachedServer.start()]
    const cache = new Memcache(
      servers.map(({ address }) => address),
      { timeoutMs: 5000, connectTimeoutMs: 5000 },
    )
    onTestFinished(async () => {
      cache.destroy()
      await Promise.all(servers.map((server) => server.close()))
    })
    const serverOf = (key: string): string | undefined => cache.serverFor(key)?.name
    const names = Array.from({ length: 100 }, (_, at) => `k${at}`)
    const tag = names.find((name) => serverOf(`next:tag:${name}`) === servers[0]!.address)!
    const key = names.find((name) => serverOf(`next:use:${name}`) === servers[1]!.address)!
    const handler = cacheHandler(cache)
    await handler.set(key, Promise.resolve(entryOf('text')))
    await handler.updateTags([tag])
    expect(await read(handler, key, [tag])).toBeUndefined()
    await servers[0]!.close()
    for (let round = 0; round < 3; round++) expect(await read(handler, key, [tag])).toBeUndefined()
    await expect(handler.updateTags([tag])).rejects.toThrow()
    expect(await read(handler, key)).toBe('text')
  })

  it('goes on where onError throws', async () => {
    const handler = cacheHandler(await deadServer(), { ...HURRIED, onError: throwing })
    expect(await handler.get('key', [])).toBeUndefined()
  })

  it('refuses options that it cannot use', () => {
    expect(bad({ prefix: '' })).toThrow(/prefix/)
    expect(bad({ onError: 'log' })).toThrow(/onError/)
    expect(bad({ ttl: 5 })).toThrow(/ttl/)
  })
})

describe('incrementalCacheHandler', () => {
  const PAGE: NextContext = { kind: 'APP_PAGE' }
  const FETCH: NextContext = { kind: 'FETCH', tags: ['posts'], softTags: ['_N_T_/page'], revalidate: 60 }

  const page = {
    kind: 'APP_PAGE',
    html: '<h1>Hello</h1>',
    rscData: Buffer.from([0, 255, 1]),
    segmentData: new Map([['/_tree', Buffer.from('tree')]]),
    headers: { 'x-next-cache-tags': '_N_T_/layout,_N_T_/page,posts' },
    status: 200,
  }

  it('keeps pages with their bytes, maps and lifetime', async () => {
    const { a, b } = await startIncremental()
    const cacheControl = { revalidate: 60, expire: 3600 }
    await a.set('/page', page, { cacheControl })
    const found = await b.get('/page', PAGE)
    expect(found).toMatchObject({ value: page, cacheControl })
    expect(found!.lastModified).toBeLessThanOrEqual(now())
    expect(await b.get('/other', PAGE)).toBeNull()
    a.resetRequestCache()
  })

  it('takes items that are not entries for misses, and reports those that nothing can be read from', async () => {
    const errors: unknown[] = []
    const { a, cache } = await startIncremental({ onError: (error) => errors.push(error) })
    await cache.set('next:page::/page', serialize('text'), { serde: raw })
    expect(await a.get('/page', PAGE)).toBeNull()
    expect(errors).toEqual([])
    await cache.set('next:page::/page', 'no bytes of V8')
    expect(await a.get('/page', PAGE)).toBeNull()
    expect(errors).toHaveLength(1)
  })

  it('keeps that there is no such page', async () => {
    const { a, b } = await startIncremental()
    await a.set('/page', null, {})
    expect(await b.get('/page', PAGE)).toMatchObject({ value: null })
  })

  it('expires pages by their tags and paths', async () => {
    const { a, b } = await startIncremental()
    await a.set('/page', page, {})
    await b.revalidateTag('_N_T_/page')
    expect(await a.get('/page', PAGE)).toBeNull()
  })

  it('does not take what was made before a revalidation for what was made after it', async () => {
    const { a, b } = await startIncremental()
    expect(await a.get('/page', PAGE)).toBeNull()
    await b.revalidateTag('posts')
    await a.set('/page', page, {})
    expect(await b.get('/page', PAGE)).toBeNull()
    // Times are whole milliseconds.
    await eventually(async () => {
      expect(await b.get('/page', PAGE)).toBeNull()
      await b.set('/page', page, {})
      expect(await a.get('/page', PAGE)).toMatchObject({ value: page })
    })
  })

  it('gives stale pages as due, and those without a lifetime as to be made before the answer', async () => {
    const { a, b } = await startIncremental()
    await a.set('/page', page, { cacheControl: { revalidate: 60, expire: 3600 } })
    await a.set('/endless', page, { cacheControl: { revalidate: false } })
    await b.revalidateTag(['posts'], { expire: 3600 })
    const [due, endless] = [await a.get('/page', PAGE), await a.get('/endless', PAGE)]
    expect(now() - due!.lastModified).toBeGreaterThan(60_000)
    expect(now() - due!.lastModified).toBeLessThan(3_600_000)
    expect(endless!.lastModified).toBe(-1)
  })

  it('keeps results of fetch, and expires them by tags of the read too', async () => {
    const { a, b } = await startIncremental()
    const value = { kind: 'FETCH', data: { body: 'text' }, revalidate: 60, tags: ['posts'] }
    const set = (key: string): Promise<void> => a.set(key, value, { fetchCache: true, tags: ['posts'] })
    await set('one')
    expect(await b.get('one', FETCH)).toMatchObject({ value })
    await b.revalidateTag('_N_T_/page')
    expect(await a.get('one', FETCH)).toBeNull()
    expect(await a.get('one', { ...FETCH, softTags: [] })).toMatchObject({ value })
    await b.revalidateTag('posts', { expire: 3600 })
    const found = await a.get('one', { ...FETCH, softTags: [] })
    expect(now() - found!.lastModified).toBeGreaterThan(60_000)
  })

  it('has one key for a page and another for a fetch of that name', async () => {
    const { a } = await startIncremental()
    await a.set('same', page, {})
    expect(await a.get('same', FETCH)).toBeNull()
  })

  it('shares tags with cacheHandler', async () => {
    const { a, cache } = await startIncremental()
    await a.set('/page', page, {})
    await cacheHandler(cache).updateTags(['posts'])
    expect(await a.get('/page', PAGE)).toBeNull()
  })

  it('makes pages anew while memcached is out, and reports a revalidation that was lost', async () => {
    const errors: unknown[] = []
    const options = { ...HURRIED, onError: (error: unknown) => errors.push(error) }
    const Handler = incrementalCacheHandler(await deadServer(), options)
    const handler = new Handler({ serverDistDir: '/nowhere' })
    expect(await handler.get('/page', PAGE)).toBeNull()
    await handler.set('/page', page, {})
    expect(errors).toHaveLength(2)
    await expect(handler.revalidateTag('posts')).rejects.toMatchObject({ delivery: 'not-sent' })
  })
})
