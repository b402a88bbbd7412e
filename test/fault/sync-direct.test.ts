import { createContext, runInContext } from 'node:vm'
import { beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { BatchError, TimeoutError } from '../../src/errors.ts'
import type { MemcacheSync } from '../../src/sync/memcache-sync.ts'
import type { MemcacheSyncOptions } from '../../src/sync/options.ts'
import { expectInterruption } from '../support/end-of-traces.ts'
import { until } from '../support/eventually.ts'
import { type RealMemcached, startMemcached } from '../support/real-memcached.ts'
import { useBuiltWorker } from '../unit/sync/built-worker.ts'
import { errorOf, untilItWorks } from './sync-calls.ts'
import { freeze } from './sync-freeze.ts'
import { fill, KEYS, keysOf, open, startServers } from './sync-lab.ts'
import { startProxies } from './sync-proxies.ts'

/** What the callers wrote themselves. */
const written: string[] = vi.hoisted(() => [])

vi.mock('node:fs', async (importOriginal) => {
  const original = await importOriginal<typeof import('node:fs')>()
  const writeSync = (fd: number, bytes: Uint8Array, start: number, length: number): number => {
    written.push(Buffer.from(bytes).toString('latin1', start, start + length))
    return original.writeSync(fd, bytes, start, length)
  }
  return { ...original, writeSync }
})

beforeAll(useBuiltWorker)
beforeEach(() => {
  written.length = 0
})

/** How many commands went the direct way. */
const directCommands = (): number => written.length

/** Leaves the connections idle for so long, by the clock that the worker has too. */
async function idle(milliseconds: number): Promise<void> {
  const since = performance.now()
  await until(() => performance.now() > since + milliseconds, 'some idling')
}

describe('the direct way to several servers', () => {
  it('takes every key to the server that the asynchronous client takes it to', async () => {
    const servers = await startServers(3)
    const cache = open(servers.map(({ address }) => address))
    fill(cache)
    expect(directCommands()).toBeGreaterThan(2 * KEYS.length)
    const before = directCommands()
    const found = cache.getMany(KEYS)
    expect([...found]).toEqual(KEYS.map((key) => [key, `${key}!`]))
    expect(directCommands()).toBe(before + 3)
    // The worker finds them all where the direct way has put them.
    for (const key of KEYS) expect(cache.gets(key)?.value).toBe(`${key}!`)
    for (const { address } of servers) {
      const items = cache.stats().get(address)!['curr_items']
      expect(Number(items)).toBe(keysOf(cache, address).length)
    }
  })

  it('has batches of no more servers than readWindow: the worker asks more of them in turn', async () => {
    const servers = await startServers(3)
    const addresses = servers.map(({ address }) => address)
    const cache = open(addresses, { cluster: { readWindow: 2 } })
    const [mine, others] = [keysOf(cache, addresses[0]!), keysOf(cache, addresses[1]!)]
    fill(cache)
    let before = directCommands()
    expect([...cache.getMany([...mine, ...others]).keys()]).toEqual([...mine, ...others])
    expect(directCommands()).toBe(before + 2)
    before = directCommands()
    expect([...cache.getMany(KEYS).keys()]).toEqual(KEYS)
    expect(directCommands()).toBe(before)
  })

  it('fails the keys of a frozen server and gives the others', async () => {
    const servers = await startServers(3)
    const [frozen] = servers as [RealMemcached]
    const cache = open(
      servers.map(({ address }) => address),
      { timeoutMs: 1000 },
    )
    fill(cache)
    const lost = keysOf(cache, frozen.address)
    fill(cache)
    freeze(frozen.pid)
    const error = errorOf(() => cache.getMany(KEYS)) as BatchError<string, string>
    process.kill(frozen.pid, 'SIGCONT')
    expect(error).toBeInstanceOf(BatchError)
    expect([...error.failed.keys()]).toEqual(lost)
    for (const reason of error.failed.values()) expect(reason).toBeInstanceOf(TimeoutError)
    expect(error).toMatchObject({ server: frozen.address, delivery: 'unknown' })
    expect([...error.found.keys()]).toEqual(KEYS.filter((key) => !lost.includes(key)))
    for (const key of KEYS) expect(untilItWorks(() => cache.get(key))).toBe(`${key}!`)
  })

  it('fails the keys of a frozen server once, however many lines they take', async () => {
    const servers = await startServers(2)
    const [frozen] = servers as [RealMemcached]
    const cache = open(
      servers.map(({ address }) => address),
      { coalesceReads: { maxKeys: 5 }, timeoutMs: 1000 },
    )
    fill(cache)
    const lost = keysOf(cache, frozen.address)
    expect(lost.length).toBeGreaterThan(5)
    fill(cache)
    freeze(frozen.pid)
    const error = errorOf(() => cache.getMany(KEYS)) as BatchError<string, string>
    process.kill(frozen.pid, 'SIGCONT')
    expect(error).toBeInstanceOf(BatchError)
    // One line was waited for, or there would be a message for each.
    expect(new Set([...error.failed.values()].map((reason) => (reason as Error).message)).size).toBe(1)
    expect(new Set(error.failed.keys())).toEqual(new Set(lost))
    expect([...error.found.keys()]).toEqual(KEYS.filter((key) => !lost.includes(key)))
  })

  it('goes to the next server while one is dead, and comes back without old values', async () => {
    const servers = await startServers(3)
    const [first] = servers as [RealMemcached]
    const cache = open(
      servers.map(({ address }) => address),
      { cluster: { retryAttempts: 0, retryTimeoutMs: 50, deadTimeoutMs: 100 } },
    )
    fill(cache)
    const moved = keysOf(cache, first.address)
    await first.kill('SIGKILL')
    for (const key of moved) untilItWorks(() => cache.set(key, 'elsewhere'))
    for (const key of KEYS) expect(cache.get(key)).toBe(moved.includes(key) ? 'elsewhere' : `${key}!`)
    await using again = await startMemcached({ port: first.port })
    expect(again.address).toBe(first.address)
    await until(() => cache.servers[0]!.state === 'up', 'the server is back', 20_000)
    for (const key of moved) expect([undefined, 'elsewhere']).toContain(untilItWorks(() => cache.get(key)))
    fill(cache)
    expect([...cache.getMany(KEYS).values()]).toEqual(KEYS.map((key) => `${key}!`))
  })

  it('follows servers that come and go', async () => {
    const servers = await startServers(3)
    const [first, second, third] = servers.map(({ address }) => address) as [string, string, string]
    const cache = open([first, second])
    fill(cache)
    cache.addServer(third)
    fill(cache)
    expect(keysOf(cache, third).length).toBeGreaterThan(0)
    fill(cache)
    const before = directCommands()
    expect(cache.getMany(KEYS).size).toBe(KEYS.length)
    expect(directCommands()).toBe(before + 3)
    cache.removeServer(first)
    expect(cache.servers.map(({ name }) => name)).toEqual([second, third])
    fill(cache)
    for (const key of KEYS) expect(cache.gets(key)?.value).toBe(`${key}!`)
    expect(errorOf(() => cache.addServer(second)).code).toBe('MEMLANE_INVALID_INPUT')
    expect(cache.servers).toHaveLength(2)
  })
})

/** How many connections the server has had, those of this test's own question included. */
function connectionsTo(cache: MemcacheSync): number {
  return [...cache.stats().values()].reduce((sum, stats) => sum + Number(stats['total_connections']), 0)
}

/** Ends a call from outside after a time, as Ctrl-C in a REPL does: nothing behind it runs, not even `finally`. */
function interrupt(call: () => unknown, timeoutMs: number): void {
  expectInterruption()
  const context = createContext({ call })
  expect(() => runInContext('call()', context, { timeout: timeoutMs }) as unknown).toThrow(/timed out/)
}

describe('what the direct way cannot carry', () => {
  it('costs no connection: large replies, and values for the worker', async () => {
    const servers = await startServers(3)
    const cache = open(
      servers.map(({ address }) => address),
      { timeoutMs: 10_000 },
    )
    fill(cache)
    cache.set('key:0', '')
    const text = 'x'.repeat(900_000)
    for (const key of KEYS.slice(1, 10)) cache.set(key, text)
    const before = connectionsTo(cache)
    for (let round = 0; round < 20; round++) {
      const found = cache.getMany(KEYS)
      expect(found.size).toBe(KEYS.length)
      expect(found.get('key:0')).toBe('')
      expect(found.get('key:3')).toBe(text)
      expect(cache.get('key:9')).toBe(text)
    }
    expect(directCommands()).toBeGreaterThan(100)
    // The question itself takes one to each server.
    expect(connectionsTo(cache)).toBe(before + servers.length)
  })

  it('is more keys than fit a line: each server gets as many lines as it takes', async () => {
    const servers = await startServers(2)
    const cache = open(
      servers.map(({ address }) => address),
      { coalesceReads: { maxKeys: 7 } },
    )
    fill(cache)
    fill(cache)
    const before = directCommands()
    expect([...cache.getMany([...KEYS, 'absent']).keys()]).toEqual(KEYS)
    expect([...cache.getMany(['absent', ...KEYS.toReversed()]).keys()]).toEqual(KEYS.toReversed())
    expect(directCommands()).toBe(before + 4)
    for (const text of written.slice(-4)) {
      const keys = text.split('\r\n').map((line) => line.split(' ').length - 1)
      expect(Math.max(...keys)).toBe(7)
    }
  })

  it('is a value too large for it: the serde is asked once', async () => {
    const [server] = (await startServers(1)) as [RealMemcached]
    let serialized = 0
    let flags = 0
    const cache = open([server.address], {
      serde: {
        serialize: (value) => {
          serialized++
          return { data: String(value), clientFlags: 5 }
        },
        deserialize: (data, clientFlags) => {
          flags = clientFlags
          return Buffer.from(data).toString()
        },
      },
    })
    fill(cache)
    serialized = 0
    const large = 'x'.repeat(100_000)
    for (const length of [10, 8_192, 8_193, 100_000]) {
      expect(cache.set('large', large.slice(0, length), { ttl: 60 })).toBe(true)
      expect(cache.get('large')).toBe(large.slice(0, length))
    }
    expect([serialized, flags]).toEqual([4, 5])
    expect(cache.set('large', large, { clientFlags: 7 })).toBe(true)
    expect(cache.get('large')).toBe(large)
    expect([serialized, flags]).toEqual([5, 7])
  })

  it('is a call after a pause: what the serde has made of a value that was left out is kept too', async () => {
    const [server] = (await startServers(1)) as [RealMemcached]
    const cache = open([server.address], {
      validateAfterIdleMs: 5,
      serde: {
        serialize: (value) => ({ data: String(value), clientFlags: 0 }),
        deserialize: (data) => Buffer.from(data).toString(),
      },
    })
    fill(cache)
    await idle(10)
    expect((cache.set as (key: string) => boolean)('key')).toBe(true)
    expect(cache.get('key')).toBe('undefined')
  })

  it('is a serde that uses the client: it is refused, as through the worker', async () => {
    const servers = await startServers(2)
    const refused: unknown[] = []
    const cache: MemcacheSync = open(
      servers.map(({ address }) => address),
      {
        serde: {
          serialize: (value) => ({ data: String(value), clientFlags: 0 }),
          deserialize: (data) => {
            try {
              cache.get('absent')
            } catch (error) {
              refused.push(error)
            }
            return Buffer.from(data).toString()
          },
        },
      },
    )
    fill(cache)
    refused.length = 0
    expect([...cache.getMany(KEYS)]).toEqual(KEYS.map((key) => [key, `${key}!`]))
    expect(refused).toHaveLength(KEYS.length)
    for (const error of refused) expect(error).toMatchObject({ code: 'MEMLANE_INVALID_INPUT' })
  })
})

describe('a client without the direct way', () => {
  it.each<[why: string, options: MemcacheSyncOptions]>([
    ['its option says so', { direct: false }],
    ['there are several connections', { connectionsPerServer: 2 }],
    ['connections end when they are idle', { idleTimeoutMs: 60_000 }],
    ['failures are absorbed', { failures: 'miss' }],
    ['calls are retried', { retry: {} }],
  ])('writes nothing itself: %s', async (_, options) => {
    const servers = await startServers(2)
    const cache = open(
      servers.map(({ address }) => address),
      options,
    )
    fill(cache)
    expect(cache.getMany(KEYS).size).toBe(KEYS.length)
    for (const [command, args] of [
      ['add', ['new', '1']],
      ['append', ['new', '0']],
      ['incr', ['new']],
      ['delete', ['new']],
    ] as const) {
      expect(Reflect.apply(cache[command] as (...args: unknown[]) => unknown, cache, args), command).toBeTruthy()
    }
    expect(directCommands()).toBe(0)
  })

  it('is what clones of it are, unless they are told otherwise', async () => {
    const [server] = (await startServers(1)) as [RealMemcached]
    const cache = open([server.address], { direct: false })
    const [same, other] = [cache.clone(), cache.clone({ direct: true })]
    onTestFinished(() => {
      for (const client of [same, other]) client.destroy()
    })
    fill(same)
    expect(directCommands()).toBe(0)
    fill(other)
    expect(directCommands()).toBeGreaterThan(0)
  })
})

describe('a call on the direct way', () => {
  it.each<[way: string, options: MemcacheSyncOptions]>([
    ['on the direct way', {}],
    ['through the worker', { direct: false }],
  ])('that is interrupted %s leaves no reply to the next one', async (_, options) => {
    const [server] = (await startServers(1)) as [RealMemcached]
    const [proxy] = await startProxies([server.address])
    const cache = open([proxy!.address], { timeoutMs: 5000, connectTimeoutMs: 5000, ...options })
    fill(cache)
    for (let round = 0; round < 3; round++) {
      proxy!.set('toClient', { latencyMs: 100 })
      interrupt(() => cache.get('absent'), 50)
      expect(cache.get('key:1')).toBe('key:1!')
      interrupt(() => cache.getMany(['absent', 'key:2']), 50)
      expect(cache.set('key:3', 'key:3!')).toBe(true)
      interrupt(() => cache.incr('absent'), 50)
      expect(cache.get('key:4', { timeoutMs: 4000 })).toBe('key:4!')
      proxy!.set('toClient', { latencyMs: 0 })
      const before = directCommands()
      fill(cache)
      if (options.direct !== false) expect(directCommands()).toBeGreaterThan(before + KEYS.length)
    }
  })

  it('fails when a call that its loader made was interrupted, and the next one is right', async () => {
    const [server] = (await startServers(1)) as [RealMemcached]
    const cache = open([server.address], { timeoutMs: 5000 })
    for (let round = 0; round < 5; round++) {
      fill(cache)
      const key = `loaded:${round}`
      const outcome = (): unknown =>
        cache.getOrSet(key, () => {
          interrupt(() => {
            for (;;) cache.has('key:1')
          }, 5)
          return 'loaded'
        })
      try {
        expect(outcome()).toBe('loaded')
      } catch (error) {
        expect(error).toMatchObject({ code: 'MEMLANE_CONNECTION_CLOSED', delivery: 'unknown' })
      }
      expect(cache.get('key:2')).toBe('key:2!')
      expect(cache.has('absent')).toBe(false)
    }
  })

  it('that timed out does no harm to the next one', async () => {
    const [server] = (await startServers(1)) as [RealMemcached]
    const cache = open([server.address])
    for (const next of [
      () => cache.incr('count', 1),
      () => cache.append('text', '.'),
      () => cache.add('new', 1),
      () => cache.delete('gone'),
    ]) {
      fill(cache)
      cache.set('count', 1)
      cache.set('text', 'a')
      cache.set('gone', 1)
      cache.delete('new')
      fill(cache)
      freeze(server.pid)
      expect(errorOf(() => cache.get('key:1', { timeoutMs: 300 }))).toBeInstanceOf(TimeoutError)
      process.kill(server.pid, 'SIGCONT')
      expect(next()).toBeTruthy()
    }
  })

  it('takes no more than its time, also when its connection is lost on the way', async () => {
    const [server] = (await startServers(1)) as [RealMemcached]
    const [proxy] = await startProxies([server.address])
    const cache = open([proxy!.address], { timeoutMs: 1500 })
    fill(cache)
    proxy!.freeze()
    proxy!.resetIn(750)
    const error = errorOf(() => cache.get('key:1'))
    expect(error).toBeInstanceOf(TimeoutError)
    // It was begun again with what was left, not with all of its time.
    expect(Number(/timed out after ([\d.]+) ms/.exec(error.message)?.[1])).toBeLessThan(1500)
  })

  it('looks whether its own connection is alive after a pause, whatever others were used meanwhile', async () => {
    const [first, second] = (await startServers(2)) as [RealMemcached, RealMemcached]
    const proxies = await startProxies([first.address, second.address])
    const cache = open(
      proxies.map(({ address }) => address),
      { timeoutMs: 30_000, connectTimeoutMs: 400, validateAfterIdleMs: 20, cluster: { failover: 'none' } },
    )
    // A busy machine may take longer than that to connect.
    untilItWorks(() => fill(cache))
    const key = keysOf(cache, proxies[0]!.address)[0]!
    const other = keysOf(cache, proxies[1]!.address)[0]!
    untilItWorks(() => fill(cache))
    // The connection is dead, as far as the next command is concerned, and nothing says so.
    proxies[0]!.lose()
    await idle(30)
    expect(cache.gets(other)?.value).toBe(`${other}!`)
    expect(cache.get(other)).toBe(`${other}!`)
    // What is lost would take all its time, and fail.
    const found = untilItWorks(
      () => cache.get(key),
      (error) => expect(error).not.toBeInstanceOf(TimeoutError),
    )
    expect(found).toBe(`${key}!`)
  })

  it('goes on while a test has stopped the clock', async () => {
    const [server] = (await startServers(1)) as [RealMemcached]
    const cache = open([server.address])
    fill(cache)
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const before = directCommands()
    for (let at = 0; at < 5; at++) fill(cache)
    expect(directCommands()).toBeGreaterThan(before)
  })
})

describe('what comes on the direct way', () => {
  it('may come in pieces of any size, late or early', async () => {
    const [server] = (await startServers(1)) as [RealMemcached]
    const [proxy] = await startProxies([server.address])
    const cache = open([proxy!.address], { timeoutMs: 10_000 })
    fill(cache)
    const large = 'é'.repeat(3000)
    cache.set('large', large)
    for (const faults of [{ splitBytes: 1 }, { splitBytes: 7 }, { splitBytes: 50, jitterMs: 2 }, { latencyMs: 3 }]) {
      proxy!.set('toClient', { splitBytes: Number.POSITIVE_INFINITY, jitterMs: 0, latencyMs: 0, ...faults })
      for (const key of KEYS.slice(0, 10)) expect(cache.get(key)).toBe(`${key}!`)
      expect(cache.set('split', faults)).toBe(true)
      expect(cache.get('split')).toEqual(faults)
      expect(cache.get('absent')).toBeUndefined()
    }
    proxy!.set('toClient', { splitBytes: 1000, latencyMs: 0 })
    expect(cache.get('large')).toBe(large)
    expect([...cache.getMany([...KEYS, 'absent']).keys()]).toEqual(KEYS)
    expect(directCommands()).toBeGreaterThan(4 * KEYS.length)
  })

  it.each(['END\r\n', 'VALUE key:1 0 3\r\nold\r\nEND\r\n', 'STORED\r\n', 'SERVER_ERROR sorry\r\n', 'x'])(
    'is nobody’s when nobody asked for it: %j',
    async (stray) => {
      const [server] = (await startServers(1)) as [RealMemcached]
      const [proxy] = await startProxies([server.address])
      const cache = open([proxy!.address])
      const reply = 'VALUE key:0 0 6\r\nkey:0!\r\nEND\r\n'
      fill(cache)
      for (let round = 0; round < 6; round++) {
        proxy!.inject(stray)
        // They come with this reply, or, in a piece of their own, behind it.
        proxy!.set('toClient', { splitBytes: round % 2 === 0 ? reply.length : Number.POSITIVE_INFINITY })
        expect(untilItWorks(() => cache.get('key:0'))).toBe('key:0!')
        proxy!.passOn()
        // The direct way looks for strays where the connection was not of use in the last millisecond.
        await idle(2)
        expect(untilItWorks(() => cache.get('key:1'))).toBe('key:1!')
        expect(untilItWorks(() => cache.set('key:2', `key:2!`))).toBe(true)
        fill(cache)
      }
    },
  )

  it('may be an error line, which is told as through the worker and costs nothing else', async () => {
    const [server] = (await startServers(1)) as [RealMemcached]
    const cache = open([server.address])
    const usual = open([server.address], { direct: false })
    fill(cache)
    cache.set('text', 'text')
    const before = directCommands()
    const error = errorOf(() => cache.incr('text'))
    expect(directCommands()).toBe(before + 1)
    const { code, message, delivery } = errorOf(() => usual.incr('text'))
    expect(error).toMatchObject({ code, message, delivery })
    expect(cache.get('text')).toBe('text')
    expect(cache.incr('text:none')).toBeUndefined()
    cache.set('large', 2n ** 53n)
    expect(errorOf(() => cache.incr('large'))).toMatchObject({
      code: 'MEMLANE_INVALID_INPUT',
      delivery: 'answered',
      message: errorOf(() => usual.incr('large', 0)).message,
    })
    expect(cache.incr('large', 1n)).toBe(2n ** 53n + 2n)
  })

  it.each(['12\r\n', 'EN\r\n', 'X\r\n', 'OK\r\n'])('may be a short line that is no reply: %j', async (line) => {
    const [server] = (await startServers(1)) as [RealMemcached]
    const [proxy] = await startProxies([server.address])
    const cache = open([proxy!.address], { timeoutMs: 5000 })
    fill(cache)
    proxy!.replace(line)
    expect(
      untilItWorks(
        () => cache.get('key:1'),
        (error) => expect(error).not.toBeInstanceOf(TimeoutError),
      ),
    ).toBe('key:1!')
    fill(cache)
    const told: unknown[] = []
    cache.on('desync', (event) => told.push(event))
    proxy!.replace(line)
    const outcome = errorOf(() => cache.append('key:2', '?'))
    expect(outcome).toMatchObject({ code: 'MEMLANE_PROTOCOL', delivery: 'unknown' })
    expect(told).toEqual([{ error: outcome, server: proxy!.address }])
  })

  it.each(['b', '-5', '0x1f', '5 ', '18446744073709551616'])('may be no number to a counter: %j', async (body) => {
    const [server] = (await startServers(1)) as [RealMemcached]
    const [proxy] = await startProxies([server.address])
    const cache = open([proxy!.address], { timeoutMs: 5000 })
    fill(cache)
    const told: unknown[] = []
    cache.on('desync', (event) => told.push(event))
    proxy!.replace(`${body}\r\n`)
    const outcome = errorOf(() => cache.incr('key:2', 1n))
    expect(outcome).toMatchObject({ code: 'MEMLANE_PROTOCOL', delivery: 'unknown' })
    expect(told).toEqual([{ error: outcome, server: proxy!.address }])
    expect(untilItWorks(() => cache.get('key:2'))).toBe('key:2!')
  })

  it('is left to the worker where somebody listens to writes that fail', async () => {
    const [server] = (await startServers(1)) as [RealMemcached]
    const cache = open([server.address])
    const failed: unknown[] = []
    fill(cache)
    cache.on('writeFailed', (event) => failed.push(event))
    fill(cache)
    freeze(server.pid)
    expect(errorOf(() => cache.set('key:1', 1, { timeoutMs: 400 }))).toBeInstanceOf(TimeoutError)
    process.kill(server.pid, 'SIGCONT')
    expect(failed).toHaveLength(1)
  })

  it('keeps its time while nothing comes', async () => {
    const [server] = (await startServers(1)) as [RealMemcached]
    const [proxy] = await startProxies([server.address])
    const cache = open([proxy!.address])
    fill(cache)
    proxy!.freeze()
    const error = errorOf(() => cache.get('key:1', { timeoutMs: 200 }))
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error.message).toContain('timed out after 200 ms')
    proxy!.thaw()
    for (let at = 0; at < 20; at++) expect(untilItWorks(() => cache.get('key:2'))).toBe('key:2!')
  })
})
