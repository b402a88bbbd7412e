import { afterEach, describe, expect, it, vi } from 'vitest'
import { TimeoutError } from '../../src/errors.ts'
import { turns } from '../support/crashes.ts'
import { rejection, settle, until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { freePort } from '../support/free-port.ts'
import { startMemcached } from '../support/real-memcached.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

const longest = 2 ** 31 - 1
const beyond = 2 ** 31

/** Timers that were made from now on and have neither fired nor been cleared, with their delays. */
function watchTimers(): { delays: number[]; open: Set<unknown> } {
  const delays: number[] = []
  const open = new Set<unknown>()
  const { setTimeout: set, clearTimeout: clear } = globalThis
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((run: () => void, delay: number) => {
    delays.push(delay)
    const timer = set(() => {
      open.delete(timer)
      run()
    }, delay)
    open.add(timer)
    return timer
  }) as typeof setTimeout)
  vi.spyOn(globalThis, 'clearTimeout').mockImplementation((timer) => {
    open.delete(timer)
    clear(timer)
  })
  return { delays, open }
}

describe('a time beyond what a timer can hold', () => {
  afterEach(() => {
    // In this order: the watched timers are the fake ones.
    vi.restoreAllMocks()
    vi.useRealTimers()
  })

  it('is for ever, wherever it is given', async () => {
    await using server = await startMemcached()
    const { delays } = watchTimers()
    const cache = faultClient(server.address, {
      timeoutMs: beyond,
      connectTimeoutMs: beyond,
      validateAfterIdleMs: beyond,
      idleTimeoutMs: beyond,
      compression: { minBytes: 10, asyncBytes: 100 },
    })
    const timeoutMs = 1e12
    await cache.connect()
    expect(await cache.set('k', 'x'.repeat(1000))).toBe(true)
    expect(await cache.get('k')).toBe('x'.repeat(1000))
    expect(await cache.set('k', 'y'.repeat(1000), { timeoutMs })).toBe(true)
    expect(await cache.get('k', { timeoutMs })).toBe('y'.repeat(1000))
    expect((await cache.getMany(['k', 'l'], { timeoutMs })).size).toBe(1)
    await cache.noreply.set('q', 'x'.repeat(1000), { timeoutMs })
    expect((await cache.stats({ timeoutMs })).size).toBe(1)
    expect(await cache.incr('n', 1, { initial: 1, timeoutMs })).toBe(1)
    expect(await cache.incr('m', 1, { initial: 1 })).toBe(1)
    await cache.ping({ timeoutMs })
    expect(Math.max(...delays)).toBeLessThanOrEqual(longest)
  })

  it('as idleTimeoutMs does not look at the connection again and again', async () => {
    await using server = await startMemcached()
    const cache = faultClient(server.address, { idleTimeoutMs: 2 * beyond })
    await cache.get('k')
    await until(() => cache.servers[0]!.pending === 0, 'nothing is pending')
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { delays } = watchTimers()
    expect(await cache.get('k')).toBeUndefined()
    for (let second = 0; second < 100; second++) {
      await vi.advanceTimersByTimeAsync(1000)
      await turns()
    }
    expect(delays.length).toBeLessThan(5)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('incr with initial', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  it('gives its second command what is left of the time', async () => {
    await using server = await ScriptedServer.startReady(async (peer) => {
      const line = await peer.line()
      // The first answer comes late.
      const now = performance.now.bind(performance)
      vi.spyOn(performance, 'now').mockImplementation(() => now() + 200)
      peer.reply(`NF${/ O\d+/.exec(line)![0]}\r\n`)
      await peer.command()
    })
    const cache = faultClient(server.address, { timeoutMs: 500 })
    await cache.connect()
    const error = await rejection(cache.incr('n', 1, { initial: 1 }))
    expect(error).toBeInstanceOf(TimeoutError)
    expect(server.receivedText).toContain('ms n ')
    expect(Number(/timed out after (\d+) ms/.exec(error.message)?.[1])).toBeLessThanOrEqual(300)
  })
})

describe('destroy() leaves no timer', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  it('of connections that are lost and made again', async () => {
    await using server = await ScriptedServer.startReady((peer) => peer.reset())
    const { open } = watchTimers()
    const cache = faultClient(server.address, { timeoutMs: 10_000 })
    const calls: Promise<unknown>[] = []
    for (let at = 1; at <= 4; at++) {
      for (const call of [cache.incr('a'), cache.get('b'), cache.getMany(['c', 'd'])]) calls.push(settle(call))
      await turns(20)
    }
    cache.destroy()
    await Promise.all(calls)
    await turns()
    // The patience of the test's own tools is no timer of the client's.
    expect(open.size).toBe(0)
  })

  it('of a server that refuses, of values that are compressed, of idle connections, of exchanges', async () => {
    await using server = await startMemcached()
    const { open } = watchTimers()
    const compression = { minBytes: 1, algorithm: { compress: () => new Promise<never>(() => {}), decompress: never } }
    const refusing = faultClient(`127.0.0.1:${await freePort()}`, { timeoutMs: 20_000 })
    const busy = faultClient(server.address, { timeoutMs: 20_000, idleTimeoutMs: 10_000, compression })
    await busy.get('warm')
    const calls: Promise<unknown>[] = [
      refusing.get('a'),
      refusing.stats(),
      busy.set('k', 'x'.repeat(1000)),
      busy.get('k'),
      busy.stats(),
    ].map((call) => settle<unknown>(call))
    await turns(20)
    refusing.destroy()
    busy.destroy()
    await Promise.all(calls)
    await turns()
    expect(open.size).toBe(0)
  })
})

function never(): never {
  throw new Error('nothing to decompress')
}
