import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { MemcachedServer } from '../../../../src/server/memcached-server.ts'
import { faultClient } from '../../../support/fault-client.ts'
import { patient } from '../../../support/memcache-options.ts'

const clients = 3
const readersPerClient = 4
const rounds = 60

/** At most this long does a loader, or a writer between two writes, take. */
const longestMs = 8

describe.each(['meta', 'text'] as const)('getOrSet under many readers and a writer, protocol %s', (protocol) => {
  it('never gives what is older than a delete that was finished before the call', async () => {
    await using server = await MemcachedServer.start()
    const caches = Array.from({ length: clients }, () => faultClient(server.address, { ...patient, protocol }))
    let version = 1
    let deletedUpTo = 0
    const writer = { isDone: false }
    const load = async (): Promise<number> => {
      const loaded = version
      await wait(Math.random() * longestMs)
      return loaded
    }
    const write = async (): Promise<void> => {
      for (let round = 0; round < rounds; round++) {
        const written = ++version
        await caches[round % clients]!.delete('k')
        deletedUpTo = written
        await wait(Math.random() * longestMs)
      }
      writer.isDone = true
    }
    let reads = 0
    const read = async (reader: number): Promise<void> => {
      while (!writer.isDone) {
        const least = deletedUpTo
        expect(await caches[reader % clients]!.getOrSet('k', load, { ttl: 60 })).toBeGreaterThanOrEqual(least)
        reads++
      }
    }
    const readers = Array.from({ length: clients * readersPerClient }, (_, reader) => read(reader))
    await Promise.all([write(), ...readers])
    expect(reads).toBeGreaterThan(rounds)
    // What was loaded before the last delete is not there.
    expect([undefined, version]).toContain(await caches[0]!.get('k'))
  })

  it('stores values that are compressed on the thread pool', async () => {
    await using server = await MemcachedServer.start()
    const cache = faultClient(server.address, { ...patient, protocol, compression: { minBytes: 10, asyncBytes: 100 } })
    const text = 'abc'.repeat(50_000)
    expect(await cache.getOrSet('k', () => text)).toBe(text)
    expect(await cache.get('k')).toBe(text)
    expect(await cache.getOrSet('k', () => 'not loaded')).toBe(text)
    expect(await cache.update<string>('k', (current = '') => `${current}!`)).toBe(`${text}!`)
    expect(await cache.pop('k')).toBe(`${text}!`)
  })
})
