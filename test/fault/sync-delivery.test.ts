import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { MemcacheOptions } from '../../src/client/options.ts'
import { MemcacheError } from '../../src/errors.ts'
import { MemcacheSync } from '../../src/sync/memcache-sync.ts'
import { MetaClientSync } from '../../src/sync/meta-client-sync.ts'
import { createRandom } from '../../src/testing/random.ts'
import { startMemcached } from '../support/real-memcached.ts'
import { useBuiltWorker } from '../unit/sync/built-worker.ts'
import { errorOf, untilItWorks } from './sync-calls.ts'
import { type BlockedProxy, startProxies } from './sync-proxies.ts'
import type { Mishap } from './sync-recorder.ts'

/** What the callers wrote themselves, and how much of the next write leaves. */
const lane: { written: string[]; room: number } = vi.hoisted(() => ({ written: [], room: Number.POSITIVE_INFINITY }))

vi.mock('node:fs', async (importOriginal) => {
  const original = await importOriginal<typeof import('node:fs')>()
  const writeSync = (fd: number, bytes: Uint8Array, start: number, length: number): number => {
    const left = Math.min(length, lane.room)
    lane.room = Number.POSITIVE_INFINITY
    lane.written.push(Buffer.from(bytes).toString('latin1', start, start + left))
    return original.writeSync(fd, bytes, start, left)
  }
  return { ...original, writeSync }
})

beforeAll(useBuiltWorker)

/** A client through a recording proxy, and one straight to the server, which says what was carried out. */
interface Setup {
  readonly proxy: BlockedProxy
  readonly cache: MemcacheSync
  readonly meta: MetaClientSync
  readonly direct: MemcacheSync
}

async function setUp(options: MemcacheOptions = {}): Promise<Setup> {
  const server = await startMemcached()
  const [proxy] = await startProxies([server.address])
  proxy!.record()
  const limits = { timeoutMs: 300, connectTimeoutMs: 300 }
  const cache = new MemcacheSync(proxy!.address, { ...limits, ...options })
  const meta = new MetaClientSync(proxy!.address, limits)
  const direct = new MemcacheSync(server.address, { timeoutMs: 10_000 })
  onTestFinished(async () => {
    for (const client of [cache, meta, direct]) client.destroy()
    await server.stop()
  })
  return { proxy: proxy!, cache, meta, direct }
}

/** So that the lane is open. */
function warmUp(cache: MemcacheSync): void {
  const before = lane.written.length
  for (let at = 0; at < 1000 && lane.written.length === before; at++) untilItWorks(() => cache.set('warm', at))
  expect(lane.written.length).toBeGreaterThan(before)
}

const REPLY_LOST: Mishap = { at: 'toClient', share: 0, next: 'refused' }

describe('a call that the caller wrote itself, and whose connection is lost before the reply', () => {
  it.each<[string, (cache: MemcacheSync) => unknown]>([
    ['get', (cache) => cache.get('k')],
    ['getMany', (cache) => cache.getMany(['k', 'l'])],
    ['set', (cache) => cache.set('k', 'new')],
    ['delete', (cache) => cache.delete('k')],
    ['incr', (cache) => cache.incr('count')],
    ['append', (cache) => cache.append('k', '!')],
    ['add', (cache) => cache.add('added', 1)],
  ])('may have been carried out, though no connection can be made again: %s', async (_, call) => {
    const { proxy, cache, direct } = await setUp()
    direct.setMany({ k: 'old', l: 'l', count: 1 })
    warmUp(cache)
    proxy.arm(REPLY_LOST)
    const before = lane.written.length
    expect(errorOf(() => call(cache))).toMatchObject({ code: expect.not.stringMatching('INPUT'), delivery: 'unknown' })
    expect([proxy.takeAnswers(), lane.written.length - before]).toEqual([1, 1])
  })

  it('is repeated once, where a repetition does no harm, and not again', async () => {
    const { proxy, cache } = await setUp()
    warmUp(cache)
    proxy.arm({ at: 'toClient', share: 0, next: 'accepted' })
    expect(cache.set('k', 1)).toBe(true)
    expect(proxy.takeAnswers()).toBe(2)
    proxy.disarm()
    warmUp(cache)
    proxy.arm({ at: 'toClient', share: 0, next: 'again' })
    expect(errorOf(() => cache.set('k', 2))).toMatchObject({ code: 'MEMLANE_CONNECTION_CLOSED', delivery: 'unknown' })
    expect(proxy.takeAnswers()).toBe(2)
  })
})

