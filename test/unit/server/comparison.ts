import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect } from 'vitest'
import type { Stream } from './command-streams.ts'

/** Every key that the streams use. */
const FLUSH = 'flush_all|get a b aa foo pre:a|'

/** Sends a stream to an empty server, each step but the last followed by a barrier; gives all that came back. */
export async function ask(port: number, stream: Stream): Promise<string> {
  // At the turn of a second, memcached 1.6.45 may leave an item that was stored just before.
  while ((await exchange(port, [FLUSH])) !== 'OK\r\nEND\r\n');
  return exchange(port, typeof stream === 'string' ? [stream] : stream)
}

/** Sends a stream in steps, each but the last followed by a barrier; gives all that came back. */
export async function exchange(port: number, steps: readonly string[]): Promise<string> {
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
export function expectSame(actual: string, expected: string): void {
  expect(normalize(actual)).toBe(normalize(expected))
  const expectedTimes = timesIn(expected)
  for (const [index, time] of timesIn(actual).entries()) {
    expect(Math.abs(time - expectedTimes[index]!)).toBeLessThanOrEqual(1)
  }
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
