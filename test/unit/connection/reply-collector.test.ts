import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { ReplyCollector } from '../../../src/connection/reply-collector.ts'
import { type ReplyEnding, STATS_LINES } from '../../../src/protocol/exchange.ts'

/** Feeds a stream in two pieces and gives the reply that was found. */
function collect(ending: ReplyEnding, stream: Buffer, cut: number): string | undefined {
  const collector = new ReplyCollector(ending, 1_000_000)
  let length = collector.add(stream, 0, cut)
  if (length < 0) length = collector.add(stream, cut, stream.length)
  return length < 0 ? undefined : collector.reply.subarray(0, length).toString('latin1')
}

const stats = Buffer.from('STAT pid 1\r\nSTAT path /END\r\nSTAT note ends in END\r\nEND\r\n')
const value = Buffer.from('VALUE k 0 5\r\nhello\r\nEND\r\nmore')

describe('a reply collector', () => {
  it.each(Array.from(stats.keys()))('finds the last line of stats when the stream is cut at byte %i', (cut) => {
    expect(collect(STATS_LINES, stats, cut)).toBe(stats.toString())
  })

  it.each(Array.from(value.keys()))('finds an end token when the stream is cut at byte %i', (cut) => {
    const ending = { kind: 'token', token: Buffer.from('\r\nEND\r\n') } as const
    expect(collect(ending, value, cut)).toBe('VALUE k 0 5\r\nhello\r\nEND\r\n')
  })

  it('ends stats at a word that is no STAT line', () => {
    for (const line of ['RESET', 'OK', 'ERROR', 'CLIENT_ERROR usage: stats detail on|off|dump']) {
      expect(collect(STATS_LINES, Buffer.from(`${line}\r\n`), 1)).toBe(`${line}\r\n`)
    }
  })

  const refused = Buffer.from('VALUE k 0 9\r\nERROR\r\nno\r\nSERVER_ERROR backend down\r\n')

  it.each(Array.from(refused.keys()))('finds an error line outside data blocks when cut at byte %i', (cut) => {
    const collector = new ReplyCollector({ kind: 'token', token: Buffer.from('END\r\n') }, 1_000_000)
    collector.add(refused, 0, cut)
    expect(collector.errorLine).toBeUndefined()
    collector.add(refused, cut, refused.length)
    expect(collector.errorLine).toBe('SERVER_ERROR backend down')
  })

  it('leaves what comes after the end of the reply alone', () => {
    const collector = new ReplyCollector({ kind: 'token', token: Buffer.from('END\r\n') }, 1_000_000)
    const stream = Buffer.from('END\r\nERROR\r\n')
    expect(collector.add(stream, 0, stream.length)).toBe(5)
    expect(collector.errorLine).toBeUndefined()
  })

  it('says when there is more than the limit', () => {
    const collector = new ReplyCollector({ kind: 'token', token: Buffer.from('!') }, 3000)
    const bytes = Buffer.alloc(1000)
    for (let at = 0; at < 3; at++) collector.add(bytes, 0, bytes.length)
    expect(collector.tooLong).toBe(false)
    collector.add(bytes, 0, 1)
    expect(collector.tooLong).toBe(true)
  })
})
