import { Buffer } from 'node:buffer'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Engine } from '../../../src/server/engine.ts'
import { Session } from '../../../src/server/session.ts'
import { streams } from './command-streams.ts'
import { Dialogue } from './dialogue.ts'

describe('leases', () => {
  it('N makes one winner until the item is stored', () => {
    const cache = new Dialogue()
    expect(cache.ask('mg a N30 v t|mg a N30 v t|mg a v t|')).toBe('VA 0 t30 W||VA 0 t30 Z||VA 0 t30 Z||')
    expect(cache.ask('ms a 3 T60|new|mg a N30 v t|')).toBe('HD|VA 3 t60|new|')
  })

  it('N makes a winner again when the placeholder has ended', () => {
    const cache = new Dialogue()
    cache.ask('mg a N30|')
    cache.clock.advance(30)
    expect(cache.ask('mg a N30|mg a N30|')).toBe('HD W|HD Z|')
  })

  it('R makes one winner once less time is left', () => {
    const cache = new Dialogue()
    cache.ask('ms a 1 T100|x|')
    expect(cache.ask('mg a R30 t|')).toBe('HD t100|')
    cache.clock.advance(71)
    expect(cache.ask('mg a R30 t|mg a R30 t|mg a t|')).toBe('HD t29 W|HD t29 Z|HD t29 Z|')
    expect(cache.ask('mg a T100|mg a R30 t|')).toBe('HD Z|HD t100 Z|')
  })

  it('R never wins an item that does not end', () => {
    expect(new Dialogue().ask('ms a 1|x|mg a R1000|')).toBe('HD|HD|')
  })

  it('I leaves a stale item with one winner, until it is stored', () => {
    const cache = new Dialogue()
    cache.ask('ms a 1 T100|x|')
    expect(cache.ask('md a I T20|mg a v t|mg a v|md a I|mg a|')).toBe('HD|VA 1 t20 X W|x|VA 1 Z X|x|HD|HD X W|')
    expect(cache.ask('ms a 1|y|mg a v|')).toBe('HD|VA 1|y|')
  })
})

describe('times of a read', () => {
  it('t is the time left', () => {
    const cache = new Dialogue()
    cache.ask('ms a 1 T100|x|')
    cache.clock.advance(40)
    expect(cache.ask('mg a t|mg a t T10 t|touch a 0|mg a t|')).toBe(
      'HD t60|CLIENT_ERROR duplicate flag|TOUCHED|HD t-1|',
    )
  })

  it('l is the time since the last use, of which the first read is none', () => {
    const cache = new Dialogue()
    cache.ask('ms a 1|x|')
    cache.clock.advance(5)
    expect(cache.ask('mg a h l|')).toBe('HD h0 l5|')
    cache.clock.advance(5)
    expect(cache.ask('mg a h l|mg a l u|')).toBe('HD h1 l10|HD l0|')
  })

  it('gat, touch and T give new time', () => {
    const cache = new Dialogue()
    cache.ask('set a 0 10 1|x|set b 0 10 1|x|set c 0 10 1|x|gat 20 a|touch b 20|mg c T20|')
    cache.clock.advance(19)
    expect(cache.ask('get a b c|')).toBe('VALUE a 0 1|x|VALUE b 0 1|x|VALUE c 0 1|x|END|')
    cache.clock.advance(1)
    expect(cache.ask('get a b c|')).toBe('END|')
  })
})

describe('versions', () => {
  it('before 1.6.10 there are no meta commands', () => {
    const cache = new Dialogue({ version: '1.6.9' })
    expect(cache.ask('version|mg a v|mn|ms a 1|md a|')).toBe('VERSION 1.6.9|ERROR|ERROR|ERROR|ERROR|')
  })

  it('before 1.6.18 a miss is a bare EN', () => {
    expect(new Dialogue({ version: '1.6.17' }).ask('mg a k O1 v|mg a|')).toBe(
      'EN|CLIENT_ERROR bad command line format|',
    )
  })

  it('before 1.6.20 ms N makes nothing, before 1.6.27 there is no E', () => {
    expect(new Dialogue({ version: '1.6.19' }).ask('ms a 1 MA N0|x|')).toBe('NS|')
    expect(new Dialogue({ version: '1.6.20' }).ask('ms a 1 MA N0 s|x|ms a 1 E5|x|')).toBe(
      'HD s1|CLIENT_ERROR invalid flag|',
    )
    expect(new Dialogue({ version: '1.6.27' }).ask('ms a 1 E5 c|x|')).toBe('HD c5|')
  })

  it.each(['', 'new', '1.6', ' 1.6.45', '1.6.45\r\n'])('%j is none', (version) => {
    expect(() => new Dialogue({ version })).toThrow('option version')
  })
})

