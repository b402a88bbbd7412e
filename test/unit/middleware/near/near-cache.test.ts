import { describe, expect, it, onTestFinished } from 'vitest'
import { chunks } from '../../../../src/client/chunks/chunks.ts'
import { MetaClient } from '../../../../src/client/meta/client.ts'
import { BatchError, ClosedError, InvalidInputError } from '../../../../src/errors.ts'
import { nearCache } from '../../../../src/middleware/near/near-cache.ts'
import type { NearCacheOptions } from '../../../../src/middleware/near/options.ts'
import type { Key } from '../../../../src/protocol/key.ts'
import type { Middleware } from '../../../../src/seam/operation.ts'
import { json } from '../../../../src/serde/json.ts'
import { raw } from '../../../../src/serde/raw.ts'
import { structuredClone as cloned } from '../../../../src/serde/structured-clone.ts'
import { MemcacheSync } from '../../../../src/sync/memcache-sync.ts'
import { tagged } from '../../../../src/tags/tagged-cache.ts'
import { MockMemcache, type MockMemcacheOptions } from '../../../../src/testing/mock-memcache.ts'
import { eventually, rejection } from '../../../support/eventually.ts'
import { Gate } from '../../../support/gate.ts'
import { numberSchema } from '../../../support/number-schema.ts'

/** A client that keeps everything it reads, and another process on the same servers. */
function create(
  options: Partial<NearCacheOptions> = {},
  rest: MockMemcacheOptions = {},
): { near: MockMemcache; far: MockMemcache } {
  const near = new MockMemcache('mock', {
    nearCache: nearCache({ ttlMs: 1000, admitAfter: 1, ...options }),
    // Time passes by advance() alone.
    now: () => Date.UTC(2030, 0, 1),
    ...rest,
  })
  const { keyPrefix = '', compression = false, longKeys = 'reject' } = rest
  const far = new MockMemcache('mock', {
    keyPrefix,
    compression,
    longKeys,
    ...(rest.chunks && { chunks: rest.chunks }),
    sharedWith: near,
  })
  onTestFinished(async () => {
    near.destroy()
    far.destroy()
    await near.close()
  })
  return { near, far }
}

/** Counts the operations that come to the caller's middleware, and to the servers. */
function counting(): { readonly middleware: Middleware; count: number } {
  const counter = {
    count: 0,
    middleware: ((next) => ({
      dispatch: (operation) => {
        counter.count++
        next.dispatch(operation)
      },
    })) satisfies Middleware,
  }
  return counter
}

/** Counts the reads that reach the servers. */
function readsOf(cache: MockMemcache): { readonly count: number } {
  return cache.slow({ latencyMs: 0, command: 'reads' })
}

function mustNotLoad(): never {
  throw new Error('must not load')
}

function readList(cache: MockMemcache): Promise<{ list: number[] }> {
  return cache.getOrSet('a', () => ({ list: [] }))
}

function addOne(list: unknown[] = []): unknown[] {
  list.push(1)
  return list
}

