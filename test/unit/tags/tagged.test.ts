import { describe, expect, it, onTestFinished } from 'vitest'
import { chunks } from '../../../src/client/chunks/chunks.ts'
import type { Failures } from '../../../src/client/failures.ts'
import type { Memcache } from '../../../src/client/memcache.ts'
import { versions } from '../../../src/client/versions.ts'
import { BatchError, InvalidInputError, MemcacheError, SerdeError } from '../../../src/errors.ts'
import { structuredClone as cloned } from '../../../src/serde/structured-clone.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { type TaggedCache, tagged } from '../../../src/tags/tagged-cache.ts'
import { MockMemcache } from '../../../src/testing/mock-memcache.ts'
import { collectCommandErrors } from '../../support/command-errors.ts'
import { eventually, rejection } from '../../support/eventually.ts'
import { faultClient } from '../../support/fault-client.ts'
import { freePort } from '../../support/free-port.ts'
import { Gate } from '../../support/gate.ts'
import { notCalled } from '../../support/held-load.ts'
import { type MemcacheOptions, patient } from '../../support/memcache-options.ts'
import { startMemcached } from '../../support/real-memcached.ts'

/** A loader that waits until the test lets it finish. */
class SlowLoader<T> {
  readonly gate: Gate = new Gate()
  readonly started: Gate = new Gate()
  readonly value: T
  calls = 0

  constructor(value: T) {
    this.value = value
  }

  readonly load = async (): Promise<T> => {
    this.calls++
    this.started.open()
    await this.gate.opened
    return this.value
  }
}

const of = (cache: Memcache, refreshMs = 0): TaggedCache => tagged(cache, { prefix: 'p:', refreshMs })

const numbered = (n: number): object => ({ n, at: '1970-01-01T00:00:00.000Z' })

const fails = (): Promise<never> => Promise.reject(new Error('no database'))

const starts = { embedded: () => MemcachedServer.start(), memcached: () => startMemcached() }

async function start(kind: 'embedded' | 'memcached'): Promise<string> {
  const server = await starts[kind]()
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]()
  })
  return server.address
}