describe('a call of which only a part could be written', () => {
  it('is begun again where that does no harm, and else fails as one that may have been carried out', async () => {
    const { proxy, cache, direct } = await setUp()
    direct.set('count', 1)
    warmUp(cache)
    lane.room = 4
    expect(cache.set('k', 'v')).toBe(true)
    expect(direct.get('k')).toBe('v')
    warmUp(cache)
    lane.room = 4
    expect(errorOf(() => cache.incr('count'))).toMatchObject({ delivery: 'unknown' })
    expect(direct.get('count')).toBe(1)
    warmUp(cache)
    proxy.arm({ at: { reply: '' }, share: 0, next: 'refused' })
    lane.room = 4
    expect(errorOf(() => cache.set('k', 'v'))).toMatchObject({ delivery: 'unknown' })
  })
})

/** A command, and how often the server has carried it out, where that shows. */
interface Tried {
  readonly call: () => unknown
  readonly times: () => number | undefined
}

const COMMANDS: readonly ((setup: Setup, key: string) => Tried)[] = [
  ({ cache, direct }, key) => ({ call: () => cache.set(key, 'v'), times: () => Number(direct.has(key)) }),
  ({ cache, direct }, key) => ({ call: () => cache.add(key, 'v'), times: () => Number(direct.has(key)) }),
  ({ cache, direct }, key) => {
    direct.set(key, '')
    return { call: () => cache.append(key, '+'), times: () => direct.get<string>(key)!.length }
  },
  ({ cache, direct }, key) => {
    direct.set(key, 10)
    return { call: () => cache.incr(key), times: () => direct.get<number>(key)! - 10 }
  },
  ({ cache, direct }, key) => {
    direct.set(key, 1)
    return { call: () => cache.delete(key), times: () => Number(!direct.has(key)) }
  },
  ({ cache, direct }, key) => {
    direct.set(key, 1)
    const { cas } = direct.gets(key)!
    return { call: () => cache.cas(key, 'v', cas), times: () => Number(direct.get(key) === 'v') }
  },
  ({ cache }, key) => ({ call: () => cache.getMany([key, 'warm']), times: () => undefined }),
  ({ cache }, key) => ({ call: () => cache.get(key), times: () => undefined }),
  ({ cache }, key) => ({ call: () => cache.gets(key), times: () => undefined }),
  ({ cache, direct }, key) => ({ call: () => cache.setMany({ [key]: 1 }), times: () => Number(direct.has(key)) }),
  ({ meta, direct }, key) => ({ call: () => meta.set(key, 'v'), times: () => Number(direct.has(key)) }),
  ({ meta, direct }, key) => {
    direct.set(key, 10)
    return { call: () => meta.incr(key), times: () => direct.get<number>(key)! - 10 }
  },
  ({ meta, direct }, key) => {
    direct.set(key, 1)
    return { call: () => meta.delete(key), times: () => Number(!direct.has(key)) }
  },
]

const ROUNDS = 104

const REPLIES: readonly string[] = ['', 'x\r\n', 'HD\r\n', 'VALUE other 0 1\r\nx\r\nEND\r\n', 'END\r\nEND\r\n', '\r\n']

function pickMishap(random: () => number): Mishap {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  return {
    at: pick(['toServer', 'toClient', 'toClient', { reply: pick(REPLIES) }]),
    share: random() < 0.4 ? 0 : random(),
    next: pick(['accepted', 'refused', 'refused', 'silent', 'again']),
  }
}

describe('a synchronous client through faults of every kind', () => {
  it.each<[way: string, options: MemcacheOptions]>([
    ['on the lane', {}],
    ['through the worker', { connectionsPerServer: 2 }],
  ])(
    'never says not-sent of what was carried out, nor carries out twice what must not be: %s',
    async (_, options) => {
      const setup = await setUp(options)
      const { proxy, cache, meta } = setup
      const random = createRandom(1404)
      for (let round = 0; round < ROUNDS; round++) {
        proxy.disarm()
        untilItWorks(() => meta.get('warm'))
        for (let at = 0; at < 3; at++) untilItWorks(() => cache.set('warm', at))
        const { call, times } = COMMANDS[round % COMMANDS.length]!(setup, `key:${round}`)
        const mishap = pickMishap(random)
        proxy.arm(mishap)
        let failure: unknown
        try {
          call()
        } catch (error) {
          failure = error
        }
        const about = JSON.stringify({ round, mishap, failure: String(failure) })
        const answers = proxy.takeAnswers()
        const carriedOut = times() ?? Math.min(answers, 1)
        expect(carriedOut, about).toBeLessThanOrEqual(1)
        if (failure === undefined) continue
        expect(failure, about).toBeInstanceOf(MemcacheError)
        if (carriedOut + answers > 0) expect((failure as MemcacheError).delivery, about).not.toBe('not-sent')
      }
    },
    120_000,
  )
})
