import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { CallQueue } from '../../../src/client/call-queue.ts'
import { Memcache } from '../../../src/client/memcache.ts'
import { MetaClient } from '../../../src/client/meta/client.ts'
import { inSlices, nextTurn, noSlices, type Slices } from '../../../src/client/slices.ts'
import { InvalidInputError, TimeoutError } from '../../../src/errors.ts'
import { Operation } from '../../../src/protocol/operation.ts'
import { GET } from '../../../src/protocol/request.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { rejection } from '../../support/eventually.ts'
import type { MemcacheOptions } from '../../support/memcache-options.ts'

const patient = { timeoutMs: 50_000, connectTimeoutMs: 50_000 }
/** More than the window of a batch. */
const MANY = 12_345
const MOST = 5000

let server: MemcachedServer

beforeAll(async () => {
  server = await MemcachedServer.start()
})

afterAll(() => server.close())

function client(options: MemcacheOptions = {}): Memcache {
  const cache = new Memcache(server.address, { ...patient, ...options })
  onTestFinished(() => cache.destroy())
  return cache
}

function keysOf(name: string, count = MANY): string[] {
  return Array.from({ length: count }, (_, at) => `${name}:${at}`)
}

function pairsOf(keys: readonly string[], value: unknown): [string, unknown][] {
  return keys.map((key) => [key, value])
}

/** Counts how many different keys it is told of in each turn of the event loop. */
class KeysPerTurn {
  readonly counts: number[] = []
  #keys = new Set<unknown>()
  #stopped = false