describe.each([
  ['embedded', 'meta'],
  ['embedded', 'text'],
  ['memcached', 'meta'],
  ['memcached', 'text'],
] as const)('tags on %s, protocol %s', (kind, protocol) => {
  const clientOf = (address: string, options: MemcacheOptions = {}): Memcache =>
    faultClient(address, { ...patient, protocol, ...options })

  it('keep values that are stored in chunks, compressed or not', async () => {
    const address = await start(kind)
    const value = 'x'.repeat(10_000)
    for (const options of [{}, { compression: { minBytes: 100, asyncBytes: 1000 } }]) {
      const part = chunks({ aboveBytes: 3000, chunkBytes: 1100 })
      const cache = of(clientOf(address, { ...options, chunks: part }))
      const key = JSON.stringify(options)
      expect(await cache.getOrSet(key, () => value, { tags: ['a'], ttl: 100 })).toBe(value)
      expect(await cache.getOrSet(key, notCalled, { tags: ['a'], ttl: 100 })).toBe(value)
      expect(await cache.get(key)).toBe(value)
      await cache.invalidateTags('a')
      expect(await cache.get(key)).toBeUndefined()
    }
  })

  it('keep a value until one of them is invalidated, by any process', async () => {
    const address = await start(kind)
    const [mine, theirs] = [of(clientOf(address)), of(clientOf(address))]
    let loads = 0
    const load = (): unknown => ({ n: ++loads, at: new Date(0) })
    const options = { tags: ['a', 'b', 'a'], ttl: 100 }
    expect(await mine.getOrSet('k', load, options)).toEqual(numbered(1))
    expect(await mine.getOrSet('k', notCalled, options)).toEqual(numbered(1))
    expect(await theirs.getOrSet('k', notCalled, options)).toEqual(numbered(1))
    expect(await theirs.get('k')).toEqual(numbered(1))
    await theirs.invalidateTags('other')
    expect(await mine.get('k')).toEqual(numbered(1))
    for (const tag of ['a', 'b']) {
      await theirs.invalidateTags(tag)
      expect(await mine.get('k')).toBeUndefined()
      expect(await theirs.get('k')).toBeUndefined()
      expect(await mine.getMany(['k'])).toEqual(new Map())
      expect(await mine.getOrSet('k', load, options)).toEqual(numbered(loads))
      expect(await theirs.getOrSet('k', notCalled, options)).toEqual(numbered(loads))
    }
    expect(loads).toBe(3)
    expect(await theirs.delete('k')).toBe(true)
    expect(await theirs.delete('k')).toBe(false)
    expect(await mine.get('k')).toBeUndefined()
  })

  it('make one caller load, and the others wait for its value', async () => {
    const address = await start(kind)
    const caches = [of(clientOf(address)), of(clientOf(address))]
    await caches[0]!.getOrSet('k', () => 'old', { tags: ['a'] })
    await caches[1]!.invalidateTags('a')
    const loader = new SlowLoader(['new'])
    const calls = caches.flatMap((cache) =>
      [1, 2, 3].map(() => cache.getOrSet<unknown>('k', loader.load, { tags: ['a'] })),
    )
    await loader.started.opened
    expect(await caches[0]!.get('k')).toBeUndefined()
    loader.gate.open()
    const values = await Promise.all(calls)
    expect(values).toEqual(calls.map(() => ['new']))
    expect(new Set(values).size).toBe(6)
    expect(loader.calls).toBe(1)
    expect(await caches[1]!.get('k')).toEqual(['new'])
  })

  it('make a value outdated that was being loaded when they were invalidated', async () => {
    const address = await start(kind)
    const [mine, theirs] = [of(clientOf(address)), of(clientOf(address))]
    for (const before of [undefined, 'old']) {
      if (before !== undefined) await mine.getOrSet('k', () => before, { tags: ['a'] })
      await theirs.invalidateTags('a')
      const loader = new SlowLoader('loaded before')
      const call = mine.getOrSet('k', loader.load, { tags: ['a'] })
      await loader.started.opened
      await theirs.invalidateTags('a')
      loader.gate.open()
      expect(await call).toBe('loaded before')
      expect(await mine.get('k')).toBeUndefined()
      expect(await theirs.getOrSet('k', () => 'loaded after', { tags: ['a'] })).toBe('loaded after')
      await mine.delete('k')
    }
  })

  it('do not let a process that knows less throw away what another has loaded', async () => {
    const address = await start(kind)
    const [mine, theirs] = [of(clientOf(address), 60_000), of(clientOf(address), 60_000)]
    await mine.getOrSet('k', () => 'old', { tags: ['a'] })
    expect(await theirs.get('k')).toBe('old')
    await mine.invalidateTags('a')
    // Trusted for refreshMs.
    expect(await theirs.get('k')).toBe('old')
    await mine.getOrSet('k', () => 'new', { tags: ['a'] })
    expect(await theirs.getOrSet('k', notCalled, { tags: ['a'] })).toBe('new')
    expect(await mine.getOrSet('k', notCalled, { tags: ['a'] })).toBe('new')
  })

  it('are new when they are missing', async () => {
    const address = await start(kind)
    const cache = clientOf(address)
    const pages = of(cache)
    await pages.getOrSet('k', () => 'old', { tags: ['a'] })
    await cache.delete('p:t:a')
    expect(await pages.get('k')).toBeUndefined()
    expect(await pages.getOrSet('k', () => 'new', { tags: ['a'] })).toBe('new')
  })

  it('of a call must all be those of the value', async () => {
    const address = await start(kind)
    const pages = of(clientOf(address))
    await pages.getOrSet('k', () => 'one tag', { tags: ['a'] })
    expect(await pages.getOrSet('k', () => 'two tags', { tags: ['a', 'b'] })).toBe('two tags')
    expect(await pages.getOrSet('k', notCalled, { tags: ['b'] })).toBe('two tags')
    expect(await pages.getOrSet('plain', () => 'none', { tags: [] })).toBe('none')
    expect(await pages.get('plain')).toBe('none')
  })

  it('give many values, those that are up to date', async () => {
    const address = await start(kind)
    const pages = of(clientOf(address))
    for (const key of ['x', 'y', 'z']) await pages.getOrSet(key, () => key, { tags: ['all', `only:${key}`] })
    expect([...(await pages.getMany(['z', 'none', 'x', 'y']))]).toEqual([
      ['z', 'z'],
      ['x', 'x'],
      ['y', 'y'],
    ])
    await pages.invalidateTags('only:x', 'only:z')
    expect([...(await pages.getMany(new Set(['z', 'x', 'y'])))]).toEqual([['y', 'y']])
    await pages.invalidateTags('all')
    expect(await pages.getMany(['x', 'y', 'z'])).toEqual(new Map())
  })

  it('leave the loader’s error and undefined as they are, and nothing in the way', async () => {
    const address = await start(kind)
    const pages = of(clientOf(address))
    const failure = new Error('no database')
    const options = { tags: ['a'], leaseTtl: 60 }
    for (const value of [undefined, 'old']) {
      if (value !== undefined) await pages.getOrSet('k', () => value, options)
      await pages.invalidateTags('a')
      expect(await rejection(pages.getOrSet('k', () => Promise.reject(failure), options))).toBe(failure)
      expect(await pages.getOrSet<unknown>('k', () => undefined, options)).toBeUndefined()
      expect(await pages.getOrSet('k', () => 'again', options)).toBe('again')
      await pages.invalidateTags('a')
      expect(await pages.getOrSet('k', () => 'and again', options)).toBe('and again')
      await pages.delete('k')
    }
  })

  it('take compression, serdes and client flags of the value', async () => {
    const address = await start(kind)
    const compression = { minBytes: 10, asyncBytes: 1000 }
    const [packing, plain] = [clientOf(address, { compression }), clientOf(address)]
    const raw = await packing.getOrSet('other', () => 'x'.repeat(50))
    expect(raw).toBe('x'.repeat(50))
    for (const text of ['short', 'x'.repeat(100), 'y'.repeat(5000)]) {
      expect(await of(packing).getOrSet('k', () => text, { tags: ['a'] })).toBe(text)
      expect(await of(packing).getOrSet('k', notCalled, { tags: ['a'] })).toBe(text)
      expect(await of(packing).get('k')).toBe(text)
      expect(await of(plain).get('k')).toBe(text)
      const found = await plain.gets('p:v:k', { serde: flagsOnly })
      expect(found?.value).toBe(0x6d6c6b03)
      await of(plain).invalidateTags('a')
    }
    const rich = { at: new Date(0), map: new Map([['a', 1]]) }
    const options = { tags: ['a'], serde: cloned }
    expect(await of(plain).getOrSet('rich', () => rich, options)).toEqual(rich)
    expect(await of(packing).get('rich', { serde: cloned })).toEqual(rich)
    const bytes = Buffer.from([0, 10, 255])
    expect(
      await of(plain).getOrSet('bytes', () => bytes, { tags: [protocol === 'meta' ? 'line\nfeed' : 'plain', 'ü'] }),
    ).toEqual(bytes)
    expect(await of(packing).get('bytes')).toEqual(bytes)
  })

  it('are nothing that a plain command takes for a value, and take no plain value for one', async () => {
    const address = await start(kind)
    const cache = clientOf(address)
    const pages = of(cache)
    await pages.getOrSet('k', () => 5, { tags: ['a'] })
    expect(await rejection(cache.get('p:v:k'))).toBeInstanceOf(SerdeError)
    expect(await rejection(cache.incr('p:v:k'))).toBeInstanceOf(MemcacheError)
    await cache.set('p:v:k', 'plain')
    expect(await pages.get('k')).toBeUndefined()
    expect(await pages.getMany(['k'])).toEqual(new Map())
    expect(await pages.getOrSet('k', () => 'tagged', { tags: ['a'] })).toBe('tagged')
    expect(await pages.get('k')).toBe('tagged')
    for (const data of ['t', 'tx\n', 't[1]\n', 't[1,0,5,6]\n', '{}\n', 't["a",0]\n']) {
      await cache.set('p:v:k', data, { clientFlags: 0x6d6c6b03 })
      expect(await pages.get('k')).toBeUndefined()
    }
  })

  it('are invalidated by a command each, and their values read in two round trips', async () => {
    const address = await start(kind)
    const cache = clientOf(address)
    const pages = tagged(cache, { prefix: 'p:', refreshMs: 60_000 })
    await pages.getOrSet('k', () => 'value', { tags: ['a', 'b'] })
    const before = cache.metrics().writes.written
    expect(await pages.get('k')).toBe('value')
    expect(cache.metrics().writes.written - before).toBe(1)
  })
})

