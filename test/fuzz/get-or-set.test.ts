import { describe, expect, it } from 'vitest'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { turns } from '../support/crashes.ts'
import { faultClient } from '../support/fault-client.ts'
import { patient } from '../support/memcache-options.ts'
import { createFuzz, roundsOf, timeout } from './seed.ts'

const clients = 3
const readersPerClient = 4
const USUAL_ROUNDS = 60

/** At most so many turns of the event loop does a loader, or a writer between two writes, take. */
const MOST_TURNS = 40

describe.each(['meta', 'text'] as const)('getOrSet under many readers and a writer, protocol %s', (protocol) => {
  it('never gives what is older than a delete that was finished before the call', { timeout }, async () => {
    const random = createFuzz()
    const rounds = roundsOf(USUAL_ROUNDS)
    const wait = (): Promise<void> => turns(Math.floor(random() * MOST_TURNS))
    await using server = await MemcachedServer.start()
    const caches = Array.from({ length: clients }, () => faultClient(server.address, { ...patient, protocol }))
    let version = 1
    let deletedUpTo = 0
    const writer = { isDone: false }
    const load = async (): Promise<number> => {
      const loaded = version
      await wait()
      return loaded
    }
    const write = async (): Promise<void> => {
      for (let round = 0; round < rounds; round++) {
        const written = ++version
        await caches[round % clients]!.delete('k')
        deletedUpTo = written
        await wait()
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
})