  constructor() {
    onTestFinished(() => this.stop())
    const turn = (): void => {
      this.counts.push(this.#keys.size)
      this.#keys = new Set()
      if (!this.#stopped) setImmediate(turn)
    }
    setImmediate(turn)
  }

  note(key: unknown): void {
    this.#keys.add(key)
  }

  stop(): void {
    this.#stopped = true
  }

  get most(): number {
    return Math.max(...this.counts, this.#keys.size)
  }

  get total(): number {
    return this.counts.reduce((sum, count) => sum + count, this.#keys.size)
  }
}

/** A client that tells of each key when it checks it: keys of more than 250 bytes are made shorter. */
function noting(perTurn: KeysPerTurn): { cache: Memcache; keys: string[] } {
  const longKeys = (bytes: Uint8Array): string => {
    const key = Buffer.from(bytes).toString('latin1').replaceAll('_', '')
    perTurn.note(key)
    return key
  }
  const cache = client({ longKeys })
  return { cache, keys: keysOf('_'.repeat(260)) }
}

describe('a batch of more than 5,000 keys', () => {
  it.each<[name: string, call: (cache: Memcache, keys: string[]) => Promise<unknown>]>([
    ['getMany', (cache, keys) => cache.getMany(keys)],
    ['getsMany', (cache, keys) => cache.getsMany(keys)],
    ['setMany', (cache, keys) => cache.setMany(pairsOf(keys, 1))],
    ['deleteMany', (cache, keys) => cache.deleteMany(keys)],
    ['incrMany', (cache, keys) => cache.incrMany(keys)],
    ['noreply.setMany', (cache, keys) => cache.noreply.setMany(pairsOf(keys, 1))],
    ['noreply.deleteMany', (cache, keys) => cache.noreply.deleteMany(keys)],
    ['getMany of a namespace', (cache, keys) => cache.namespace('n').getMany(keys)],
  ])('is checked in slices: %s', async (name, call) => {
    const perTurn = new KeysPerTurn()
    const { cache, keys } = noting(perTurn)
    const settled = call(cache, keys)
    if (!name.includes('namespace')) expect(perTurn.total).toBeLessThanOrEqual(MOST)
    await settled
    expect(perTurn.total).toBeGreaterThanOrEqual(MANY)
    expect(perTurn.most).toBeLessThanOrEqual(MOST)
  })

  it('has its values serialized in slices', async () => {
    const perTurn = new KeysPerTurn()
    const serde = {
      serialize(value: unknown, key: unknown) {
        perTurn.note(key)
        return { data: String(value), clientFlags: 0 }
      },
      deserialize: (data: Uint8Array) => Buffer.from(data).toString(),
    }
    const cache = client({ serde })
    const keys = keysOf('serde')
    expect(await cache.setMany(pairsOf(keys, 'x'))).toEqual([])
    expect(perTurn.most).toBeLessThanOrEqual(MOST)
    expect(perTurn.total).toBe(MANY)
    expect((await cache.getMany(keys)).size).toBe(MANY)
  })

  it.each<[name: string, call: (cache: Memcache, keys: string[]) => Promise<unknown>]>([
    ['getMany', (cache, keys) => cache.getMany(keys)],
    ['setMany', (cache, keys) => cache.setMany(pairsOf(keys, 'changed'))],
    ['deleteMany', (cache, keys) => cache.deleteMany(keys)],
  ])('of which one is wrong sends nothing: %s', async (name, call) => {
    const cache = client()
    const keys = keysOf(`wrong ${name}`.replace(' ', '-'))
    await cache.setMany(pairsOf(keys, 'as it was'))
    const sent = async (): Promise<unknown[]> => {
      const stats = await cache.stats()
      const [{ cmd_get, cmd_set, delete_hits, delete_misses }] = [...stats.values()] as never as [
        Record<string, unknown>,
      ]
      return [cmd_get, cmd_set, delete_hits, delete_misses]
    }
    const before = await sent()
    expect(await rejection(call(cache, [...keys, '']))).toBeInstanceOf(InvalidInputError)
    expect(await sent()).toEqual(before)
    expect(await cache.get(keys[0]!)).toBe('as it was')
  })

  it('keeps the keys and the pairs that it was given', async () => {
    const cache = client()
    const keys = keysOf('copied')
    const pairs = pairsOf(keys, 'copied')
    const stored = cache.setMany(pairs)
    for (const pair of pairs) pair[1] = 'changed'
    pairs.length = 1
    expect(await stored).toEqual([])
    const given = [...keys]
    const read = cache.getMany(given)
    given.fill('other')
    expect([...(await read)]).toEqual(keys.map((key) => [key, 'copied']))
  })

  it('gives a key that is there twice once, and keys of bytes', async () => {
    const cache = client()
    const keys = keysOf('twice')
    await cache.setMany(pairsOf(keys, 1))
    expect([...(await cache.getMany([...keys, ...keys])).keys()]).toEqual(keys)
    const bytes = keys.map((key) => Buffer.from(key))
    const found = await cache.getMany([...bytes, ...keys, 'none'])
    expect([...found.keys()]).toEqual([...bytes, ...keys])
    expect(await cache.deleteMany([...keys, ...keys])).toBe(MANY)
  })
})

describe.each([0, 1, 2])('a call %i turns after a batch of more than 5,000 keys', (turns) => {
  const all = keysOf(`order${turns}`)
  const some = [all[0]!, all[7000]!, all.at(-1)!]

  async function later(): Promise<void> {
    for (let turn = 0; turn < turns; turn++) await nextTurn()
  }

  it('comes after the writes of the batch', async () => {
    const cache = client()
    for (const batch of [
      () => cache.setMany(pairsOf(all, 'earlier')),
      () => cache.addMany(pairsOf(all, 'earlier')),
      () => cache.noreply.setMany(pairsOf(all, 'earlier')),
    ]) {
      await cache.deleteMany(all)
      const earlier = batch()
      await later()
      const calls = some.map((key) => [cache.append(key, ' later'), cache.get(key)])
      const quiet = cache.noreply.append(some[1]!, ' quietly')
      await Promise.all([earlier, quiet])
      for (const [stored, read] of calls) expect([await stored, await read]).toEqual([true, 'earlier later'])
      expect([...(await cache.getMany(some)).values()]).toEqual([
        'earlier later',
        'earlier later quietly',
        'earlier later',
      ])
    }
  })

  it('is not seen by the reads of the window of the batch', async () => {
    const cache = client()
    await cache.setMany(pairsOf(all, 'earlier'))
    const read = cache.getMany(all)
    await later()
    const stored = cache.setMany(pairsOf(all, 'later'))
    const found = [...(await read).values()]
    expect(found).toHaveLength(MANY)
    expect(new Set(found.slice(0, 10_000))).toEqual(new Set(['earlier']))
    expect(await stored).toEqual([])
    expect(new Set((await cache.getMany(all)).values())).toEqual(new Set(['later']))
  })

  it('comes after several batches, and before those that follow it', async () => {
    const cache = client()
    const one = cache.setMany(pairsOf(all, 'one'))
    await later()
    const first = cache.append(some[0]!, ' a')
    const two = cache.setMany(pairsOf(all.slice(0, 6000).toReversed(), 'two'))
    const second = cache.append(some[0]!, ' b')
    const read = cache.get(some[0]!)
    const failed = rejection(cache.setMany(pairsOf([...all, ''], 'three')))
    const gone = cache.deleteMany(all.slice(1, 5500))
    const third = cache.get(some[0]!)
    const fourth = cache.get(all[1]!)
    expect(await Promise.all([one, first, two, second, read, gone, third, fourth])).toEqual([
      [],
      true,
      [],
      true,
      'two b',
      5499,
      'two b',
      undefined,
    ])
    expect(await failed).toBeInstanceOf(InvalidInputError)
  })

  it('is carried out after the batch was aborted while it was prepared', async () => {
    const cache = client()
    await cache.setMany(pairsOf(all, 'before'))
    const controller = new AbortController()
    const { signal } = controller
    const batches = [
      cache.setMany(pairsOf(all, 'earlier'), { signal }),
      cache.deleteMany(all, { signal }),
      cache.getMany(all, { signal }),
    ]
    const outcomes = Promise.allSettled(batches)
    await later()
    const calls = [cache.get(some[0]!), cache.set(some[2]!, 'later'), cache.get(some[2]!)]
    controller.abort(new Error('enough'))
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: { message: 'enough' } })
    expect(await Promise.all(calls)).toEqual(['before', true, 'later'])
  })

  it('is finished by close, and so is the batch', async () => {
    const cache = client()
    const calls = [cache.setMany(pairsOf(all, 'earlier')), cache.getMany(all.slice(0, 6000)), cache.get(some[2]!)]
    await later()
    const last = cache.append(some[2]!, ' later')
    const closed = cache.close()
    const refused = [cache.get(some[0]!), cache.getMany(some), cache.getMany(all)]
    for (const call of refused) expect(await rejection(call)).toMatchObject({ code: 'MEMLANE_CLOSED' })
    expect(await calls[0]).toEqual([])
    expect(await calls[1]).toHaveProperty('size', 6000)
    expect([await calls[2], await last]).toEqual(['earlier', true])
    await closed
    expect(await client().get(some[2]!)).toBe('earlier later')
  })

  it('fails with the batch when the client is destroyed', async () => {
    const cache = client()
    const calls = [
      cache.setMany(pairsOf(all, 'earlier')),
      cache.get(some[0]!),
      cache.getMany(all),
      cache.getMany(some),
      cache.deleteMany(all),
      cache.version(),
    ]
    const outcomes = Promise.allSettled(calls)
    await later()
    cache.destroy()
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: { code: 'MEMLANE_CLOSED' } })
  })
})