describe('a near cache', () => {
  it('answers a key that was read for ttlMs without a server, and not a moment longer', async () => {
    const { near, far } = create()
    await far.set('a', 'old')
    const reads = readsOf(near)
    expect(await near.get('a')).toBe('old')
    await far.set('a', 'new')
    near.advance(0.999)
    expect(await near.get('a')).toBe('old')
    expect(reads.count).toBe(1)
    near.advance(0.001)
    expect(await near.get('a')).toBe('new')
    expect(near.nearCache).toMatchObject({ hits: 1, misses: 2, fills: 2, items: 1 })
  })

  it('is not there without the option, and each client of one option has its own', async () => {
    const { near, far } = create()
    const clone = near.clone()
    await far.set('a', 1)
    await near.get('a')
    expect(far.nearCache).toBeUndefined()
    expect([near.nearCache?.items, clone.nearCache?.items]).toEqual([1, 0])
  })

  it('keeps a key from its third read on, where nothing else is said', async () => {
    const { near, far } = create()
    const usual = near.clone({ nearCache: nearCache({ ttlMs: 1000 }) })
    await far.set('a', 1)
    for (const hits of [0, 0, 0, 1, 2]) {
      await usual.get('a')
      expect(usual.nearCache?.hits).toBe(hits)
    }
  })

  it('keeps the keys of the option keys only: prefixes without the one of the client, or a function', async () => {
    const { near, far } = create({ keys: ['hot:', 'ä:'] }, { keyPrefix: 'app:' })
    await far.setMany({ 'hot:a': 1, 'ä:b': 2, 'cold:hot:': 3 })
    const keys = ['hot:a', 'ä:b', 'cold:hot:']
    await near.getMany(keys)
    for (const key of keys) await near.namespace(key.slice(0, 2)).get(key.slice(2))
    expect(near.nearCache).toMatchObject({ hits: 2, misses: 2, items: 2 })
    const seen: unknown[] = []
    const chosen = near.clone({
      nearCache: nearCache({
        ttlMs: 1000,
        admitAfter: 1,
        keys: (key) => {
          seen.push(key)
          return key === 'hot:a'
        },
      }),
    })
    for (const key of [...keys, ...keys, Buffer.from([0xff])]) await chosen.get(key)
    expect(seen).toEqual([...keys, 'ä:b', 'cold:hot:', Buffer.from([0xff])])
    expect(chosen.nearCache).toMatchObject({ hits: 1, items: 1 })
  })

  it('fails the reads of keys for which the function of the option throws, and no other', async () => {
    const { near } = create({
      keys: (key) => {
        if (key === 'bad') throw new Error('boom')
        return true
      },
    })
    await near.set('good', 1)
    const error = await rejection(near.get('bad'))
    expect(error).toBeInstanceOf(InvalidInputError)
    expect(error.message).toContain('option keys of nearCache threw for key "bad": boom')
    const batch = (await rejection(near.getMany(['good', 'bad']))) as BatchError
    expect(batch).toBeInstanceOf(BatchError)
    expect([[...batch.found], [...batch.failed.keys()]]).toEqual([[['good', 1]], ['bad']])
  })

  it('answers those reads of a getMany that it can, and sends the others', async () => {
    const { near, far } = create()
    const keys = Array.from({ length: 100 }, (_, at) => `k${at}`)
    await far.setMany(keys.map((key, at) => [key, at]))
    await near.getMany(keys.filter((_key, at) => at % 2 === 0))
    const reads = readsOf(near)
    const found = await near.getMany([...keys, 'none'])
    expect([...found]).toEqual(keys.map((key, at) => [key, at]))
    expect(reads.count).toBe(51)
    expect(await near.getMany(keys)).toEqual(found)
    expect(reads.count).toBe(51)
    expect(near.nearCache).toMatchObject({ hits: 150, misses: 101, fills: 100, items: 100 })
  })

  it('gives each caller of every kind of value what the server would give', async () => {
    const { near, far } = create({}, { compression: { minBytes: 100 } })
    const values = {
      text: 'grüße',
      ascii: 'x',
      long: 'y'.repeat(5000),
      number: 5,
      big: 2n ** 60n,
      bytes: Buffer.from([0, 255, 128]),
      object: { a: [1, { b: null }] },
      packed: { a: Array.from({ length: 200 }, (_, at) => at) },
      nothing: null,
      no: false,
      empty: '',
      noBytes: Buffer.alloc(0),
    }
    await far.setMany(values)
    const keys = Object.keys(values)
    await near.getMany(keys)
    for (const [key, value] of Object.entries(values)) {
      expect(await near.get(key)).toEqual(value)
      expect((await near.getMany([key])).get(key)).toEqual(value)
      expect(await near.namespace(key.slice(0, 1)).get(key.slice(1))).toEqual(value)
      expect(await near.get(key, { default: 'other' })).toEqual(value)
    }
    // An empty item may be a placeholder by now.
    expect(near.nearCache).toMatchObject({ items: keys.length - 2, hits: (keys.length - 2) * 4 })
    const [one, other] = [await near.get<{ a: unknown[] }>('object'), await near.get<{ a: unknown[] }>('object')]
    one!.a.push('mine')
    expect(other).toEqual(values.object)
    const bytes = await near.get<Buffer>('bytes')
    bytes!.fill(1)
    expect(await near.get('bytes')).toEqual(values.bytes)
  })

  it.each([false, true])('reads what it keeps by the serde of the call, shared: %s', async (shared) => {
    const { near, far } = create({ shared })
    const nested: Promise<unknown>[] = []
    const own = {
      serialize: (value: unknown) => ({ data: String(value), clientFlags: 0 }),
      // One that spoils what it reads, and asks for more while it does.
      deserialize: (data: Uint8Array) => {
        nested.push(near.get('other'))
        const text = Buffer.from(data).toString()
        data.fill(0)
        return `own ${text}`
      },
    }
    await far.set('k', '[1]')
    await far.set('other', 'o'.repeat(50))
    for (let round = 0; round < 3; round++) {
      expect(await near.get('k')).toBe('[1]')
      expect(await near.get('k', { serde: json })).toEqual([1])
      expect(await near.get('k', { serde: raw })).toEqual(Buffer.from('[1]'))
      expect(await near.get('k', { serde: own })).toBe('own [1]')
      expect(await near.get('k', { serde: own })).toBe('own [1]')
    }
    expect(new Set(await Promise.all(nested))).toEqual(new Set(['o'.repeat(50)]))
    expect(near.nearCache?.hits).toBeGreaterThan(0)
  })

  it('gives the fallback of the call for a miss, and remembers misses for missTtlMs only', async () => {
    const { near, far } = create({ missTtlMs: 500 })
    expect(await near.get('a', { default: 'none' })).toBe('none')
    await far.set('a', 1)
    expect(await near.get('a', { default: 'other' })).toBe('other')
    expect((await near.getMany(['a'])).size).toBe(0)
    near.advance(0.5)
    expect(await near.get('a')).toBe(1)
    const { near: usual, far: other } = create()
    await usual.get('a')
    await other.set('a', 1)
    expect(await usual.get('a')).toBe(1)
  })

  it('forgets a key that its client writes, whatever the write', async () => {
    const { near } = create({ missTtlMs: 1000 })
    const users = near.namespace('us')
    const writes: readonly (() => unknown)[] = [
      () => near.set('user', 2),
      () => near.replace('user', 3),
      () => near.append('user', '0'),
      () => near.prepend('user', '1'),
      () => near.incr('user'),
      () => near.decr('user'),
      () => near.delete('user'),
      () => near.add('user', 5),
      () => near.update<number>('user', (value) => value! + 1),
      async () => near.cas('user', 7, (await near.gets('user'))!.cas),
      () => near.touch('user', 100),
      () => near.gat('user', 100),
      () => near.setMany({ user: 8 }),
      () => near.noreply.set('user', 9),
      () => near.noreply.setMany({ user: 10 }),
      () => near.deleteMany(['user']),
      () => near.addMany({ user: 11 }),
      () => near.incrMany(['user']),
      () => near.pipeline().set('user', 12).run(),
      () => users.set('er', 13),
      () => near.pop('user'),
      () => near.getOrSet('user', () => 14),
      () => near.invalidate('user', { staleFor: 10 }),
      () => near.flushAll(),
      () => near.set('user', 15),
      () => near.noreply.flushAll(),
    ]
    for (const write of writes) {
      await near.get('user')
      await near.get('user')
      const { hits } = near.nearCache!
      await write()
      const now = await near.get('user')
      expect(near.nearCache?.hits, String(write)).toBe(hits)
      expect(now).toEqual(await near.get('user', { near: false }))
    }
  })

  it('calls off all reads of a key that are under way when it is written', async () => {
    const { near, far } = create()
    await far.set('a', 'old')
    const slow = near.slow({ latencyMs: 20, command: 'get' })
    const reads = [near.get('a'), near.get('a'), near.getMany(['a'])]
    await near.set('a', 'new')
    await Promise.all(reads)
    slow.heal()
    expect(near.nearCache).toMatchObject({ fills: 0, calledOff: 3 })
    expect(await near.get('a')).toBe('new')
  })

  it('does not keep what a read brings that left before a write, where the write is carried out after it', async () => {
    const { near, far } = create()
    await far.set('a', 'old')
    // The write is under way, and the read behind it is answered first.
    near.slow({ latencyMs: 20, command: 'set' })
    const held = near.fail({ command: 'set', error: 'timeout', times: 1 })
    const writing = near.set('a', 'new', { timeoutMs: 15 }).catch((error: unknown) => error)
    expect(await near.get('a')).toBe('old')
    await writing
    held.heal()
    await far.set('a', 'later')
    expect(await near.get('a')).toBe('later')
  })

  it('forgets what was read between a write and its next try', async () => {
    const { near, far } = create({}, { retry: { attempts: 2, delayMs: 20 } })
    await far.set('a', 'old')
    near.fail({ command: 'set', error: 'down', times: 1 })
    const writing = near.set('a', 'new')
    expect([await near.get('a'), await near.get('a'), near.nearCache?.hits]).toEqual(['old', 'old', 1])
    expect([await writing, await near.get('a')]).toEqual([true, 'new'])
  })

  it('asks the server where the call says near: false, and keeps the new value', async () => {
    const { near, far } = create()
    await far.set('a', 'old')
    await near.get('a')
    await far.set('a', 'new')
    expect(await near.get('a')).toBe('old')
    expect(await near.get('a', { near: false })).toBe('new')
    expect(await near.get('a')).toBe('new')
    await far.set('a', 'newer')
    expect((await near.getMany(['a'], { near: false })).get('a')).toBe('newer')
    expect(await near.get('a', { near: true })).toBe('newer')
    await far.delete('a')
    expect(await near.get('a', { near: false })).toBeUndefined()
    expect(near.nearCache?.items).toBe(0)
    const error = await rejection(near.get('a', { near: 1 as never }))
    expect(error.message).toBe('option near must be true or false, got 1')
  })

  it('keeps the value of a read that left last, whichever is answered last', async () => {
    const { near, far } = create()
    await far.set('a', 'old')
    const slow = near.slow({ latencyMs: 20, command: 'get', times: 1 })
    const first = near.get('a')
    near.advance(0.1)
    await far.set('a', 'new')
    await near.get('a')
    expect([await first, slow.count]).toEqual(['old', 1])
    expect(await near.get('a')).toBe('new')
  })

  it('leaves nothing behind when a read that was to be kept is aborted, fails or misses', async () => {
    const { near, far } = create({ staleWhileRevalidateMs: 1000 })
    const controller = new AbortController()
    const slow = near.slow({ latencyMs: 20, command: 'get' })
    const reads = [
      near.get('a', { signal: controller.signal }),
      near.getMany(['a', 'b'], { signal: controller.signal }),
    ]
    controller.abort(new Error('enough'))
    for (const read of reads) expect((await rejection(read)).message).toBe('enough')
    slow.heal()
    const down = near.fail({ error: 'down' })
    await rejection(near.get('a'))
    await rejection(near.getMany(['a', 'b']))
    down.heal()
    await near.getMany(['a', 'b'])
    expect(near.nearCache).toMatchObject({ items: 0, bytes: 0, fills: 0 })
    await far.set('a', 1)
    expect([await near.get('a'), await near.get('a')]).toEqual([1, 1])
    expect(near.nearCache).toMatchObject({ items: 1, hits: 1 })
  })

  it('gives a value staleWhileRevalidateMs longer while one read asks the server, and again after that has failed', async () => {
    const { near, far } = create({ staleWhileRevalidateMs: 500 })
    await far.set('a', 'old')
    await near.get('a')
    await far.set('a', 'new')
    near.advance(1.2)
    const failing = near.fail({ command: 'get', error: 'timeout', times: 1 })
    const first = near.get('a', { timeoutMs: 20 })
    expect([await near.get('a'), await near.get('a')]).toEqual(['old', 'old'])
    await rejection(first)
    failing.heal()
    expect(await near.get('a')).toBe('new')
    near.advance(1.5)
    await far.set('a', 'newer')
    const slow = near.slow({ latencyMs: 20, command: 'get' })
    expect(await Promise.all([near.get('a'), near.get('a')])).toEqual(['newer', 'newer'])
    expect(slow.count).toBe(2)
  })

  it('gives what it has while the server is down, and asks again after ttlMs', async () => {
    const { near } = create()
    await near.set('a', 1)
    await near.get('a')
    near.fail({ error: 'down' })
    expect(await near.get('a')).toBe(1)
    near.advance(1)
    expect((await rejection(near.get('a'))).message).toContain('down')
  })

  it('does not keep placeholders, manifests, and items that are too large', async () => {
    const { near, far } = create({ maxItemBytes: 5000 }, { chunks: chunks({ aboveBytes: 3000, chunkBytes: 1100 }) })
    await far.set('text', Buffer.alloc(0), { clientFlags: 0x6d6c6b01 })
    await far.set('chunks', 'x'.repeat(4000))
    await far.set('large', 'y'.repeat(5001), { chunks: false })
    await far.set('fits', 'y'.repeat(5000), { chunks: false })
    const gate = new Gate()
    const loading = far.getOrSet('loading', () => gate.opened.then(() => 1))
    for (let round = 0; round < 2; round++) {
      for (const key of ['text', 'chunks', 'large', 'loading']) await near.get(key)
    }
    expect(near.nearCache).toMatchObject({ hits: 0, items: 0 })
    gate.open()
    await loading
    await near.get('fits')
    expect([await near.get('fits'), near.nearCache?.items]).toEqual(['y'.repeat(5000), 1])
    expect(await near.get('chunks')).toBe('x'.repeat(4000))
    await near.set('chunks', 'z'.repeat(4000))
    expect(await near.get('chunks')).toBe('z'.repeat(4000))
  })

  it('tells items of one key on several servers apart', async () => {
    const near = new MockMemcache(['a', 'b', 'c'], { nearCache: nearCache({ ttlMs: 1000, admitAfter: 1 }) })
    const routes = ['1', '2', '3', '4', '5', '6', '7', Buffer.from('8')]
    for (const routingKey of routes) await near.set('k', near.serverFor('k', { routingKey })!.name, { routingKey })
    await near.set('k', 'home')
    const name = near.serverFor('k')!.name
    for (let round = 0; round < 2; round++) {
      for (const routingKey of routes) {
        const server = near.serverFor('k', { routingKey })!.name
        const value = server === name ? 'home' : server
        expect(await near.get('k', { routingKey })).toBe(value)
        expect(await near.get('k', { routingKey })).toBe(value)
        expect((await near.getMany(['k'], { routingKey })).get('k')).toBe(value)
      }
      expect([await near.get('k'), await near.get('k', { routingKey: 'k' })]).toEqual(['home', 'home'])
    }
    expect(near.nearCache?.hits).toBe(2 * (routes.length * 2 + 1))
    await near.close()
  })

  it('takes keys of any form for the same key as the server does, and leaves those in base64 alone', async () => {
    const { near, far } = create({}, { keyPrefix: 'p:', longKeys: 'hash' })
    const long = 'l'.repeat(300)
    await far.setMany<Key>([
      ['plain', 1],
      ['grün', 2],
      [Buffer.from([0xfe, 0xff]), 3],
      [long, 4],
      ['with space', 5],
    ])
    const forms = [
      ['plain', Buffer.from('plain')],
      ['grün', Buffer.from('grün')],
      [Buffer.from([0xfe, 0xff]), new Uint8Array([0xfe, 0xff])],
      [long, Buffer.from(long)],
    ] as const
    for (const [at, [one, other]] of forms.entries()) {
      expect([await near.get(one), await near.get(other)]).toEqual([at + 1, at + 1])
      expect([...(await near.getMany([one])).values()]).toEqual([at + 1])
    }
    expect(near.nearCache).toMatchObject({ hits: forms.length * 2, misses: forms.length })
    expect([await near.get('with space'), await near.get('with space')]).toEqual([5, 5])
    expect(near.nearCache).toMatchObject({ hits: forms.length * 2, misses: forms.length })
  })

  it('sees a clear() of a namespace, because the keys change', async () => {
    const { near } = create()
    const users = near.namespace<string>('user:', { generations: true })
    await users.set('1', 'Ada')
    expect([await users.get('1'), await users.get('1')]).toEqual(['Ada', 'Ada'])
    expect(near.nearCache?.hits).toBe(1)
    await users.clear()
    expect(await users.get('1')).toBeUndefined()
    expect((await users.getMany(['1'])).size).toBe(0)
  })

  it('checks what it keeps by the schema of a namespace', async () => {
    const { near, far } = create({ shared: true })
    const numbers = near.namespace('n:', { schema: numberSchema })
    await far.setMany({ 'n:a': 1, 'n:b': 'text' })
    for (let round = 0; round < 2; round++) {
      expect([await numbers.get('a'), await numbers.get('b'), await near.get('n:b')]).toEqual([1, undefined, 'text'])
    }
    expect(near.nearCache?.hits).toBe(4)
  })

  it('is not for values with tags, whose versions change without them', async () => {
    const { near, far } = create()
    const [here, there] = [near, far].map((cache) => tagged(cache, { prefix: 't:', refreshMs: 0 }))
    let loads = 0
    const load = (): Promise<number> => here!.getOrSet('a', () => ++loads, { tags: ['x'] })
    expect([await load(), await load(), await here!.get('a')]).toEqual([1, 1, 1])
    await there!.invalidateTags('x')
    expect(await here!.get('a')).toBeUndefined()
    expect([await load(), await here!.get('a')]).toEqual([2, 2])
    expect(near.nearCache?.fills).toBe(0)
  })

  it('forgets everything when told to, when servers change, and when its client ends', async () => {
    const near = new MockMemcache(['a', 'b'], { nearCache: nearCache({ ttlMs: 1000, admitAfter: 1 }) })
    const fill = async (): Promise<void> => {
      await near.setMany({ x: 1, y: 2 })
      await near.getMany(['x', 'y'])
      expect(near.nearCache?.items).toBe(2)
    }
    await fill()
    near.nearCache!.delete('x')
    expect(near.nearCache?.items).toBe(1)
    near.nearCache!.clear()
    expect(near.nearCache).toMatchObject({ items: 0, bytes: 0 })
    await fill()
    near.addServer('c')
    expect(near.nearCache?.items).toBe(0)
    await fill()
    await near.removeServer('c:11211')
    expect(near.nearCache?.items).toBe(0)
    await fill()
    await near.close()
    expect(near.nearCache?.items).toBe(0)
    expect(await rejection(near.get('x'))).toBeInstanceOf(ClosedError)
  })

  it('refuses reads after destroy as any client does', async () => {
    const { near } = create()
    await near.set('a', 1)
    await near.get('a')
    near.destroy()
    expect(await rejection(near.get('a'))).toBeInstanceOf(ClosedError)
    expect(near.nearCache?.bytes).toBe(0)
  })

  it('is behind the middleware of the caller and in front of retries', async () => {
    const seen = counting()
    const { near } = create({}, { middleware: [seen.middleware], retry: { attempts: 3 } })
    await near.set('a', 1)
    const failing = near.fail({ command: 'get', error: 'closed', times: 2 })
    expect([await near.get('a'), failing.count]).toEqual([1, 2])
    expect(await near.get('a')).toBe(1)
    expect((await near.getMany(['a'])).get('a')).toBe(1)
    expect(seen.count).toBe(4)
    expect(near.nearCache).toMatchObject({ hits: 2, misses: 1, fills: 1 })
  })

  it('keeps what an older cluster had, and no miss of the first one meanwhile', async () => {
    const older = new MockMemcache('older')
    const near = new MockMemcache('mock', {
      nearCache: nearCache({ ttlMs: 1000, admitAfter: 1, missTtlMs: 1000 }),
      fallback: [older],
    })
    onTestFinished(async () => {
      await Promise.all([near.close(), older.close()])
    })
    await older.set('a', 'old')
    const slow = older.slow({ latencyMs: 20 })
    const first = near.get('a')
    expect((await near.getMany(['a'])).get('a')).toBe('old')
    expect(await first).toBe('old')
    expect([await near.get('a'), slow.count]).toEqual(['old', 2])
    await near.delete('a')
    expect([await near.get('a'), await near.get('a')]).toEqual([undefined, undefined])
    expect(near.nearCache?.hits).toBe(2)
  })

  it('counts in metrics() as well, and begins anew with resetMetrics()', async () => {
    const { near, far } = create()
    await near.set('a', 1)
    await near.get('a')
    await near.get('a')
    expect(near.metrics().nearCache).toEqual({
      hits: 1,
      misses: 1,
      fills: 1,
      calledOff: 0,
      evictions: 0,
      items: 1,
      bytes: 252,
    })
    expect(near.metrics().calls.get).toMatchObject({ calls: 2, hits: 2, misses: 0 })
    near.resetMetrics()
    expect(near.metrics().nearCache).toMatchObject({ hits: 0, misses: 0, fills: 0, items: 1 })
    expect(far.metrics()).not.toHaveProperty('nearCache')
  })

  it('names the keys that are read most, without the prefix of the client', async () => {
    const { near } = create({ admitAfter: 2 }, { keyPrefix: 'p:' })
    await near.setMany<Key>([
      ['often', 1],
      ['grün', 2],
      [Buffer.from([0xff]), 3],
      ['once', 4],
    ])
    for (let round = 0; round < 5; round++) await near.get('often')
    for (let round = 0; round < 4; round++) await near.get('grün')
    for (let round = 0; round < 3; round++) await near.get(Buffer.from([0xff]))
    await near.get('once')
    expect(near.nearCache?.hotKeys()).toEqual([
      { key: 'often', reads: 5 },
      { key: 'grün', reads: 4 },
      { key: Buffer.from([0xff]), reads: 3 },
    ])
    expect(near.nearCache?.hotKeys(1)).toEqual([{ key: 'often', reads: 5 }])
    expect(() => near.nearCache?.hotKeys(0)).toThrow('option count must be a whole number above 0, got 0')
    near.nearCache!.delete('often')
    expect(() => near.nearCache?.delete('')).toThrow(InvalidInputError)
  })
})

