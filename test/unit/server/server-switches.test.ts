import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { eventually } from '../../support/eventually.ts'
import { RawConnection } from '../../support/raw-connection.ts'
import type { Stream } from './command-streams.ts'
import { ask, exchange, expectSame } from './comparison.ts'
import {
  FILLED_WITH_DIGITS,
  optionStreams,
  WITHOUT_ROOM_FOR_A_DIGIT,
  WITHOUT_ROOM_FOR_A_DIGIT_1_6_27,
} from './option-streams.ts'
import { type Reference, referencePrograms, startReference, versionOf } from './reference-memcached.ts'

const newer = referencePrograms.filter((program) => versionOf(program) !== '1.6.18')

function programsFor(group: string): readonly string[] {
  return group.includes('1.6.27') ? newer : referencePrograms
}

function askWithoutFlush(port: number, stream: Stream): Promise<string> {
  const deletes = ['a', 'b', 'n', 'v'].map((key) => `delete ${key}|`).join('')
  return exchange(port, [deletes, ...(typeof stream === 'string' ? [stream] : stream)])
}

describe.each(Object.entries(optionStreams))('%s', (group, { args, options, streams }) => {
  describe.each(programsFor(group))('next to %s', (program) => {
    let theirs: Reference
    let ours: MemcachedServer

    beforeAll(async () => {
      theirs = await startReference(program, args)
      ours = await MemcachedServer.start({ ...options, version: versionOf(program) })
    })
    afterAll(async () => {
      await theirs?.stop()
      await ours?.close()
    })

    it.each(streams.map((stream, index) => ({ title: `stream ${index + 1}`, stream })))(
      'answers the same to $title',
      async ({ stream }) => {
        // A flush is refused with `-F`, and ends too much with `-C`.
        const send = options.disableFlushAll || options.disableCas ? askWithoutFlush : ask
        const [expected, actual] = await Promise.all([send(theirs.port, stream), send(ours.port, stream)])
        expectSame(actual, expected)
      },
    )
  })
})

describe.each(referencePrograms)('without room for a digit, next to %s', (program) => {
  let theirs: Reference
  let ours: MemcachedServer

  beforeAll(async () => {
    theirs = await startReference(program, ['-M', '-m', '2'])
    ours = await MemcachedServer.start({
      version: versionOf(program),
      disableEvictions: true,
      memoryBytes: 2 * 1024 * 1024,
    })
    await Promise.all([theirs.port, ours.port].map((port) => exchange(port, [FILLED_WITH_DIGITS])))
  })
  afterAll(async () => {
    await theirs?.stop()
    await ours?.close()
  })

  const steps = [
    ...WITHOUT_ROOM_FOR_A_DIGIT,
    ...(versionOf(program) === '1.6.18' ? [] : WITHOUT_ROOM_FOR_A_DIGIT_1_6_27),
  ]

  it.each(steps)('answers the same to %j', async (step) => {
    const [expected, actual] = await Promise.all([theirs.port, ours.port].map((port) => exchange(port, [step])))
    expectSame(actual!, expected!)
    expect(actual).toMatch(/SERVER_ERROR|NS|EN|NOT_FOUND|9/)
  })
})

/** What a statistic counts, or undefined. */
async function counted(port: number, command: string, name: string): Promise<string | undefined> {
  const raw = await RawConnection.open({ port })
  const reply = await raw.ask(`${command}\r\n`, 'END\r\n')
  raw.close()
  return new RegExp(`^STAT ${name} (.*)\r$`, 'm').exec(reply)?.[1]
}

describe.each(referencePrograms)('what has ended, next to %s', (program) => {
  let theirs: Reference
  let ours: MemcachedServer
  let ports: readonly number[]
  let aheadMs = 0

  beforeAll(async () => {
    theirs = await startReference(program)
    ours = await MemcachedServer.start({ version: versionOf(program), now: () => Date.now() + aheadMs })
    ports = [theirs.port, ours.port]
  })
  afterAll(async () => {
    await theirs?.stop()
    await ours?.close()
  })

  const large = 'x'.repeat(66_560)

  it('is counted as reclaimed in its class, and its memory is used again', async () => {
    const [first, second] = [4, 0].map((ttl) =>
      Array.from({ length: 10 }, (_, index) => `set k${ttl}${index} 0 ${ttl} ${large.length}|${large}|`).join(''),
    )
    await Promise.all(ports.map((port) => exchange(port, [first!])))
    const before = await Promise.all(ports.map((port) => counted(port, 'stats slabs', 'total_malloced')))
    // The maintainer thread of a real one does it on its own; ours when it is asked.
    aheadMs += 6000
    await eventually(async () => {
      const reclaimed = await Promise.all(ports.map((port) => counted(port, 'stats items', 'items:\\d+:reclaimed')))
      // A class without items is not shown.
      expect(reclaimed).toEqual([undefined, undefined])
      expect(await Promise.all(ports.map((port) => counted(port, 'stats', 'reclaimed')))).toEqual(['10', '10'])
    })
    await Promise.all(ports.map((port) => exchange(port, [second!])))
    expect(await Promise.all(ports.map((port) => counted(port, 'stats slabs', 'total_malloced')))).toEqual(before)
    for (const port of ports) expect(await counted(port, 'stats items', 'items:\\d+:reclaimed')).toBe('10')
  })

  it('by a flush is counted where a read comes across it', async () => {
    await Promise.all(ports.map((port) => exchange(port, ['set a 0 0 1|x|set b 0 0 1|x|'])))
    aheadMs += 3000
    // What was used in the last second ends at once since 1.6.38, and is not counted.
    await eventually(async () => {
      expect(await exchange(theirs.port, ['me a|'])).toMatch(/ la=[2-9]/)
    })
    const replies = await Promise.all(
      ports.map((port) => exchange(port, ['stats reset|flush_all|get a a|mg a|set a 0 0 1|x|get a|'])),
    )
    expect(replies[1]).toBe(replies[0])
    for (const port of ports) expect(await counted(port, 'stats', 'get_flushed')).toBe('1')
  })
})
