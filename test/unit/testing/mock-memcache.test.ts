import { afterEach, describe, expect, it, vi } from 'vitest'
import { Memcache } from '../../../src/client/memcache.ts'
import { MetaClient } from '../../../src/client/meta/client.ts'
import {
  BatchError,
  ClosedError,
  ConnectError,
  ConnectionClosedError,
  type ErrorDetails,
  InvalidInputError,
  type MemcacheError,
  ServerDownError,
  ServerError,
  TimeoutError,
} from '../../../src/errors.ts'
import { MockMemcache, type MockMemcacheOptions } from '../../../src/testing/mock-memcache.ts'
import type { MockDelayOptions, MockFailureOptions } from '../../../src/testing/mock-rule.ts'
import { rejection, settleAll } from '../../support/eventually.ts'

function create(options: MockMemcacheOptions = {}): MockMemcache {
  return new MockMemcache('mock', { timeoutMs: 30, ...options })
}

describe('a mock', () => {
  it('is a Memcache whose values go through the real protocol and serde', async () => {
    const cache = create()
    expect(cache).toBeInstanceOf(Memcache)
    await cache.setMany({ text: 'grüße', count: 5, big: 5n, object: { a: [1] }, bytes: Buffer.from([0, 255]) })
    const values = await cache.getMany(['text', 'count', 'big', 'object', 'bytes'])
    expect([...values.values()]).toEqual(['grüße', 5, 5n, { a: [1] }, Buffer.from([0, 255])])
    expect(cache.connections).toBe(1)
    await cache.close()
  })

  it('lets time pass by advance, and by a clock of the caller', async () => {
    let now = Date.UTC(2030, 0, 1)
    const cache = create({ now: () => now })
    await cache.set('a', 1, { ttl: 60 })
    await cache.set('b', 2, { ttl: 600 })
    cache.advance(59)
    expect(cache.now).toBe(Date.UTC(2030, 0, 1, 0, 0, 59))
    expect(await cache.get('a')).toBe(1)
    cache.advance(1)
    expect(await cache.get('a')).toBeUndefined()
    expect(await cache.get('b')).toBe(2)
    now += 600_000
    expect(await cache.get('b')).toBeUndefined()
    expect(cache.size).toBe(0)
  })

  it('keeps the last generation of a namespace while that cannot be had', async () => {
    const cache = create()
    const names = cache.namespace('n:', { generations: { refreshMs: 0 } })
    await names.set('a', 1)
    const outage = cache.fail({ key: 'n:generation', error: 'down' })
    expect(await names.get('a')).toBe(1)
    expect(await rejection(names.clear())).toBeInstanceOf(ServerDownError)
    expect(await rejection(cache.clone().namespace('n:', { generations: true }).get('a'))).toBeInstanceOf(
      ServerDownError,
    )
    outage.heal()
    expect(await names.get('a')).toBe(1)
    await names.clear()
    expect(await names.get('a')).toBeUndefined()
  })

  it('shows its keys, and forgets everything by flush', async () => {
    const cache = create({ keyPrefix: 'app:' })
    await cache.setMany({ one: 1, zwölf: 12 })
    expect(cache.keys().toSorted()).toEqual(['app:one', 'app:zwölf'])
    expect(cache.size).toBe(2)
    cache.flush()
    expect([cache.size, await cache.get('one')]).toEqual([0, undefined])
  })

  it('has a store for each server, chosen as by the client', async () => {
    const cache = new MockMemcache(['one', 'two', 'three'])
    const keys = Array.from({ length: 30 }, (_, at) => `key${at}`)
    await cache.setMany(keys.map((key) => [key, key]))
    expect((await cache.getMany(keys)).size).toBe(30)
    const items = [...(await cache.stats()).values()].map((stats) => Number(stats['curr_items']))
    expect(items.reduce((sum, count) => sum + count)).toBe(30)
    expect(items.every((count) => count > 0)).toBe(true)
    expect(cache.size).toBe(30)
  })

  it('shares items, clock and failures with its clones, and with those that say so', async () => {
    const cache = create()
    const clone = cache.clone({ keyPrefix: 'x:' })
    const other = new MockMemcache('mock', { sharedWith: cache })
    await cache.set('x:a', 'shared', { ttl: 10 })
    expect([await clone.get('a'), await other.get('x:a')]).toEqual(['shared', 'shared'])
    other.fail({ error: 'down' })
    expect(await rejection(clone.get('a'))).toBeInstanceOf(ServerDownError)
    cache.heal()
    clone.advance(11)
    expect(await other.get('x:a')).toBeUndefined()
    await cache.close()
    expect(await clone.set('b', 1)).toBe(true)
  })

  it('opens streams for other clients', async () => {
    const cache = create()
    await using meta = new MetaClient('mock', { connect: cache.dialer })
    await cache.set('a', 1)
    expect(await meta.get('a', { returnTtl: true })).toMatchObject({ status: 'hit', value: 1 })
  })

  it('is like the memcached that it is told to be', async () => {
    const cache = create({ server: { version: '1.6.18', maxItemBytes: 2048, memoryBytes: 20_000 } })
    expect([...(await cache.version()).values()]).toEqual(['1.6.18'])
    expect(await rejection(cache.set('large', 'x'.repeat(4000)))).toMatchObject({ code: 'MEMLANE_VALUE_TOO_LARGE' })
    await cache.setMany(Array.from({ length: 50 }, (_, at) => [`k${at}`, 'x'.repeat(1000)]))
    expect(cache.size).toBeLessThan(20)
  })

  it('takes the options about sockets that production has, and refuses what cannot be', async () => {
    const cache = create({
      tls: true,
      auth: { username: 'ann', password: 'secret' },
      keepAlive: false,
      noDelay: true,
      connectionsPerServer: 2,
    })
    expect(await cache.set('a', 1)).toBe(true)
    const bad: [string, object][] = [
      ['connect', { connect: () => undefined }],
      ['timeoutMs', { timeoutMs: 0 }],
      ['nonsense', { nonsense: 1 }],
      ['retry', { retry: { attempts: 0 } }],
      ['middleware', { middleware: 5 }],
      ['now', { now: 5 }],
      ['sharedWith', { sharedWith: {} }],
      ['maxItemBytes', { server: { maxItemBytes: 1 } }],
      ['sharedWith', { sharedWith: cache, now: () => 0 }],
      ['server has no option "memory"; it has version, memoryBytes, maxItemBytes', { server: { memory: 1 } }],
      ['option server must be an object, got 5', { server: 5 }],
      ['option server must be an object, got null', { server: null }],
      ['option options must be an object, got an Array', []],
    ]
    for (const [name, options] of bad) {
      const make = (): MockMemcache => new MockMemcache('mock', options)
      expect(make, name).toThrow(InvalidInputError)
      expect(make, name).toThrow(name)
    }
  })

  it('works while vitest fakes the time, which its ttls follow', async () => {
    vi.useFakeTimers()
    try {
      const cache = create()
      await cache.set('a', 1, { ttl: 10 })
      vi.advanceTimersByTime(11_000)
      expect(await cache.get('a')).toBeUndefined()
      cache.fail({ error: 'timeout' })
      const late = rejection(cache.get('a'), 1e9)
      await vi.advanceTimersByTimeAsync(30)
      expect(await late).toBeInstanceOf(TimeoutError)
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('a failure', () => {
  const kinds: [MockFailureOptions['error'], new (message: string, details: ErrorDetails) => MemcacheError, string][] =
    [
      ['down', ServerDownError, 'not-sent'],
      ['timeout', TimeoutError, 'unknown'],
      ['closed', ConnectionClosedError, 'unknown'],
      ['full', ServerError, 'answered'],
    ]

  it.each(kinds)('%s is the error of the client, and nothing is carried out', async (error, kind, delivery) => {
    const cache = create()
    await cache.set('key', 'old')
    const failure = cache.fail({ error })
    const reason = (await rejection(cache.set('key', 'new'))) as MemcacheError
    expect(reason).toBeInstanceOf(kind)
    expect(reason).toMatchObject({ delivery, server: 'mock:11211' })
    expect(reason.message).toContain('set "key"')
    expect(failure.count).toBe(1)
    cache.heal()
    expect(await cache.get('key')).toBe('old')
  })

  it('can be any error', async () => {
    const cache = create()
    const error = new RangeError('of the test')
    cache.fail({ error, command: 'get' })
    expect(await rejection(cache.get('a'))).toBe(error)
  })

  it('meets the commands, keys and times that it names, and no others', async () => {
    const cache = create()
    await cache.setMany({ a: 1, b: 2 })
    cache.fail({ error: 'down', command: 'get', key: 'a', times: 2 })
    const outcomes = await settleAll(
      [cache.get('a'), cache.get('b'), cache.gets('a'), cache.get('a'), cache.get('a')],
      5000,
    )
    expect(outcomes.map(({ status }) => status[0])).toEqual(['r', 'f', 'f', 'r', 'f'])
    cache.fail({ error: 'down', command: ['touch', 'delete'], key: /^user:/g })
    expect(await cache.touch('a', 5)).toBe(true)
    await rejection(cache.touch('user:1', 5))
    await rejection(cache.delete('user:2'))
    expect(await cache.set('user:1', 1)).toBe(true)
  })

  it('finds keys with and without prefix, as text and as bytes', async () => {
    const cache = create({ keyPrefix: 'app:' })
    for (const key of ['k', 'app:k', Buffer.from('k'), /^app:k$/, /^k$/]) {
      using failure = cache.fail({ error: 'down', key })
      await rejection(cache.get('k'))
      expect(failure.count).toBe(1)
    }
    expect(await cache.get('k')).toBeUndefined()
  })

  it('of reads leaves writes alone, and the other way round', async () => {
    const cache = create()
    const reads = cache.fail({ error: 'down', command: 'reads' })
    expect(await cache.set('a', 1)).toBe(true)
    for (const call of [
      cache.get('a'),
      cache.gat('a', 5),
      cache.has('a'),
      cache.inspect('a'),
      cache.getOrSet('a', () => 2),
    ])
      await rejection(call)
    reads.heal()
    cache.fail({ error: 'down', command: 'writes' })
    expect(await cache.get('a')).toBe(1)
    const writes = [
      cache.set('a', 1),
      cache.append('a', 'x'),
      cache.cas('a', 1, 1n),
      cache.incr('a'),
      cache.incr('a', 1, { initial: 1 }),
      cache.decr('a'),
      cache.touch('a', 1),
      cache.delete('a'),
      cache.invalidate('a', { staleFor: 5 }),
    ]
    for (const call of writes) await rejection(call)
  })

  it.each([
    ['get', (cache: MockMemcache) => cache.getMany(['a', 'b'])],
    ['set', (cache: MockMemcache) => cache.setMany({ a: 1, b: 2 })],
    ['incr', (cache: MockMemcache) => cache.incr('a', 1, { initial: 0 })],
    ['has', (cache: MockMemcache) => cache.has('a')],
    ['inspect', (cache: MockMemcache) => cache.inspect('a')],
    ['invalidate', (cache: MockMemcache) => cache.invalidate('a', { staleFor: 5 })],
    ['getOrSet', (cache: MockMemcache) => cache.getOrSet('a', () => 1)],
    ['gets', (cache: MockMemcache) => cache.update('a', () => 1)],
    ['gets', (cache: MockMemcache) => cache.pop('a')],
  ] as const)('of %s meets every call that is one', async (command, call) => {
    const cache = create()
    const failure = cache.fail({ error: 'down', command })
    await rejection(call(cache))
    expect(failure.count).toBeGreaterThan(0)
  })

  it('of some keys of a batch leaves the others their answers', async () => {
    const cache = create()
    await cache.setMany({ a: 1, b: 2, c: 3 })
    cache.fail({ error: 'down', key: 'b' })
    const error = (await rejection(cache.getMany(['a', 'b', 'c']))) as BatchError
    expect(error).toBeInstanceOf(BatchError)
    expect(error.found).toEqual(
      new Map([
        ['a', 1],
        ['c', 3],
      ]),
    )
    expect([...error.failed.keys()]).toEqual(['b'])
  })

  it('is absorbed and reported where the client is told to', async () => {
    const cache = create({ failures: 'miss' })
    const reported: unknown[] = []
    cache.on('commandError', ({ error, key }) => reported.push([error.code, key]))
    cache.fail({ error: 'down' })
    expect([await cache.get('a'), await cache.set('a', 1)]).toEqual([undefined, false])
    expect(await cache.getOrSet('a', () => 'loaded')).toBe('loaded')
    expect(reported.slice(0, 2)).toEqual([
      ['MEMLANE_SERVER_DOWN', 'a'],
      ['MEMLANE_SERVER_DOWN', 'a'],
    ])
  })

  it('is retried where the client is told to, but not what may have been carried out', async () => {
    const cache = create({ retry: { attempts: 3 }, timeoutMs: 1000 })
    await cache.set('n', 1)
    const once = cache.fail({ error: 'closed', command: ['get', 'incr'], times: 2 })
    expect(await cache.get('n')).toBe(1)
    expect(once.count).toBe(2)
    cache.fail({ error: 'closed', command: 'incr', times: 1 })
    expect(await rejection(cache.incr('n'))).toBeInstanceOf(ConnectionClosedError)
  })

  it('of a quiet command is a commandError event, unless nothing was sent', async () => {
    const cache = create()
    const reported: unknown[] = []
    cache.on('commandError', ({ error, key }) => reported.push([error.code, key]))
    for (const error of ['timeout', 'closed', 'full'] as const) cache.fail({ error, times: 1 })
    for (let at = 0; at < 3; at++) expect(await cache.noreply.set(`k${at}`, 1)).toBeUndefined()
    expect(reported).toEqual([
      ['MEMLANE_SERVER_ERROR', 'k0'],
      ['MEMLANE_CONNECTION_CLOSED', 'k1'],
      ['MEMLANE_TIMEOUT', 'k2'],
    ])
    cache.fail({ error: 'down' })
    expect(await rejection(cache.noreply.set('k', 1))).toBeInstanceOf(ServerDownError)
    expect(cache.size).toBe(0)
  })

  it('full refuses what stores and lets the rest go on', async () => {
    const cache = create()
    await cache.setMany({ a: 'text', n: 1 })
    cache.fail({ error: 'full' })
    expect([await cache.get('a'), await cache.incr('n'), await cache.touch('a', 5)]).toEqual(['text', 2, true])
    for (const call of [
      cache.set('a', 1),
      cache.add('b', 1),
      cache.append('a', 'x'),
      cache.incr('m', 1, { initial: 1 }),
    ]) {
      expect(await rejection(call)).toMatchObject({ delivery: 'answered' })
    }
    expect(await cache.delete('a')).toBe(true)
    expect([...(await cache.version()).values()]).toHaveLength(1)
  })

  it('timeout lasts as long as the call allows', async () => {
    const cache = create({ timeoutMs: 60_000 })
    cache.fail({ error: 'timeout' })
    expect(await rejection(cache.get('a', { timeoutMs: 10 }))).toMatchObject({
      message: expect.stringContaining('10 ms') as unknown,
    })
    const controller = new AbortController()
    const aborted = rejection(cache.get('a', { signal: controller.signal }))
    const reason = new Error('enough')
    controller.abort(reason)
    expect(await aborted).toBe(reason)
    const pending = rejection(cache.get('a'))
    cache.destroy()
    expect(await pending).toBeInstanceOf(ClosedError)
  })

  it('down also meets commands to servers, by server, and connect', async () => {
    const cache = new MockMemcache(['one', 'two'])
    cache.fail({ error: 'down' })
    for (const call of [
      cache.stats(),
      cache.version(),
      cache.ping(),
      cache.flushAll(),
      cache.verbosity(1),
      cache.cacheMemlimit(64),
    ]) {
      const error = (await rejection(call)) as BatchError
      expect(error).toBeInstanceOf(BatchError)
      expect([...error.failed.keys()]).toEqual(['one:11211', 'two:11211'])
    }
    expect(await rejection(cache.connect())).toBeInstanceOf(ConnectError)
    expect(await rejection(cache.rawCommand('version', { server: 'one:11211' }))).toBeInstanceOf(ServerDownError)
    cache.heal()
    cache.fail({ error: 'down', command: 'stats' })
    await rejection(cache.stats())
    expect((await cache.version()).size).toBe(2)
  })

  it.each([
    { error: 'broken' },
    { error: 'down', command: 'getMany' },
    { error: 'down', command: ['reads'] },
    { error: 'down', times: 0 },
    { error: 'down', key: 5 },
    {},
  ])('%j is refused', (options) => {
    expect(() => create().fail(options as unknown as MockFailureOptions)).toThrow(InvalidInputError)
  })

  it('with a misspelt key is refused: it would be about every key', async () => {
    const cache = create()
    const misspelt = { error: 'down', keys: 'other' } as const
    expect(() => cache.fail(misspelt)).toThrow('fail has no option "keys"; it has error, command, key, times')
    expect(await cache.set('a', 1)).toBe(true)
  })

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['down', '"down"'],
    [new Error('down'), 'an Error'],
  ])('that is %s is refused, and the error says what to give', (options, shown) => {
    expect(() => create().fail(options as unknown as MockFailureOptions)).toThrow(
      new InvalidInputError(`fail must be given an object such as { error: 'down' }, got ${shown}`),
    )
  })
})

describe('a delay', () => {
  afterEach(() => void vi.useRealTimers())

  it('answers late, and what it delays is carried out', async () => {
    vi.useFakeTimers()
    const cache = create({ timeoutMs: 1000 })
    const delay = cache.slow({ latencyMs: 400 })
    let answered = false
    const call = cache.set('a', 1).finally(() => {
      answered = true
    })
    await vi.advanceTimersByTimeAsync(399)
    expect([answered, cache.size]).toEqual([false, 1])
    await vi.advanceTimersByTimeAsync(1)
    expect([await call, delay.count]).toEqual([true, 1])
  })

  it('beyond timeoutMs is a TimeoutError of what may have been, and was, carried out', async () => {
    const cache = create()
    cache.slow({ latencyMs: 500, command: 'set' })
    expect(await rejection(cache.set('a', 1))).toMatchObject({ code: 'MEMLANE_TIMEOUT', delivery: 'unknown' })
    expect(await cache.get('a')).toBe(1)
    expect(await rejection(cache.stats().then(() => Promise.reject(new Error('stats are not slow'))))).toMatchObject({
      message: 'stats are not slow',
    })
  })

  it('adds up with others, and is healed alone or with all', async () => {
    const cache = create()
    const one = cache.slow({ latencyMs: 20 })
    cache.slow({ latencyMs: 20 })
    expect(await rejection(cache.get('a'))).toBeInstanceOf(TimeoutError)
    one.heal()
    expect(await cache.get('a')).toBeUndefined()
    cache.heal()
    cache.slow({ latencyMs: 500 })
    expect(await rejection(cache.ping())).toBeInstanceOf(BatchError)
  })

  it('keeps close waiting for its answers, and is cut short by destroy and abort', async () => {
    const cache = create({ timeoutMs: 5000 })
    cache.slow({ latencyMs: 20 })
    const call = cache.set('a', 1)
    let settled = false
    const settling = call.finally(() => {
      settled = true
    })
    await cache.close()
    expect([settled, await settling]).toEqual([true, true])
    expect(await rejection(cache.get('a'))).toBeInstanceOf(ClosedError)
    const other = create({ timeoutMs: 5000 })
    other.slow({ latencyMs: 4000 })
    const aborted = rejection(other.get('a', { signal: AbortSignal.abort(new Error('no')) }))
    expect((await aborted).message).toBe('no')
    const pending = rejection(other.get('a'))
    await Promise.resolve()
    other.destroy()
    expect(await pending).toBeInstanceOf(ClosedError)
  })

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '5'])('of %s ms is refused', (latencyMs) => {
    expect(() => create().slow({ latencyMs: latencyMs as number })).toThrow(/latencyMs/)
  })

  it.each([
    [undefined, 'slow must be given an object such as { latencyMs: 200 }, got undefined'],
    [200, 'slow must be given an object such as { latencyMs: 200 }, got 200'],
    [{ latencyMs: 5, comand: 'get' }, 'slow has no option "comand"; it has latencyMs, command, key, times'],
  ])('of %j is refused', (options, message) => {
    expect(() => create().slow(options as MockDelayOptions)).toThrow(new InvalidInputError(message))
  })

  it('of time is refused when it goes backwards', () => {
    expect(() => create().advance(-1)).toThrow(InvalidInputError)
    expect(() => create().advance(Number.NaN)).toThrow(InvalidInputError)
  })
})