describe('getOrSet with a near cache', () => {
  it('takes a value that a getOrSet has read, and loads none for it', async () => {
    const { near, far } = create()
    await far.set('a', 'stored', { ttl: 60 })
    expect(await near.getOrSet('a', mustNotLoad)).toBe('stored')
    await far.set('a', 'other')
    expect(await near.getOrSet('a', mustNotLoad)).toBe('stored')
    expect([...(await near.getOrSetMany(['a'], mustNotLoad)).values()]).toEqual(['stored'])
    expect(await near.get('a')).toBe('stored')
    expect(near.nearCache).toMatchObject({ hits: 3, misses: 1 })
    expect(await near.getOrSet('a', mustNotLoad, { near: false })).toBe('other')
    near.advance(1)
    expect(await near.getOrSet('a', mustNotLoad)).toBe('other')
  })

  it('asks the server for what a plain read has kept: that says nothing about who is to load', async () => {
    const { near, far } = create({ missTtlMs: 1000 })
    await far.set('a', 'stale', { ttl: 60 })
    await far.invalidate('a', { staleFor: 60 })
    expect([await near.get('a'), await near.get('a'), await near.get('none')]).toEqual(['stale', 'stale', undefined])
    const gate = new Gate()
    expect(await near.getOrSet('a', () => gate.opened.then(() => 'new'))).toBe('stale')
    // Elected: the others get the old value, and do not load.
    expect(await far.getOrSet('a', () => 'loaded twice')).toBe('stale')
    gate.open()
    expect(await near.getOrSet('none', () => 'loaded')).toBe('loaded')
    await near.close()
    expect(await far.get('a')).toBe('new')
  })

  it('never keeps what is stale, or about to be loaded anew', async () => {
    const { near, far } = create()
    await far.set('a', 1, { ttl: 60 })
    await far.invalidate('a', { staleFor: 60 })
    await far.getOrSet('a', () => new Promise(() => undefined))
    for (let round = 0; round < 2; round++) expect(await near.getOrSet('a', () => 2)).toBe(1)
    expect(near.nearCache).toMatchObject({ hits: 0, items: 0 })
  })

  it('refreshes ahead as without a near cache', async () => {
    const { near, far } = create({ ttlMs: 60_000 })
    await far.set('a', 'old', { ttl: 20 })
    expect(await near.getOrSet('a', () => 'no', { refreshAhead: 10 })).toBe('old')
    near.advance(9)
    expect(await near.getOrSet('a', () => 'no', { refreshAhead: 10 })).toBe('old')
    expect(near.nearCache?.hits).toBe(1)
    near.advance(2)
    expect(await near.getOrSet('a', () => 'new', { refreshAhead: 10, ttl: 60 })).toBe('old')
    await eventually(async () => expect(await far.get('a')).toBe('new'))
    expect(await near.getOrSet('a', () => 'no', { refreshAhead: 10 })).toBe('new')
  })

  it('does not give an item beyond its own end', async () => {
    const { near, far } = create({ ttlMs: 60_000 })
    await far.set('a', 'short', { ttl: 2 })
    expect(await near.getOrSet('a', () => 'no')).toBe('short')
    near.advance(3)
    expect(await near.get('a')).toBeUndefined()
    expect(await near.getOrSet('a', () => 'loaded')).toBe('loaded')
  })

  it('gives every caller an object of its own, or all the same frozen one where values are shared', async () => {
    const { near, far } = create()
    await far.set('a', { list: [1] })
    const one = await readList(near)
    one.list.push(2)
    expect(await readList(near)).toEqual({ list: [1] })
    const shared = near.clone({ nearCache: nearCache({ ttlMs: 1000, admitAfter: 1, shared: true }) })
    const [first, second] = [await readList(shared), await readList(shared)]
    expect(second).toBe(first)
    expect([Object.isFrozen(first), Object.isFrozen(first.list)]).toEqual([true, true])
    const loaded = await shared.getOrSet<{ list: number[] }>('new', () => ({ list: [3] }))
    expect([loaded, Object.isFrozen(loaded.list)]).toEqual([{ list: [3] }, true])
  })
})

