import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { eventually } from '../../support/eventually.ts'
import { RawConnection } from '../../support/raw-connection.ts'
import { ask, expectSame } from './comparison.ts'
import { type Reference, referencePrograms, startReference, versionOf } from './reference-memcached.ts'

const ITEMS = [
  'set a 0 0 1|x|set pre:b 5 100 3|abc|ms Zm9v 3 b|xyz|ms k\t%~\xe9 1 F7|x|',
  `set big 0 0 5000|${'x'.repeat(5000)}|set late 0 -1 1|x|get a|`,
].join('')

/** A real crawler goes through the slab classes in turns, or through its hash table. */
function sorted(reply: string): string {
  return reply
    .split(/(?<=\n)/)
    .toSorted()
    .join('')
}

describe.each(referencePrograms)('next to %s', (program) => {
  let theirs: Reference
  let ours: MemcachedServer

  beforeAll(async () => {
    theirs = await startReference(program)
    ours = await MemcachedServer.start({ version: versionOf(program) })
    await Promise.all([theirs.port, ours.port].map((port) => ask(port, ITEMS)))
  })
  afterAll(async () => {
    await theirs?.stop()
    await ours?.close()
  })

  it.each(['metadump all', 'metadump hash', 'metadump 1', 'metadump 19', 'metadump 1,19', 'metadump 5'])(
    'lru_crawler %s shows the same items',
    async (words) => {
      const [expected, actual] = await Promise.all(
        [theirs.port, ours.port].map((port) => dump(port, `lru_crawler ${words}`)),
      )
      expectSame(sorted(actual!), sorted(expected!))
    },
  )

  // Older ones do not know it; that is compared with the other unknown commands.
  const mgdumps = versionOf(program) === '1.6.18' ? [] : ['mgdump all', 'mgdump hash', 'mgdump 1', 'mgdump 5']

  it.each(mgdumps)('lru_crawler %s shows the same keys', async (words) => {
    const [expected, actual] = await Promise.all(
      [theirs.port, ours.port].map((port) => dump(port, `lru_crawler ${words}`)),
    )
    expect(sorted(actual!)).toBe(sorted(expected!))
  })

  it('stats cachedump shows the same items, once the real one has moved them to its cold list', async () => {
    const mine = readItems(await dump(ours.port, 'stats cachedump 1 0'))
    await eventually(async () => {
      const real = readItems(await dump(theirs.port, 'stats cachedump 1 0'))
      expect(mine.map(([head]) => head)).toEqual(real.map(([head]) => head))
      for (const [index, [, time]] of mine.entries()) {
        expect(Math.abs(time - real[index]![1])).toBeLessThanOrEqual(1)
      }
    })
    expect(readItems(await dump(ours.port, 'stats cachedump 1 1'))).toHaveLength(1)
  })

  it('stats conns tells the same of the listener and of the connection that asks', async () => {
    // A server lists a connection that its client closed until it has read the end of it.
    await eventually(async () => {
      const [expected, actual] = await Promise.all([theirs.port, ours.port].map((port) => dump(port, 'stats conns')))
      expect(connections(actual!)).toEqual(connections(expected!))
    })
  })

  it('watch tells the same of the same commands', async () => {
    const [expected, actual] = await Promise.all([theirs.port, ours.port].map(watchEverything))
    expect(actual).toEqual(expected)
    expect(actual!.length).toBeGreaterThan(40)
  })
})

/** The whole reply to a command that lists something. */
async function dump(port: number, command: string): Promise<string> {
  const raw = await RawConnection.open({ port })
  const reply = await raw.ask(`${command}\r\n`, /mgdump/.test(command) ? 'EN\r\n' : 'END\r\n')
  raw.close()
  return reply
}

/** `ITEM key [size b; time s]`, in the order of their keys, the time apart. Items that have ended may be left out. */
function readItems(reply: string): (readonly [string, number])[] {
  return [...reply.matchAll(/^(ITEM .* \[\d+ b); (\d+) s\]\r$/gm)]
    .filter((match) => !match[1]!.startsWith('ITEM late '))
    .map((match) => [match[1]!, Number(match[2])] as const)
    .toSorted(([first], [second]) => (first < second ? -1 : 1))
}

function connections(reply: string): string[] {
  return reply
    .replaceAll(/^STAT \d+:/gm, 'STAT #:')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'host:port')
    .replaceAll(/last_cmd \d+/g, 'last_cmd #')
    .split('\r\n')
}

const commands = [
  'set a 0 0 1|x|',
  'set pre:b 5 100 2|xy|',
  'get a b|',
  'gat 100 a|',
  'touch a 50|',
  'mg a v|',
  'mg nope v|',
  'mg vivified N30 v|',
  'ms Zm9v 2 b T5|xx|',
  'mg Zm9v b v|',
  'add a 0 0 1|y|',
  'replace zz 0 0 1|y|',
  'cas a 0 0 1 1|y|',
  'append a 0 0 1|y|',
  'incr n 1|',
  'set n 0 0 1|5|',
  'incr n 1|',
  'incr n 10|',
  'ma n|',
  'ma m N0 J5|',
  'ms a 1 MA|z|',
  'ms q 1 MR|z|',
  'ms a 1 C1|z|',
  'md a I|',
  'me a|',
  'delete a|',
  'delete a|',
  'md n|',
  'md n|',
  'set k 0 0 1 noreply|x|mn|',
  // Whether a read finds it expired or gone depends on the maintainer thread.
  'set neg 0 -1 1|x|',
]

/** What a watcher of items is told, in order, without what is different each time. */
async function watchEverything(port: number): Promise<string[]> {
  const watcher = await RawConnection.open({ port })
  const deletions = (await watcher.ask('version\r\n')).includes('1.6.18') ? '' : ' deletions'
  await watcher.ask(`watch mutations fetchers${deletions}\r\n`)
  const raw = await RawConnection.open({ port })
  for (const command of commands) {
    await raw.ask(`${command.replaceAll('|', '\r\n')}mn\r\n`, 'MN\r\n')
  }
  await raw.ask('get the_end\r\n')
  let told = await watcher.ask('', 'key=the_end')
  // Worker threads of a real one tell their lines in turns: those of the last one come with the last line.
  told = told.slice(0, told.lastIndexOf('ts='))
  raw.close()
  watcher.close()
  return told
    .split('\n')
    .filter((line) => line !== '')
    .toSorted((first, second) => idOf(first) - idOf(second))
    .map((line) =>
      line
        .replace(/^ts=\d+\.\d+ gid=\d+ /, '')
        .replace(/ttl=[1-9]\d*/, 'ttl=#')
        .replace(/cfd=\d+/, 'cfd=#'),
    )
}

function idOf(line: string): number {
  return Number(/gid=(\d+)/.exec(line)?.[1])
}
