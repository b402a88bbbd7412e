import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { CommandErrorEvent } from '../../../../src/client/events.ts'
import type { Memcache } from '../../../../src/client/memcache.ts'
import {
  BatchError,
  ClosedError,
  ConnectError,
  InvalidInputError,
  TimeoutError,
  ValueTooLargeError,
} from '../../../../src/errors.ts'
import { MemcachedServer } from '../../../../src/server/memcached-server.ts'
import { collectCommandErrors } from '../../../support/command-errors.ts'
import { eventually, rejection } from '../../../support/eventually.ts'
import { faultClient } from '../../../support/fault-client.ts'
import { freePort } from '../../../support/free-port.ts'
import { Gate } from '../../../support/gate.ts'
import { notCalled } from '../../../support/held-load.ts'
import { opaqueOf } from '../../../support/peer.ts'
import { serveCommands } from '../../../support/scripted-cache.ts'
import { ScriptedServer } from '../../../support/scripted-server.ts'

async function deadServer(): Promise<string> {
  return `127.0.0.1:${await freePort()}`
}

describe('getOrSet without a cache', () => {
  it('rejects, and loads nothing, where failures are thrown', async () => {
    const cache = faultClient(await deadServer())
    let loads = 0
    const load = (): number => ++loads
    expect(await rejection(cache.getOrSet('k', load))).toBeInstanceOf(ConnectError)
    expect(await rejection(cache.getOrSetMany(['a', 'b'], () => new Map()))).toBeInstanceOf(BatchError)
    expect(loads).toBe(0)
  })

  it.each(['missReads', 'miss'] as const)(
    'gives what the loader gives with failures %s, and events',
    async (failures) => {
      const cache = faultClient(await deadServer(), { failures })
      const events = collectCommandErrors(cache)
      expect(await cache.getOrSet('k', () => 5)).toBe(5)
      expect(events.map(({ key }) => key)).toEqual(['k'])
      const many = await cache.getOrSetMany(['a', 'b'], (keys) => new Map(keys.map((key) => [key, key])))
      expect([...many.keys()]).toEqual(['a', 'b'])
      expect(events.map(({ key }) => key)).toEqual(['k', 'a', 'b'])
    },
  )

  it('runs one loader for all who call at a time', async () => {
    const cache = faultClient(await deadServer(), { failures: 'miss' })
    let loads = 0
    const gate = new Gate()
    const load = async (): Promise<number> => {
      loads++
      await gate.opened
      return loads
    }
    const calls = Array.from({ length: 10 }, () => cache.getOrSet('k', load))
    await once(cache, 'commandError')
    gate.open()
    expect(new Set(await Promise.all(calls))).toEqual(new Set([1]))
  })

  it('throws what the loader throws, whatever becomes of failures', async () => {
    const cache = faultClient(await deadServer(), { failures: 'miss' })
    const failure = new Error('the database is down')
    expect(await rejection(cache.getOrSet('k', () => Promise.reject(failure)))).toBe(failure)
    expect(await rejection(cache.getOrSetMany(['k'], () => Promise.reject(failure)))).toBe(failure)
  })

  it('never uses an old generation of a namespace', async () => {
    const address = await deadServer()
    const strict = faultClient(address).namespace<number>('n:', { generations: true })
    expect(await rejection(strict.get('k'))).toBeInstanceOf(ConnectError)
    const names = faultClient(address, { failures: 'miss' }).namespace<number>('n:', { generations: true })
    expect(await names.get('k', { default: 7 })).toBe(7)
    expect(await names.getMany(['k'])).toEqual(new Map())
    expect(await names.set('k', 1)).toBe(false)
    expect(await names.setMany({ k: 1 })).toEqual(['k'])
    expect(await names.deleteMany(['k'])).toBe(0)
    expect(await names.incr('k')).toBeUndefined()
    expect(await names.getOrSet('k', () => 9)).toBe(9)
    expect(await rejection(names.clear())).toBeInstanceOf(Error)
    expect(await rejection(names.update('k', () => 1))).toBeInstanceOf(Error)
  })

  it('keeps what was loaded when the cache dies meanwhile, where failures are absorbed', async () => {
    await using server = await ScriptedServer.startReady((peer) =>
      serveCommands(peer, (command) => {
        if (command.words[0] === 'mg') return `VA 0 f0 c7 t10 W${opaqueOf(command)}\r\n\r\n`
        // Silence: the store times out.
        return command.words[0] === 'ms' ? '' : undefined
      }),
    )
    const absorbing = faultClient(server.address, { failures: 'missReads', timeoutMs: 100 })
    const events = collectCommandErrors(absorbing)
    expect(await absorbing.getOrSet('k', () => 'loaded')).toBe('loaded')
    expect(events[0]!.error).toBeInstanceOf(TimeoutError)
    const strict = faultClient(server.address, { timeoutMs: 100 })
    expect(await rejection(strict.getOrSet('k', () => 'loaded'))).toBeInstanceOf(TimeoutError)
  })

  it('stores with the cas number that it was given, and repeats no look that may have won', async () => {
    const lines: string[] = []
    await using server = await ScriptedServer.startReady((peer, index) =>
      serveCommands(peer, (command) => {
        lines.push(command.line.replace(/ O\d+/, ''))
        if (command.words[0] !== 'mg') return undefined
        if (index === 0) {
          peer.reset()
          return ''
        }
        return `VA 0 f0 c77 t10 W${opaqueOf(command)}\r\n\r\n`
      }),
    )
    const cache = faultClient(server.address)
    await rejection(cache.getOrSet('k', () => 'x', { refreshAhead: 30, leaseTtl: 5 }))
    expect(lines).toEqual(['mg k R30 N5 v f c t'])
    await cache.getOrSet('k', () => 'x', { refreshAhead: 30, leaseTtl: 5, ttl: 60 }).catch(() => undefined)
    await cache.getOrSet('k', () => 'x', { refreshAhead: 30, leaseTtl: 5, ttl: 60 })
    expect(lines.at(-1)).toBe('ms k 1 T60 C77')
  })
})

