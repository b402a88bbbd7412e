import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { loginStreams, type Stream, streams } from './command-streams.ts'
import { ask, exchange, expectSame } from './comparison.ts'
import { type Reference, referencePrograms, startReference, versionOf } from './reference-memcached.ts'

describe.each(referencePrograms)('next to %s', (program) => {
  let theirs: Reference
  let ours: MemcachedServer

  beforeAll(async () => {
    theirs = await startReference(program)
    ours = await MemcachedServer.start({ version: versionOf(program) })
  })
  afterAll(async () => {
    await theirs?.stop()
    await ours?.close()
  })

  describe('with a login', () => {
    let lockedTheirs: Reference
    let lockedOurs: MemcachedServer
    let folder: string

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'memlane-login-'))
      const file = join(folder, 'accounts')
      writeFileSync(file, 'user:pass\nother:p w\n', { mode: 0o600 })
      lockedTheirs = await startReference(program, ['-Y', file])
      const auth = [
        { username: 'user', password: 'pass' },
        { username: 'other', password: 'p w' },
      ]
      lockedOurs = await MemcachedServer.start({ version: versionOf(program), auth })
    })
    afterAll(async () => {
      await lockedTheirs?.stop()
      await lockedOurs?.close()
      rmSync(folder, { recursive: true })
    })

    it.each(loginStreams.map((stream) => ({ title: titleOf(stream), stream })))(
      'answers the same to $title',
      async ({ stream }) => {
        const steps = typeof stream === 'string' ? [stream] : stream
        const replies = await Promise.all([exchange(lockedTheirs.port, steps), exchange(lockedOurs.port, steps)])
        expectSame(replies[1], replies[0])
      },
    )
  })

  describe.each(Object.entries(streams))('%s', (_group, list) => {
    it.each(list.map((stream) => ({ title: titleOf(stream), stream })))(
      'answers the same to $title',
      async ({ stream }) => {
        const [expected, actual] = await Promise.all([ask(theirs.port, stream), ask(ours.port, stream)])
        expectSame(actual, expected)
      },
    )
  })

  it('names the same statistics, in the same order, with the same type of value', async () => {
    // Servers of their own: a real one keeps every slab class that it ever had.
    const fresh = await startReference(program)
    await using own = await MemcachedServer.start({ version: versionOf(program) })
    const items = `set a 0 0 1|x|ms b 5000 T100|${'y'.repeat(5000)}|get a|`
    for (const command of ['stats', 'stats settings', 'stats items', 'stats slabs', 'stats sizes']) {
      const stream = `${items}${command}|`
      const [expected, actual] = await Promise.all([ask(fresh.port, stream), ask(own.port, stream)])
      expect(statShapes(actual)).toEqual(statShapes(expected))
    }
    await fresh.stop()
  })
})

function titleOf(stream: Stream): string {
  const text = typeof stream === 'string' ? stream : stream.join(' … ')
  const shown = text.length > 70 ? `${text.slice(0, 50)}…${text.slice(-15)} (${text.length} characters)` : text
  return JSON.stringify(shown).replaceAll('%', '%%').replaceAll('$', '')
}

/** Names with the kind of value; a version, a path, a yes or a no are all text. */
function statShapes(reply: string): string[] {
  return [...reply.matchAll(/^STAT (\S+) (.*)\r$/gm)].map((match) => `${match[1]!} ${shapeOf(match[2]!)}`)
}

function shapeOf(value: string): string {
  if (/^\d+$/.test(value)) return 'number'
  return /^\d+\.\d+$/.test(value) ? 'decimal' : 'text'
}