const flagsOnly = {
  serialize: notCalled,
  deserialize: (_data: Uint8Array, clientFlags: number) => clientFlags,
}

/** Keys of tags go to the second server. */
const pick = (key: string | Uint8Array): number => (Buffer.from(key as string).includes('p:t:') ? 1 : 0)
const distribution = () => ({ pick, order: (key: string | Uint8Array) => [pick(key), 1 - pick(key)] })

/** Two servers, of which one has the values and the other one the tags. */
async function startTwo(options: MemcacheOptions = {}): Promise<{ cache: Memcache; tagServer: MemcachedServer }> {
  const [values, tags] = [await MemcachedServer.start(), await MemcachedServer.start()]
  onTestFinished(async () => {
    await values.close()
    await tags.close()
  })
  const cluster = { distribution, retryAttempts: 0 }
  const cache = faultClient([values.address, tags.address] as never, { ...patient, cluster, ...options })
  return { cache, tagServer: tags }
}

const giveLoaded = (): string => 'loaded'

/** Each call that reads tags, with its own `failures`. */
function callsWith(pages: TaggedCache, failures: Failures): (() => Promise<unknown>)[] {
  return [
    () => pages.get('k', { failures }),
    () => pages.getMany(['k'], { failures }),
    () => pages.getOrSet('k', giveLoaded, { tags: ['a'], failures }),
    () => pages.getOrSet('new', giveLoaded, { tags: ['a'], failures }),
  ]
}

