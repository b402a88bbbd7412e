import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import type { MemcacheError } from '../../src/errors.ts'
import { MemcacheSync } from '../../src/sync/memcache-sync.ts'
import { startMemcached } from '../support/real-memcached.ts'
import { useBuiltWorker } from '../unit/sync/built-worker.ts'
import { untilItWorks } from './sync-calls.ts'
import { type BlockedProxy, startProxies } from './sync-proxies.ts'

beforeAll(useBuiltWorker)

/** What both clients have. */
interface Commands {
  get(key: string): unknown
  getMany(keys: readonly string[]): unknown
  set(key: string, value: unknown): unknown
  add(key: string, value: unknown): unknown
  append(key: string, data: string): unknown
  cas(key: string, value: unknown, cas: bigint): unknown
  delete(key: string): unknown
  incr(key: string, delta?: bigint): unknown
}

type Call = (cache: Commands) => unknown

const READS: readonly (readonly [string, Call])[] = [
  ['get', (cache) => cache.get('k')],
  ['getMany', (cache) => cache.getMany(['k', 'l'])],
]

const WRITES: readonly (readonly [string, Call])[] = [
  ['set', (cache) => cache.set('k', 'v')],
  ['add', (cache) => cache.add('k', 'v')],
  ['append', (cache) => cache.append('k', '+')],
  ['cas', (cache) => cache.cas('k', 'v', 1n)],
  ['delete', (cache) => cache.delete('k')],
  ['incr', (cache) => cache.incr('count')],
  ['incr by a bigint', (cache) => cache.incr('count', 1n)],
]

const TO_READS: readonly string[] = [
  'VALUE other 0 1\r\nx\r\nEND\r\n',
  'VALUE k 0 1\r\nxyEND\r\n',
  'VALUE k 0 1\r\nx\n\rEND\r\n',
  'VALUE k 0 3\r\nx\r\nEND\r\n',
  'VALUE k 0 -1\r\nx\r\nEND\r\n',
  'VALUE k 0 0x1\r\nx\r\nEND\r\n',
  'VALUE k 0 99999999999999999999\r\nx\r\nEND\r\n',
  'VALUE k 4294967296 1\r\nx\r\nEND\r\n',
  'VA 1 O77\r\nx\r\n',
  'EN\r\n',
  'HD\r\n',
  'STORED\r\n',
  '5\r\n',
  'VERSION 1.6.18\r\n',
  '\r\n',
  'g'.repeat(5000),
]

const TO_WRITES: readonly string[] = [
  'b\r\n',
  '-5\r\n',
  '0x1f\r\n',
  ' 5\r\n',
  '12345678901234567890123456\r\n',
  '18446744073709551616\r\n',
  '\r\n',
  'HD O5\r\n',
  'OK\r\n',
  'TOUCHED\r\n',
  'END\r\n',
  'VALUE k 0 1\r\nx\r\nEND\r\n',
  'VERSION 1.6.18\r\n',
  'g'.repeat(5000),
]

/** Right ones, and behind them what was not asked for: on the direct way, that came before the call has returned. */
const FOLLOWED: readonly (readonly [reply: string, call: Call])[] = [
  ['VALUE k 0 1\r\nx\r\nEND\r\nEND\r\n', (cache) => cache.get('k')],
  ['VALUE k 0 1\r\nx\r\nVALUE k 0 1\r\nx\r\nEND\r\n', (cache) => cache.get('k')],
  ['END\r\nx', (cache) => cache.get('k')],
  ['STORED\r\nSTORED\r\n', (cache) => cache.set('k', 'v')],
  ['5\r\n6\r\n', (cache) => cache.incr('count')],
]

/** Of a single command, and of a batch. */
const OUT_OF_STEP = { code: expect.stringMatching(/^MEMLANE_(PROTOCOL|BATCH)$/) as string, delivery: 'unknown' }

/** What a call came to, as far as it must be the same for both clients. */
type Ending = { readonly result: unknown } | { readonly code: string; readonly delivery: string }

const endingOf = (error: unknown): Ending => {
  const { code, delivery } = error as MemcacheError
  return { code, delivery }
}

async function endAsync(call: () => unknown): Promise<Ending> {
  try {
    return { result: await call() }
  } catch (error) {
    return endingOf(error)
  }
}

function endSync(call: () => unknown): Ending {
  try {
    return { result: call() }
  } catch (error) {
    return endingOf(error)
  }
}

/** Both clients through one proxy. */
class Pair {
  readonly #proxy: BlockedProxy
  readonly #sync: MemcacheSync
  readonly #async: Memcache
  #desyncs: string[] = []

  constructor(proxy: BlockedProxy) {
    // The direct way speaks text.
    const options = { timeoutMs: 10_000, connectTimeoutMs: 10_000, protocol: 'text' } as const
    this.#proxy = proxy
    this.#sync = new MemcacheSync(proxy.address, options)
    this.#async = new Memcache(proxy.address, options)
    this.#sync.on('desync', () => this.#desyncs.push('direct'))
    this.#async.on('desync', () => this.#desyncs.push('other'))
  }

  static async start(): Promise<Pair> {
    const server = await startMemcached()
    const [proxy] = await startProxies([server.address])
    const pair = new Pair(proxy!)
    onTestFinished(async () => {
      pair.#sync.destroy()
      pair.#async.destroy()
      await server.stop()
    })
    return pair
  }

  /** A call of each client, both with this reply: each costs its connection, and nothing else. */
  async end(reply: string, call: Call): Promise<{ readonly direct: Ending; readonly other: Ending }> {
    untilItWorks(() => this.#sync.setMany({ k: 'value', l: 'value', count: 1 }))
    for (let at = 0; at < 3; at++) untilItWorks(() => this.#sync.get('k'))
    await this.#async.get('k')
    this.#desyncs = []
    const connections = this.#proxy.connections()
    this.#proxy.replace(reply)
    const other = await endAsync(() => call(this.#async))
    this.#proxy.replace(reply)
    const direct = endSync(() => call(this.#sync))
    expect(
      untilItWorks(() => this.#sync.get('l')),
      reply,
    ).toBe('value')
    expect(await this.#async.get('l'), reply).toBe('value')
    expect(this.#proxy.connections() - connections, reply).toBe(2)
    expect(this.#desyncs.toSorted(), reply).toEqual(['direct', 'other'])
    return { direct, other }
  }
}

describe('a reply that no server in step gives', () => {
  it.each(READS)('ends %s on the direct way as it ends it in the asynchronous client', async (_, call) => {
    const pair = await Pair.start()
    for (const reply of TO_READS) {
      const { direct, other } = await pair.end(reply, call)
      expect(direct, reply).toEqual(other)
      expect(direct, reply).toMatchObject(OUT_OF_STEP)
    }
  })

  it.each(WRITES)('ends %s on the direct way as it ends it in the asynchronous client', async (_, call) => {
    const pair = await Pair.start()
    for (const reply of TO_WRITES) {
      const { direct, other } = await pair.end(reply, call)
      expect(direct, reply).toEqual(other)
      expect(direct, reply).toMatchObject(OUT_OF_STEP)
    }
  })

  it('may follow a right one, and ends the call on the direct way too', async () => {
    const pair = await Pair.start()
    for (const [reply, call] of FOLLOWED) {
      const { direct } = await pair.end(reply, call)
      expect(direct, reply).toMatchObject(OUT_OF_STEP)
    }
  })
})