describe('a pipeline of MetaClient with more than 5,000 commands', () => {
  it('comes before later calls and keeps its own order', async () => {
    const meta = new MetaClient(server.address, patient)
    onTestFinished(() => meta.destroy())
    const keys = keysOf('pipeline', 6000)
    let pipeline = meta.pipeline()
    for (const key of keys) pipeline = pipeline.set(key, 'one').set(key, 'two') as never
    const last = keys.at(-1)!
    const [outcomes, , read] = await Promise.all([pipeline.run(), meta.append(last, ' three'), meta.get(last)])
    expect(outcomes).toHaveLength(12_000)
    expect(read).toMatchObject({ status: 'hit', value: 'two three' })
    expect(await meta.get(keys[0]!)).toMatchObject({ value: 'two' })
  })
})

function operation(timeoutMs: number): Operation {
  return new Operation(GET, 'k', 'k', timeoutMs, () => undefined)
}

function threeSlices(work: () => void = () => undefined): Slices {
  return inSlices(3 * MOST, work)
}

describe('CallQueue', () => {
  it('counts the time that calls wait, without that of the preparation', async () => {
    let now = 1000
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now)
    onTestFinished(() => clock.mockRestore())
    const queue = new CallQueue()
    const passed: Operation[] = []
    const failures: unknown[] = []
    const work = (): void => {
      now += 100
    }
    const started = queue.run(threeSlices(work), undefined, {
      prepare: noSlices,
      dispatch: async (startedAt) => startedAt,
    })
    const [short, long] = [operation(10), operation(90)]
    short.reject = (reason) => failures.push(reason)
    for (const held of [short, long]) queue.hold(held, (one) => passed.push(one))
    now += 50
    expect(await started).toBe(1300)
    expect(failures).toHaveLength(1)
    expect(failures[0]).toBeInstanceOf(TimeoutError)
    expect(failures[0]).toMatchObject({ delivery: 'not-sent', message: expect.stringContaining('get "k" timed out') })
    expect(passed).toEqual([long])
    // It was called at 1100, and 200 ms of the 350 since then were the preparation's.
    expect(long.deadline).toBe(1100 + 90 + 200)
    expect(queue.closed).toBe(false)
  })

  it('passes over what was given up', async () => {
    const queue = new CallQueue()
    const passed: Operation[] = []
    const started = queue.run(threeSlices(), undefined, { prepare: noSlices, dispatch: async () => undefined })
    const [one, two] = [operation(1000), operation(1000)]
    for (const held of [one, two]) queue.hold(held, (next) => passed.push(next))
    one.cancel(new Error('enough'))
    await started
    expect(passed).toEqual([two])
    expect(two.holder).toBeUndefined()
  })
})