describe('values whose tags cannot be read', () => {
  it('are no hits: the call rejects, and nothing stands in for the server', async () => {
    const { cache, tagServer } = await startTwo()
    const pages = tagged(cache, { prefix: 'p:', refreshMs: 0 })
    await pages.getOrSet('k', () => 'old', { tags: ['a'] })
    await tagServer.close()
    expect(await rejection(pages.get('k'))).toBeInstanceOf(MemcacheError)
    expect(await rejection(pages.getMany(['k']))).toBeInstanceOf(BatchError)
    expect(await rejection(pages.getOrSet('k', notCalled, { tags: ['a'] }))).toBeInstanceOf(MemcacheError)
    expect(await rejection(pages.getOrSet('new', notCalled, { tags: ['a'] }))).toBeInstanceOf(MemcacheError)
    const error = await rejection(pages.invalidateTags('a', 'b'))
    expect(error).toBeInstanceOf(BatchError)
    expect([...(error as BatchError).failed.keys()]).toEqual(['a', 'b'])
  })

  it('are loaded and not stored where failures are absorbed', async () => {
    const { cache, tagServer } = await startTwo({ failures: 'miss' })
    const pages = tagged(cache, { prefix: 'p:', refreshMs: 0 })
    const events = collectCommandErrors(cache)
    await pages.getOrSet('k', () => 'old', { tags: ['a'] })
    await tagServer.close()
    expect(await pages.get('k')).toBeUndefined()
    expect(await pages.getMany(['k'])).toEqual(new Map())
    expect(await pages.getOrSet<unknown>('k', () => ({ at: new Date(0) }), { tags: ['a'] })).toEqual({
      at: '1970-01-01T00:00:00.000Z',
    })
    expect(await pages.getOrSet('new', () => 'loaded', { tags: ['a'] })).toBe('loaded')
    await eventually(async () => expect(await cache.has('p:v:new')).toBe(false))
    expect(events.length).toBeGreaterThan(3)
  })

  it('are misses of a call with failures: missReads, though the client throws', async () => {
    const { cache, tagServer } = await startTwo()
    const pages = tagged(cache, { prefix: 'p:', refreshMs: 0 })
    const events = collectCommandErrors(cache)
    await pages.getOrSet('k', () => 'old', { tags: ['a'] })
    await tagServer.close()
    const outcomes = await Promise.all(callsWith(pages, 'missReads').map((call) => call()))
    expect(outcomes).toEqual([undefined, new Map(), 'loaded', 'loaded'])
    expect(new Set(events.map(({ key }) => key))).toEqual(new Set(['k', 'new']))
    expect(await cache.has('p:v:new')).toBe(false)
  })

  it('reject a call with failures: throw, though the client absorbs', async () => {
    const { cache, tagServer } = await startTwo({ failures: 'miss' })
    const pages = tagged(cache, { prefix: 'p:', refreshMs: 0 })
    const events = collectCommandErrors(cache)
    await pages.getOrSet('k', () => 'old', { tags: ['a'] })
    await tagServer.close()
    for (const call of callsWith(pages, 'throw')) expect(await rejection(call())).toBeInstanceOf(MemcacheError)
    expect(events).toEqual([])
  })

  it('refuse failures that there are not', async () => {
    const { cache } = await startTwo()
    const pages = tagged(cache, { prefix: 'p:' })
    for (const call of callsWith(pages, 'never' as Failures))
      expect(await rejection(call())).toBeInstanceOf(InvalidInputError)
  })
})

