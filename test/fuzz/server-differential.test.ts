import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import type { Stream } from '../unit/server/command-streams.ts'
import { ask, expectSame } from '../unit/server/comparison.ts'
import { type Reference, referencePrograms, startReference, versionOf } from '../unit/server/reference-memcached.ts'
import { randomAdministration, randomLines, randomStream, readCounters, readSettings } from './random-streams.ts'
import { parametersOf, timeout } from './seed.ts'

const USUAL_RUNS = 150

describe.each(referencePrograms)('commands at random, next to %s', (program) => {
  let theirs: Reference
  let ours: MemcachedServer
  let calmTheirs: Reference
  let calmOurs: MemcachedServer

  beforeAll(async () => {
    const version = versionOf(program)
    theirs = await startReference(program)
    ours = await MemcachedServer.start({ version })
    // The maintainer thread holds items for a moment, and a held item is copied instead of changed.
    calmTheirs = await startReference(program, ['-o', 'no_lru_maintainer'])
    calmOurs = await MemcachedServer.start({ version })
  })
  afterAll(async () => {
    await theirs?.stop()
    await ours?.close()
    await calmTheirs?.stop()
    await calmOurs?.close()
  })

  async function compare(stream: Stream): Promise<void> {
    const [expected, actual] = await Promise.all([ask(calmTheirs.port, stream), ask(calmOurs.port, stream)])
    expectSame(withoutStats(actual), withoutStats(expected))
    expect(readCounters(actual)).toEqual(readCounters(expected))
  }

  async function compareSettings(stream: string): Promise<void> {
    const [expected, actual] = await Promise.all([ask(theirs.port, stream), ask(ours.port, stream)])
    expect(readSettings(actual)).toEqual(readSettings(expected))
  }

  it('are answered the same, and counted the same', { timeout }, async () => {
    await fc.assert(fc.asyncProperty(randomStream(versionOf(program)), compare), parametersOf(USUAL_RUNS))
  })

  it('that administer are answered the same, and leave the same settings', { timeout }, async () => {
    await fc.assert(fc.asyncProperty(randomAdministration, compareSettings), parametersOf(USUAL_RUNS))
  })

  it('that make no sense are refused the same, and the stream goes on at the same place', { timeout }, async () => {
    await fc.assert(fc.asyncProperty(randomLines, compare), parametersOf(USUAL_RUNS))
  })
})

function withoutStats(reply: string): string {
  return reply.replace(/^STAT.*\r\n/gm, '')
}
