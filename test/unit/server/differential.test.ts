import { Buffer } from 'node:buffer'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { loginStreams, type Stream, streams } from './command-streams.ts'
import { type Reference, startReference } from './reference-memcached.ts'

/** Others besides the one that is installed: paths of memcached programs, parted by colons. */
const { MEMLANE_MEMCACHED: others = '' } = process.env
const programs = ['memcached', ...others.split(':').filter((path) => path !== '')]

function versionOf(program: string): string {
  const [, version] = /memcached (\S+)/.exec(execFileSync(program, ['-V'], { encoding: 'latin1' })) ?? []
  if (version === undefined) throw new Error(`${program} -V does not tell its version`)
  return version
}

describe.each(programs)('next to %s', (program) => {
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

  it('names no general statistics that the real one does not', async () => {
    const [expected, actual] = await Promise.all([ask(theirs.port, 'stats|'), ask(ours.port, 'stats|')])
    // What the real one counts only once it is turned on.
    const known = [...statNames(expected), 'idle_kicks']
    expect(statNames(actual).filter((name) => !known.includes(name))).toEqual([])
  })
})

function titleOf(stream: Stream): string {
  const text = typeof stream === 'string' ? stream : stream.join(' … ')
  const shown = text.length > 70 ? `${text.slice(0, 50)}…${text.slice(-15)} (${text.length} characters)` : text
  return JSON.stringify(shown).replaceAll('%', '%%').replaceAll('$', '')
}

/** Sends a stream to an empty server, each step but the last followed by a barrier; gives all that came back. */
async function ask(port: number, stream: Stream): Promise<string> {
  // At the turn of a second, memcached 1.6.45 may leave an item that was stored just before.
  while ((await exchange(port, ['flush_all|get a b aa foo|'])) !== 'OK\r\nEND\r\n');
  return exchange(port, typeof stream === 'string' ? [stream] : stream)
}

async function exchange(port: number, steps: readonly string[]): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let received = ''
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1')
  })
  // A server that closes with our bytes unread resets the connection: that is a close too.
  socket.on('error', () => {})
  const closed = new Promise((resolve) => {
    socket.once('close', resolve)
  })
  for (const [index, step] of steps.entries()) {
    const bytes = Buffer.from(step.replaceAll('{cas}', lastCas(received)).replaceAll('|', '\r\n'), 'latin1')
    if (index === steps.length - 1) {
      socket.end(bytes)
    } else {
      socket.write(bytes)
      socket.write('mn\r\n')
      await barrier(socket, () => received)
    }
  }
  await closed
  return received
}

async function barrier(socket: Socket, received: () => string): Promise<void> {
  while (!received().endsWith('MN\r\n')) {
    await Promise.race([once(socket, 'data'), once(socket, 'close')])
    if (socket.destroyed) throw new Error(`the server closed before the last step: ${received()}`)
  }
}

function lastCas(reply: string): string {
  return [...reply.matchAll(/ c(\d+)|^VALUE \S+ \d+ \d+ (\d+)/gm)].map((match) => match[1] ?? match[2]!).at(-1) ?? '0'
}

/** Compares replies: cas numbers by their order of appearance, times with one second of tolerance. */
function expectSame(actual: string, expected: string): void {
  expect(normalize(actual)).toBe(normalize(expected))
  const expectedTimes = timesIn(expected)
  for (const [index, time] of timesIn(actual).entries()) {
    expect(Math.abs(time - expectedTimes[index]!)).toBeLessThanOrEqual(1)
  }
}

function statNames(reply: string): string[] {
  return [...reply.matchAll(/^STAT (\S+)/gm)].map((match) => match[1]!)
}

const timeLike = /( t| l|exp=|la=)(-?\d+)/g

function timesIn(reply: string): number[] {
  return [...reply.matchAll(timeLike)].map((match) => shownTime(match[2]!))
}

/** A time in the past shows as an underflow that depends on how long the server has been running. */
function shownTime(text: string): number {
  const time = Number(text)
  return time > 0x8000_0000 ? 0xffff_ffff : time
}

function normalize(reply: string): string {
  const seen = new Map<string, string>()
  const rank = (cas: string): string => {
    if (!seen.has(cas)) seen.set(cas, `#${seen.size}`)
    return seen.get(cas)!
  }
  return shorten(reply)
    .replace(timeLike, '$1*')
    .replace(/( c|cas=)([1-9]\d*)/g, (_all, prefix: string, cas: string) => prefix + rank(cas))
    .replace(/^(VALUE \S+ \d+ \d+ )(\d+)/gm, (_all, prefix: string, cas: string) => prefix + rank(cas))
}

function shorten(reply: string): string {
  return reply.replace(/y{1000,}/g, (run) => `<${run.length} times y>`)
}