describe.each([200, 20_000])('a value of %i bytes, which is more than maxValueBytes', (size) => {
  async function start(): Promise<{ server: MemcachedServer; cache: Memcache; small: Memcache }> {
    const server = await MemcachedServer.start()
    onTestFinished(() => server.close())
    const cache = faultClient(server.address)
    await cache.set('big', 'x'.repeat(size), { ttl: 100 })
    return { server, cache, small: faultClient(server.address, { maxValueBytes: 100 }) }
  }

  it('is loaded anew, as one that cannot be read', async () => {
    const { cache, small } = await start()
    const events = collectCommandErrors(small)
    expect(await small.getOrSet('big', () => 'fresh')).toBe('fresh')
    expect(events.map(({ error }) => error)).toEqual([expect.any(ValueTooLargeError)])
    expect(await cache.get('big')).toBe('fresh')
  })

  it('is loaded anew by many keys, too, and behind a fallback', async () => {
    const { server, cache } = await start()
    const options = { maxValueBytes: 100, fallback: [[server.address]] }
    const small = faultClient(server.address, options)
    await cache.invalidate('big', { staleFor: 50 })
    const loaded = await small.getOrSetMany(['big', 'none'], (keys) => new Map(keys.map((key) => [key, 'fresh'])))
    expect([...loaded.values()]).toEqual(['fresh', 'fresh'])
    expect(await cache.get('big')).toBe('fresh')
  })

  it('is left to the next caller when it is stale and the loader fails', async () => {
    const { cache, small } = await start()
    await cache.invalidate('big', { staleFor: 50 })
    const failing = small.getOrSet('big', () => Promise.reject(new Error('no database')))
    expect((await rejection(failing)).message).toBe('no database')
    const old = await cache.getOrSet('big', () => 'fresh')
    expect(old).toBe('x'.repeat(size))
    await eventually(async () => expect(await cache.get('big')).toBe('fresh'))
  })

  it('costs no token when it is to be updated or taken: the next caller loads it', async () => {
    const { cache, small } = await start()
    // Read by mg, which takes the token.
    const key = 'a big key'
    await cache.set(key, 'x'.repeat(size), { ttl: 100 })
    await cache.invalidate(key, { staleFor: 50 })
    expect(await rejection(small.update(key, () => 'never'))).toBeInstanceOf(ValueTooLargeError)
    expect(await rejection(small.pop(key))).toBeInstanceOf(ValueTooLargeError)
    await cache.getOrSet(key, () => 'fresh')
    await eventually(async () => expect(await cache.get(key)).toBe('fresh'))
  })
})