describe('stale and old values with tags', () => {
  it('are given by refreshAhead and staleOnError only while none of their tags was invalidated', async () => {
    await using server = await MemcachedServer.start()
    const cache = faultClient(server.address, patient)
    const pages = tagged(cache, { prefix: 'p:', refreshMs: 0 })
    const stale = { tags: ['a'], ttl: 10, staleOnError: 100 }
    await pages.getOrSet('k', () => 'old', { tags: ['a'], ttl: 50 })
    expect(await pages.getOrSet('k', fails, stale)).toBe('old')
    await pages.invalidateTags('a')
    expect((await rejection(pages.getOrSet('k', fails, stale))).message).toBe('no database')
    const ahead = { tags: ['a'], ttl: 50, refreshAhead: 100 }
    expect(await pages.getOrSet('k', () => 'first', ahead)).toBe('first')
    expect(await pages.getOrSet('k', () => 'second', ahead)).toBe('first')
    await eventually(async () => expect(await pages.get('k')).toBe('second'))
    await pages.invalidateTags('a')
    expect(await pages.getOrSet('k', () => 'third', ahead)).toBe('third')
  })
})

describe('tagged', () => {
  it('refuses what cannot be', async () => {
    await using mock = new MockMemcache()
    const bad = [
      () => tagged({} as never, { prefix: 'p:' }),
      () => tagged(mock.namespace('n:') as never, { prefix: 'p:' }),
      () => tagged(mock, { prefix: '' }),
      () => tagged(mock, {} as never),
      () => tagged(mock, { prefix: 'p:', refreshMs: -1 }),
      () => tagged(mock, { prefix: 'p:', refresh: 1 } as never),
    ]
    for (const make of bad) expect(make).toThrow(InvalidInputError)
    const pages = tagged(mock, { prefix: 'p:' })
    const calls = [
      () => pages.getOrSet('k', notCalled, undefined as never),
      () => pages.getOrSet('k', notCalled, {} as never),
      () => pages.getOrSet('k', notCalled, { tags: 'a' as never }),
      () => pages.getOrSet('k', notCalled, { tags: [''] }),
      () => pages.getOrSet('k', notCalled, { tags: ['\ud800'] }),
      () => pages.getOrSet('k', notCalled, { tags: [5 as never] }),
      () => pages.getOrSet('k', notCalled, { tags: Array.from({ length: 65 }, (_, at) => `t${at}`) }),
      () => pages.getOrSet('k', notCalled, { tags: [], lease: 'key' } as never),
      () => pages.getOrSet('k', notCalled, { tags: [], routingKey: 'r' } as never),
      () => pages.getOrSet('k', 5 as never, { tags: [] }),
      () => pages.get('k', { default: 5 } as never),
      () => pages.getMany('k' as never),
      () => pages.delete('k', { routingKey: 'r' } as never),
      () => pages.invalidateTags(''),
    ]
    for (const call of calls) expect(await rejection(call())).toBeInstanceOf(InvalidInputError)
  })

  it('rejects with the reason of a signal', async () => {
    const cache = faultClient(`127.0.0.1:${await freePort()}`)
    const pages = tagged(cache, { prefix: 'p:' })
    const signal = AbortSignal.abort(new Error('gone'))
    const calls = [
      pages.get('k', { signal }),
      pages.getMany(['k'], { signal }),
      pages.getOrSet('k', notCalled, { tags: [], signal }),
      pages.delete('k', { signal }),
    ]
    for (const call of calls) expect((await rejection(call)).message).toBe('gone')
  })

  it('is closed with its client, after its loads', async () => {
    await using server = await MemcachedServer.start()
    const cache = faultClient(server.address, patient)
    const pages = tagged(cache, { prefix: 'p:' })
    const loader = new SlowLoader('value')
    const call = pages.getOrSet('k', loader.load, { tags: ['a'] })
    await loader.started.opened
    const closing = cache.close()
    loader.gate.open()
    expect(await call).toBe('value')
    await closing
    expect(await rejection(pages.getOrSet('k', notCalled, { tags: ['a'] }))).toBeInstanceOf(MemcacheError)
    expect(await versions(faultClient(server.address, patient), 'p:t:').of(['a'])).toMatch(/^[0-9a-z]+$/)
  })
})
