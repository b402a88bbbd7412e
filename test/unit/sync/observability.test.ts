import { tracingChannel } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { InvalidInputError } from '../../../src/errors.ts'
import { MemcacheSync } from '../../../src/sync/memcache-sync.ts'
import type { MemcacheSyncOptions } from '../../../src/sync/options.ts'
import { collectCrashes, turns } from '../../support/crashes.ts'
import { type RealMemcached, startMemcached } from '../../support/real-memcached.ts'
import { useBuiltWorker } from './built-worker.ts'

let server: RealMemcached

beforeAll(async () => {
  await useBuiltWorker()
  server = await startMemcached()
})
afterAll(() => server.stop())

function open(options: MemcacheSyncOptions = {}): MemcacheSync {
  const cache = new MemcacheSync(server.address, { timeoutMs: 10_000, connectTimeoutMs: 10_000, ...options })
  onTestFinished(() => cache.destroy())
  cache.flushAll()
  return cache
}

/** The events of commands until the test has ended, each with a copy of its context. */
function listen(): [event: string, context: Record<string, unknown>][] {
  const events: [string, Record<string, unknown>][] = []
  const channel = tracingChannel('memlane:command')
  const names = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const
  const all = Object.fromEntries(
    names.map((name) => [name, (context: object) => void events.push([name, { ...context }])]),
  ) as unknown as Parameters<typeof channel.subscribe>[0]
  channel.subscribe(all)
  onTestFinished(() => {
    channel.unsubscribe(all)
  })
  return events
}

function callSome(cache: MemcacheSync): void {
  for (let round = 0; round < 3; round++) {
    cache.set('a', 1)
    cache.get('a')
    cache.get('b')
    cache.get('b', { default: 1 })
    cache.getMany(['a', 'b', 'a'])
    cache.add('a', 1)
    cache.incr('a')
    cache.incr('missing')
    cache.delete('missing')
    cache.has('a')
    cache.setMany({ c: 1, d: 2 })
    cache.namespace('n:').get('a')
    cache.noreply.set('q', 1)
  }
  expect(() => cache.get('')).toThrow('key')
  expect(() => cache.incr('a', -1)).toThrow('delta')
}

describe('a synchronous client', () => {
  it.each([true, false])('counts every call as the asynchronous client does; direct: %s', (direct) => {
    const cache = open({ direct })
    cache.resetMetrics()
    callSome(cache)
    const { calls, errors, servers } = cache.metrics()
    const rows = Object.entries(calls).map(([name, row]) => [
      name,
      Object.fromEntries(Object.entries(row).filter(([, number]) => number !== 0)),
    ])
    expect(Object.fromEntries(rows)).toEqual({
      set: { calls: 3, keys: 3, stored: 3 },
      get: { calls: 13, keys: 13, hits: 3, misses: 9, failed: 1 },
      getMany: { calls: 3, keys: 6, hits: 3, misses: 3 },
      add: { calls: 3, keys: 3, notStored: 3 },
      incr: { calls: 7, keys: 7, stored: 3, notStored: 3, failed: 1 },
      delete: { calls: 3, keys: 3, notStored: 3 },
      has: { calls: 3, keys: 3, hits: 3 },
      setMany: { calls: 3, keys: 6, stored: 6 },
      'noreply.set': { calls: 3, keys: 3 },
    })
    expect(errors).toEqual({ MEMLANE_INVALID_INPUT: 2 })
    expect(servers[server.address]).toMatchObject({ state: 'up', connections: 1 })
    expect(inspect(cache.metrics())).toMatch(/^since .*\ncall +calls +keys/)
    cache.resetMetrics()
    expect(cache.metrics().calls).toEqual({})
  })

  it('publishes its calls from the thread of the caller: start and end, and error where one throws', () => {
    const cache = open()
    const events = listen()
    callSome(cache)
    expect(new Set(events.map(([event]) => event))).toEqual(new Set(['start', 'end', 'error']))
    const starts = events.filter(([event]) => event === 'start')
    const ends = events.filter(([event]) => event === 'end').map(([, context]) => context)
    expect(starts).toHaveLength(3 * 13 + 2)
    expect(ends).toHaveLength(starts.length)
    const told = ends.slice(0, 13).map(({ command, keys, namespace, result }) => [command, keys, namespace, result])
    expect(told).toEqual([
      ['set', ['a'], undefined, 'stored'],
      ['get', ['a'], undefined, 'hit'],
      ['get', ['b'], undefined, 'miss'],
      ['get', ['b'], undefined, undefined],
      ['getMany', ['a', 'b', 'a'], undefined, { hits: 1, misses: 1 }],
      ['add', ['a'], undefined, 'notStored'],
      ['incr', ['a'], undefined, 'ok'],
      ['incr', ['missing'], undefined, 'notFound'],
      ['delete', ['missing'], undefined, 'notFound'],
      ['has', ['a'], undefined, 'hit'],
      ['setMany', ['c', 'd'], undefined, { stored: 2, notStored: 0 }],
      ['get', ['a'], 'n:', 'miss'],
      ['noreply.set', ['q'], undefined, 'ok'],
    ])
    expect(ends.filter((context) => 'error' in context)).toHaveLength(2)
    expect(events.filter(([event]) => event === 'error')).toHaveLength(2)
  })

  it('makes its calls for a subscriber that freezes contexts, too', async () => {
    const cache = open()
    const events: string[] = []
    const crashes = collectCrashes()
    const { start, end, error } = tracingChannel('memlane:command')
    const subscribers = [
      [start, (context: unknown) => void Object.freeze(context)],
      [end, () => void events.push('end')],
      [error, () => void events.push('error')],
    ] as const
    for (const [channel, subscriber] of subscribers) channel.subscribe(subscriber)
    onTestFinished(() => {
      for (const [channel, subscriber] of subscribers) channel.unsubscribe(subscriber)
    })
    expect(cache.set('a', 1)).toBe(true)
    expect(cache.get('a')).toBe(1)
    expect(() => cache.incr('a', -1)).toThrow(InvalidInputError)
    expect(events).toEqual(['end', 'end', 'error', 'end'])
    await turns()
    // Two results and an error, which could not be added.
    expect(crashes).toHaveLength(3)
  })
})