describe('counters', () => {
  it('tell what happened', () => {
    const cache = new Dialogue()
    cache.ask(
      'set a 0 0 1|5|get a b|gets a|incr a 1|decr a 1|incr b 1|delete b|delete a|touch a 0|gat 0 a|flush_all|me a|',
    )
    cache.ask('set a 0 0 1|x|cas a 0 0 1 999|y|cas b 0 0 1 1|y|mg a v|mg c v|')
    const names = [
      'cmd_get',
      'get_hits',
      'get_misses',
      'cmd_set',
      'incr_hits',
      'incr_misses',
      'decr_hits',
      'delete_hits',
    ]
    expect(names.map((name) => cache.stat(name))).toEqual([5, 3, 2, 4, 1, 1, 1, 1])
    const more = ['delete_misses', 'cmd_touch', 'touch_misses', 'cmd_flush', 'cas_badval', 'cas_misses', 'curr_items']
    expect(more.map((name) => cache.stat(name))).toEqual([1, 2, 2, 1, 1, 1, 1])
    expect(cache.stat('total_items')).toBe(2)
    expect(cache.stat('bytes')).toBe(61)
  })

  it('follow the clock and start again with a reset', () => {
    const cache = new Dialogue()
    cache.clock.advance(10)
    expect(cache.stat('uptime')).toBe(12)
    expect(cache.stat('time')).toBe(cache.clock.unixSeconds)
    expect(cache.ask('get a|stats reset|')).toBe('END|RESET|')
    expect(cache.stat('cmd_get')).toBe(0)
  })

  it('an item that no eviction can make room for is refused, and drops the old one', () => {
    const cache = new Dialogue({ memoryBytes: 200 })
    cache.ask('set a 0 0 1|x|')
    expect(cache.ask(`set a 0 0 300|${'x'.repeat(300)}|get a|`)).toBe('SERVER_ERROR out of memory storing object|END|')
    expect(cache.stat('store_no_memory')).toBe(1)
  })
})

describe('output', () => {
  it('is one piece for all small replies to a chunk', () => {
    const cache = new Dialogue()
    cache.session.receive(Buffer.from(`set a 0 0 10\r\n0123456789\r\n${'get a\r\nmn\r\nmg a v\r\n'.repeat(100)}`))
    expect(cache.session.output.take()).toHaveLength(1)
  })

  it('stops the commands of a chunk when too much of it waits', () => {
    const cache = new Dialogue()
    cache.ask(`set a 0 0 100000|${'x'.repeat(100_000)}|`)
    cache.session.receive(Buffer.from('get a\r\n'.repeat(1000)))
    expect(cache.session.full).toBe(true)
    expect(cache.session.output.bytes).toBeLessThan(1_300_000)
    expect(cache.replies().match(/END/g)).toHaveLength(1000)
  })

  it('holds the value of the time it was asked for', () => {
    const cache = new Dialogue()
    cache.ask(`set a 0 0 9000|${'1'.repeat(9000)}|set b 0 0 2|10|`)
    expect(cache.ask('get a b|set a 0 0 1|x|decr b 1|get b|')).toBe(
      `VALUE a 0 9000|${'1'.repeat(9000)}|VALUE b 0 2|10|END|STORED|9|VALUE b 0 2|9 |END|`,
    )
  })
})

/** All that a session has to say to a stream that comes in these chunks. */
function replyTo(chunks: readonly Buffer[]): string {
  const { engine } = new Dialogue()
  const session = new Session(engine, [])
  let reply = ''
  for (const chunk of chunks) {
    session.receive(chunk)
    do {
      reply += Buffer.concat(session.output.take()).toString('latin1')
      if (session.full) session.proceed()
    } while (session.full || session.output.bytes > 0)
  }
  return `${reply}<${session.fate}>`
}

describe('any stream', () => {
  const small = Object.values(streams)
    .flat()
    .filter((stream) => typeof stream === 'string' && stream.length < 300)
    .map((stream) => Buffer.from(`${String(stream).replaceAll('|', '\r\n')}\r\nmn\r\n`, 'latin1'))
    // The replies before one of these are dropped, if they have not left.
    .filter((stream) => !stream.includes('HTTP/'))
    // These must come alone, which they do if every byte does.
    .filter((stream) => !/metadump all|watch/.test(stream.toString('latin1')))

  it('is answered the same one byte at a time', () => {
    for (const stream of small) {
      const bytes = Array.from(stream.keys(), (at) => stream.subarray(at, at + 1))
      expect(replyTo(bytes), stream.toString('latin1')).toBe(replyTo([stream]))
    }
  })

  it('is survived, and what follows in sync is answered', () => {
    const word = fc.oneof(
      fc.constantFrom(
        'get',
        'set',
        'ms',
        'mg',
        'ma',
        'md',
        'me',
        'mn',
        'incr',
        'cas',
        'gat',
        'touch',
        'flush_all',
        'b',
      ),
      fc.constantFrom(
        'a',
        'YQ==',
        '0',
        '1',
        '-1',
        '5',
        'v',
        'T5',
        'N1',
        'MA',
        'C1',
        'noreply',
        'q',
        'O1',
        'E9',
        '\r\n',
      ),
      fc.string({ maxLength: 8 }),
    )
    const stream = fc.array(word, { maxLength: 60 }).map((words) => Buffer.from(words.join(' ')))
    fc.assert(
      fc.property(stream, fc.nat(300), (bytes, at) => {
        const cut = [bytes.subarray(0, at), bytes.subarray(at)]
        expect(replyTo(cut)).toBe(replyTo([bytes]))
      }),
      { numRuns: 500 },
    )
  })
})

describe('an engine', () => {
  it('is shared by its sessions', () => {
    const { engine } = new Dialogue()
    expect(engine).toBeInstanceOf(Engine)
    const [first, second] = [new Session(engine, []), new Session(engine, [])]
    first.receive(Buffer.from('set a 0 0 1\r\nx\r\n'))
    second.receive(Buffer.from('get a\r\n'))
    expect(Buffer.concat(second.output.take()).toString()).toBe('VALUE a 0 1\r\nx\r\nEND\r\n')
  })
})