describe('the input of getOrSet', () => {
  const bad: readonly (readonly [name: string, options: object])[] = [
    ['leaseTtl 0', { leaseTtl: 0 }],
    ['leaseTtl 1.5', { leaseTtl: 1.5 }],
    ['a negative refreshAhead', { refreshAhead: -1 }],
    ['a negative staleOnError', { staleOnError: -1 }],
    ['a negative waitMs', { waitMs: -1 }],
    ['a waitMs that is no number', { waitMs: '5' }],
    ['another lease', { lease: 'other' }],
    ['a negative ttl', { ttl: -1 }],
    ['a negative emptyTtl', { emptyTtl: -1 }],
    ['a signal that is none', { signal: {} }],
    ['a timeoutMs of 0', { timeoutMs: 0 }],
  ]

  it.each(bad)('refuses %s before anything is sent or loaded', async (_name, options) => {
    const cache = faultClient('127.0.0.1:1')
    expect(await rejection(cache.getOrSet('k', notCalled, options))).toBeInstanceOf(InvalidInputError)
    expect(await rejection(cache.getOrSetMany(['k'], notCalled, options))).toBeInstanceOf(InvalidInputError)
  })

  it('refuses what is no loader, no key, no list of keys, no time to be stale', async () => {
    const cache = faultClient('127.0.0.1:1')
    const calls = [
      cache.getOrSet('k', 5 as never),
      cache.getOrSet('', () => 5),
      cache.getOrSetMany(['k'], undefined as never),
      cache.getOrSetMany('k' as never, () => new Map()),
      cache.invalidate('k', {} as never),
      cache.invalidate('k', { staleFor: 0 }),
      cache.invalidate('k', undefined as never),
    ]
    for (const call of calls) expect(await rejection(call)).toBeInstanceOf(InvalidInputError)
  })

  it('is looked at before the client’s end', async () => {
    const cache = faultClient('127.0.0.1:1')
    await cache.close()
    expect(await rejection(cache.getOrSet('k', () => 5))).toBeInstanceOf(ClosedError)
    expect(await rejection(cache.getOrSetMany(['k'], () => new Map()))).toBeInstanceOf(ClosedError)
  })

  it('rejects with the reason of a signal that has aborted', async () => {
    const cache = faultClient('127.0.0.1:1')
    const signal = AbortSignal.abort(new Error('gone'))
    expect((await rejection(cache.getOrSet('k', () => 5, { signal }))).message).toBe('gone')
    expect((await rejection(cache.getOrSetMany(['k'], () => new Map(), { signal }))).message).toBe('gone')
  })
})

describe('a commandError event of a refresh', () => {
  it('carries the key, and the loader’s error as its cause', async () => {
    await using server = await ScriptedServer.startReady((peer) =>
      serveCommands(peer, (command) =>
        command.words[0] === 'mg' ? `VA 3 f0 c7 t50 W X${opaqueOf(command)}\r\nold\r\n` : undefined,
      ),
    )
    const cache = faultClient(server.address)
    const cause = new Error('the database is down')
    const told = once(cache, 'commandError') as Promise<[CommandErrorEvent]>
    expect(await cache.getOrSet('k', () => Promise.reject(cause))).toBe('old')
    const [event] = await told
    expect(event.error).toMatchObject({ name: 'LoadError', code: 'MEMLANE_LOAD', cause })
    expect(event.key).toBe('k')
  })
})