describe('shared values', () => {
  it('are the same object for all callers, frozen when near and when read, by every call', async () => {
    const { near, far } = create({ shared: true }, { compression: { minBytes: 50 } })
    await far.set('a', { deep: { list: [{ x: 1 }] } })
    await far.set(
      'packed',
      Array.from({ length: 100 }, (_, id) => ({ id })),
    )
    const isFrozen = (value: unknown): boolean => {
      if (typeof value !== 'object' || value === null) return true
      return Object.isFrozen(value) && Object.values(value).every(isFrozen)
    }
    for (const key of ['a', 'packed']) {
      const missed = await near.get(key)
      const hit = await near.get(key)
      expect([isFrozen(missed), hit === missed]).toEqual([true, true])
      expect((await near.getMany([key])).get(key)).toBe(hit)
      expect((await near.gets(key))?.value).toEqual(hit)
      const others = [(await near.gets(key))?.value, await near.gat(key, 60), await near.get(key, { near: false })]
      expect(others.map(isFrozen)).toEqual([true, true, true])
      const batch = await near.getMany([key], { near: false })
      expect(isFrozen(batch.get(key))).toBe(true)
    }
    await expect(near.update('packed', addOne)).rejects.toThrow(TypeError)
  })

  it('are copies where they have anything in them that cannot be frozen', async () => {
    const { near, far } = create({ shared: true })
    const value = { bytes: Buffer.from('abc'), at: new Date(5), map: new Map([['a', { b: 1 }]]), plain: { x: 1 } }
    await far.set('a', value, { serde: cloned })
    await far.set('b', Buffer.from('abc'))
    const read = () => near.get<typeof value>('a', { serde: cloned })
    const [missed, one, other] = [await read(), await read(), await read()]
    expect(near.nearCache?.hits).toBe(2)
    expect([missed, one, other].map((found) => Object.isFrozen(found))).toEqual([true, true, true])
    one!.bytes.fill(0)
    one!.map.get('a')!.b = 2
    expect(other).toEqual(value)
    const [first, second] = [await near.get<Buffer>('b'), await near.get<Buffer>('b')]
    first!.fill(0)
    expect([second, await near.get('b')]).toEqual([Buffer.from('abc'), Buffer.from('abc')])
  })
})

describe('the option nearCache', () => {
  it('is refused where it is a plain object, with the import that it needs', () => {
    for (const part of [{ ttlMs: 1000 }, true, null]) {
      expect(() => new MockMemcache('mock', { nearCache: part as never })).toThrow(
        "option nearCache must be nearCache({ ttlMs: 1000 }) (import { nearCache } from 'memlane/near-cache'), got",
      )
    }
  })

  it('is refused by clients that cannot use it, in a sentence that says why', () => {
    const part = nearCache({ ttlMs: 1 })
    expect(() => new MetaClient('localhost', { nearCache: part })).toThrow('option nearCache is not for a MetaClient')
    expect(() => new MemcacheSync('localhost', { nearCache: part })).toThrow(
      'option nearCache cannot be used with a synchronous client',
    )
  })
})
