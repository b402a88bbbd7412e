import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { Pipeline } from '../../../src/connection/pipeline.ts'
import { UnknownCommands } from '../../../src/connection/unknown-commands.ts'
import { InvalidInputError, type MemcacheError, ProtocolError } from '../../../src/errors.ts'
import { encodeKeyBytes } from '../../../src/protocol/key.ts'
import { Operation } from '../../../src/protocol/operation.ts'
import { ReplyParser } from '../../../src/protocol/reply-parser.ts'
import { DELETE, GET, GETS, type Request } from '../../../src/protocol/request.ts'
import { parseServerVersion } from '../../../src/protocol/server-version.ts'
import { giveAway } from '../../support/lost-bytes.ts'

interface Sent {
  readonly operation: Operation
  readonly outcome: () => unknown
}

/** A conversation without a socket: what was written, what came of the commands. */
class Conversation {
  readonly quietErrors: MemcacheError[] = []
  readonly pipeline: Pipeline
  readonly #parser = new ReplyParser()

  constructor(protocol: 'meta' | 'text' = 'meta', coalesce = { maxKeys: 128, maxBytes: 16_384 }, version = '1.6.45') {
    this.pipeline = new Pipeline({
      server: 'test',
      protocol,
      version: parseServerVersion(version),
      coalesce,
      maxValueBytes: 1000,
      timeoutMs: 1000,
      unknownCommands: new UnknownCommands(),
      onQuietError: (error) => this.quietErrors.push(error),
    })
  }

  send(request: Request, key: string, quiet = false, awaitsBarrier = false): Sent {
    const sent = this.make(request, key, quiet, awaitsBarrier)
    this.pipeline.send(sent.operation)
    return sent
  }

  make(request: Request, key: string, quiet = false, awaitsBarrier = false): Sent {
    let outcome: unknown = 'pending'
    const operation = new Operation(request, encodeKeyBytes(Buffer.from(key)), key, 1000, (reply) => {
      return reply.outcome === 'hit' ? reply.bytes.toString('utf8', reply.start, reply.end) : reply.outcome
    })
    operation.resolve = (value) => {
      outcome = value
    }
    operation.reject = (reason) => {
      outcome = reason
    }
    operation.quiet = quiet
    operation.awaitsBarrier = awaitsBarrier
    return { operation, outcome: () => outcome }
  }

  written(): string {
    return this.pipeline
      .finish(false)
      .map((chunk) => (typeof chunk.data === 'string' ? chunk.data : Buffer.from(chunk.data).toString()))
      .join('')
  }

  answer(text: string): MemcacheError | undefined {
    const bytes = Buffer.from(text)
    this.#parser.feed(bytes, 0, bytes.length)
    while (this.#parser.next() === 'reply') {
      const fault = this.pipeline.receive(this.#parser.reply)
      if (fault !== undefined) return fault
    }
    return undefined
  }
}

const store = (data: string): Request => ({
  command: 'set',
  data,
  bytes: Buffer.byteLength(data),
  clientFlags: 0,
  exptime: 0,
  cas: 0n,
})

describe('Pipeline', () => {
  it('puts neighbouring reads on one line; a write closes it, to keep the order', () => {
    const talk = new Conversation()
    talk.send(GET, 'a')
    talk.send(GET, 'b')
    talk.send(store('v'), 'a')
    talk.send(GET, 'a')
    talk.send(GETS, 'a')
    expect(talk.written()).toBe('get a b\r\nms a 1 O1\r\nv\r\nget a\r\ngets a\r\n')
  })

  it('caps a line by keys and by bytes', () => {
    const byKeys = new Conversation('meta', { maxKeys: 2, maxBytes: 1000 })
    for (const key of ['a', 'b', 'c']) byKeys.send(GET, key)
    expect(byKeys.written()).toBe('get a b\r\nget c\r\n')
    const byBytes = new Conversation('meta', { maxKeys: 100, maxBytes: 5 })
    for (const key of ['aaa', 'bbb']) byBytes.send(GET, key)
    expect(byBytes.written()).toBe('get aaa\r\nget bbb\r\n')
  })

  it('keeps lines short for servers that answer ERROR to long ones', () => {
    const talk = new Conversation('meta', { maxKeys: 1000, maxBytes: 16_384 }, '1.6.12')
    for (let index = 0; index < 100; index++) talk.send(GET, `${index}-${'k'.repeat(50)}`)
    for (const line of talk.written().split('\r\n')) expect(line.length).toBeLessThanOrEqual(2010)
  })

  it('gives each value to the read of its key, and a miss to the rest', () => {
    const talk = new Conversation()
    const [a, b, c, again] = ['a', 'b', 'c', 'a'].map((key) => talk.send(GET, key))
    talk.written()
    // A proxy may answer in another order.
    expect(talk.answer('VALUE c 0 1\r\n3\r\nVALUE a 0 1\r\n1\r\nVALUE a 0 1\r\n1\r\nEND\r\n')).toBeUndefined()
    expect([a, b, c, again].map((sent) => sent!.outcome())).toEqual(['1', 'miss', '3', '1'])
    expect(talk.pipeline.length).toBe(0)
  })

  it('matches keys that are not ASCII', () => {
    const talk = new Conversation()
    const sent = talk.send(GET, 'é')
    talk.written()
    talk.answer('VALUE é 0 1\r\n1\r\nEND\r\n')
    expect(sent.outcome()).toBe('1')
  })

  it.each([
    ['a value under another key', 'VALUE b 0 1\r\n1\r\nEND\r\n'],
    ['another kind of reply', 'STORED\r\n'],
    ['a meta reply', 'HD O1\r\n'],
    ['garbage', 'WHAT\r\n'],
  ])('takes %s for a read as out of step', (_name, text) => {
    const talk = new Conversation()
    const sent = talk.send(GET, 'a')
    talk.written()
    expect(talk.answer(text)).toBeInstanceOf(ProtocolError)
    expect(sent.outcome()).toBe('pending')
  })

  it.each([
    ['another opaque', 'HD O2\r\n'],
    ['no opaque', 'HD\r\n'],
    ['a reply of the other protocol', 'STORED\r\n'],
    ['a value', 'VALUE a 0 1\r\n1\r\n'],
    ['END', 'END\r\n'],
  ])('takes %s for a meta command as out of step', (_name, text) => {
    const talk = new Conversation()
    talk.send(store('v'), 'a')
    talk.written()
    expect(talk.answer(text)).toBeInstanceOf(ProtocolError)
  })

  it('takes any reply as out of step when nobody waits', () => {
    expect(new Conversation().answer('END\r\n')).toBeInstanceOf(ProtocolError)
  })

  it('passes over the late reply of a command that was given up', () => {
    const talk = new Conversation()
    const late = talk.send(GET, 'a')
    const next = talk.send(store('v'), 'b')
    talk.written()
    late.operation.fail('given up')
    expect(talk.answer('VALUE a 0 1\r\n1\r\nEND\r\nHD O1\r\n')).toBeUndefined()
    expect([late.outcome(), next.outcome()]).toEqual(['given up', 'stored'])
  })

  it('closes a run of quiet commands by a barrier before any other command', () => {
    const talk = new Conversation()
    talk.send(store('v'), 'a', true)
    talk.send(DELETE, 'b', true)
    const read = talk.send(GET, 'c')
    expect(talk.written()).toBe('ms a 1 q O1\r\nv\r\nmd b q O2\r\nmn\r\nget c\r\n')
    expect(talk.answer('SERVER_ERROR out of memory\r\nNF O2\r\nMN\r\nEND\r\n')).toBeUndefined()
    expect(talk.quietErrors).toHaveLength(1)
    expect(read.outcome()).toBe('miss')
  })

  it('ends on an error line in a shared read line and hands back the unanswered reads', () => {
    const talk = new Conversation()
    const [a, b] = ['a', 'b'].map((key) => talk.send(GET, key))
    const behind = talk.send(store('v'), 'c')
    talk.written()
    expect(talk.answer('VALUE a 0 1\r\n1\r\nSERVER_ERROR backend failure\r\n')).toBeDefined()
    expect(a!.outcome()).toBe('1')
    const { again, unanswered } = talk.pipeline.drain()
    expect(again).toEqual([b!.operation])
    expect(unanswered).toEqual([behind.operation])
  })

  it('goes on behind SERVER_ERROR, and behind CLIENT_ERROR to a meta command', () => {
    const talk = new Conversation()
    const [one, two] = [talk.send(store('v'), 'a'), talk.send({ command: 'incr', delta: 1n }, 'b')]
    talk.written()
    const text =
      'SERVER_ERROR out of memory storing object\r\nCLIENT_ERROR cannot increment or decrement non-numeric value\r\n'
    expect(talk.answer(text)).toBeUndefined()
    expect(one.outcome()).toMatchObject({ name: 'ServerError', delivery: 'answered' })
    expect(two.outcome()).toMatchObject({ name: 'ClientError', delivery: 'answered' })
  })

  it.each(['ERROR', 'CLIENT_ERROR bad command line format', 'CLIENT_ERROR bad data chunk'])(
    'ends on %s to a classic store: its body may be taken for commands',
    (line) => {
      const talk = new Conversation('text')
      talk.send(store('v'), 'a')
      talk.written()
      expect(talk.answer(`${line}\r\n`)).toBeDefined()
    },
  )

  it('writes ASCII and UTF-8 in one piece, and raw bytes beside text in pieces of their own', () => {
    const talk = new Conversation()
    talk.send(store('plain'), 'a')
    talk.send(store('ünï'), 'b')
    expect(talk.pipeline.finish(false)).toMatchObject([{ encoding: 'utf8' }])
    talk.send(store('plain'), 'a')
    expect(talk.pipeline.finish(false)).toMatchObject([{ encoding: 'latin1' }])
    talk.send({ command: 'set', data: Buffer.from([255]), bytes: 1, clientFlags: 0, exptime: 0, cas: 0n }, 'a')
    talk.send(store('ü'), 'b')
    expect(talk.pipeline.finish(false).map((chunk) => chunk.encoding)).toEqual(['latin1', 'utf8'])
  })
})

/** The quiet delete of `count` keys, and what it looks like on the wire. */
function quietRun(talk: Conversation, count: number): { operation: Operation; outcome: () => unknown }[] {
  return Array.from({ length: count }, (_, at) => talk.send(DELETE, `k${at}`, true))
}

describe('a quiet run whose barrier is still to be written', () => {
  it('keeps an error line until the barrier is answered', () => {
    const talk = new Conversation()
    talk.send(store('x'), 'a', true)
    expect(talk.pipeline.finish(true).map(({ data }) => data)).toEqual(['ms a 1 q O1\r\nx\r\n'])
    expect(talk.answer('SERVER_ERROR object too large for cache\r\n')).toBeUndefined()
    expect(talk.quietErrors).toEqual([])
    expect(talk.pipeline.owesBarrier).toBe(true)
    expect(talk.pipeline.finish(true).map(({ data }) => data)).toEqual(['mn\r\n'])
    expect(talk.answer('MN\r\n')).toBeUndefined()
    expect(talk.quietErrors).toHaveLength(1)
  })

  it('takes the answer to a barrier that nobody wrote for a desync', () => {
    const talk = new Conversation()
    talk.send(store('x'), 'a', true)
    talk.pipeline.finish(true)
    expect(talk.answer('MN\r\n')).toBeInstanceOf(ProtocolError)
    expect(talk.pipeline.drain().unanswered).toHaveLength(1)
  })
})

describe('a long quiet run', () => {
  it('is cut by barriers so that an opaque names one command between two of them', () => {
    const talk = new Conversation()
    quietRun(talk, 10_000)
    const runs = talk.written().split('mn\r\n')
    expect(runs.pop()).toBe('')
    expect(runs.length).toBeGreaterThan(2)
    for (const run of runs) {
      const opaques = [...run.matchAll(/ O(\d+)/g)].map((match) => match[1])
      expect(new Set(opaques).size).toBe(opaques.length)
    }
  })

  it('gives a late value to the call that asked, not to one with the same opaque before it', () => {
    const talk = new Conversation()
    const reads = Array.from({ length: 5000 }, (_, at) => {
      const read = talk.send({ command: 'mg', flags: { value: true } }, `k${at}`, true, true)
      return { ...read, key: `k${at}` }
    })
    const runs = talk.written().split('mn\r\n').slice(0, -1)
    // The server has the key at 4100 and no other.
    const opaqueOf4100 = /mg k4100 [^\r]*O(\d+)/.exec(runs.at(-1)!)![1]
    const twin = reads.find(({ operation, key }) => String(operation.opaque) === opaqueOf4100 && key !== 'k4100')!
    const replies = runs.map((run) =>
      run.includes('mg k4100 ') ? `VA 5 O${opaqueOf4100}\r\nfound\r\nMN\r\n` : 'MN\r\n',
    )
    expect(talk.answer(replies.join(''))).toBeUndefined()
    expect(reads[4100]!.outcome()).toBe('found')
    expect(twin.outcome()).toBe('miss')
  })

  it('of which every command is refused is gone through once, not once for each refusal', () => {
    const talk = new Conversation()
    const [first] = quietRun(talk, 1000)
    const { opaque } = first!.operation
    let looks = 0
    Object.defineProperty(first!.operation, 'opaque', {
      get: () => {
        looks++
        return opaque
      },
    })
    talk.written()
    const refusals = Array.from({ length: 1000 }, (_, at) => `NF O${at + 1}\r\n`)
    expect(talk.answer(`${refusals.join('')}MN\r\n`)).toBeUndefined()
    expect(looks).toBeLessThan(5)
    expect(talk.pipeline.length).toBe(0)
  })
})

describe('bytes that changed their length during the call', () => {
  it('fail their own command and put nothing on the wire', () => {
    const talk = new Conversation()
    const bytes = new Uint8Array(30)
    const request: Request = { command: 'set', data: bytes, bytes: 30, clientFlags: 0, exptime: 0, cas: 0n }
    structuredClone(bytes, { transfer: [bytes.buffer] })
    const [mine, next] = [talk.send(request, 'mine'), talk.send(GET, 'next')]
    expect(mine.outcome()).toBeInstanceOf(InvalidInputError)
    expect(talk.written()).toBe('get next\r\n')
    expect(talk.answer('END\r\n')).toBeUndefined()
    expect(next.outcome()).toBe('miss')
  })
})

/** Lets a look at a part of the request throw: a caller's own code may put anything into the place of one. */
function breakAt(request: Request, name: string): void {
  Object.defineProperty(request, name, {
    get: () => {
      throw new RangeError(`no ${name}`)
    },
  })
}

function byteStore(length: number): Request {
  return { command: 'set', clientFlags: 0, exptime: 0, cas: 0n, data: new Uint8Array(length), bytes: length }
}

describe('a command that cannot be encoded', () => {
  const broken: [string, string, () => Request][] = [
    ...['data', 'bytes', 'clientFlags', 'exptime'].flatMap((name): [string, string, () => Request][] => [
      ['a store', name, () => ({ ...store('value') })],
      ['a store of bytes', name, () => byteStore(30)],
      ['a large store', name, () => byteStore(5000)],
    ]),
    ['a renewing read', 'exptime', () => ({ command: 'gat', exptime: 5 })],
    ['a counter', 'delta', () => ({ command: 'incr', delta: 1n })],
    ...['data', 'bytes', 'flags', 'label'].map((name): [string, string, () => Request] => [
      'a meta store',
      name,
      () => ({ command: 'ms', label: 'set', data: new Uint8Array(3), bytes: 4, flags: { mode: 'set' } }),
    ]),
    ['a meta read', 'flags', () => ({ command: 'mg', flags: { value: true } })],
  ]

  it.each(broken)(
    '(%s without its %s) fails alone: whole commands leave, and only those are waited for',
    (_, name, make) => {
      for (const protocol of ['meta', 'text'] as const) {
        const talk = new Conversation(protocol)
        const before = [talk.send(GET, 'a'), talk.send(store('one'), 'b'), talk.send(GET, 'c')]
        const bad = talk.make(make(), 'bad')
        breakAt(bad.operation.request, name)
        talk.pipeline.send(bad.operation)
        const after = [talk.send(store('two'), 'd'), talk.send(GET, 'e')]
        expect(talk.pipeline.length).toBe(before.length + after.length)
        expect(talk.pipeline.bytes).toBe(6)
        expect(talk.written()).toBe(
          protocol === 'meta'
            ? 'get a\r\nms b 3 O1\r\none\r\nget c\r\nms d 3 O2\r\ntwo\r\nget e\r\n'
            : 'get a\r\nset b 0 0 3\r\none\r\nget c\r\nset d 0 0 3\r\ntwo\r\nget e\r\n',
        )
        expect(bad.outcome()).toMatchObject({ code: 'MEMLANE_INVALID_INPUT', delivery: 'not-sent' })
        const stored = protocol === 'meta' ? ['HD O1\r\n', 'HD O2\r\n'] : ['STORED\r\n', 'STORED\r\n']
        expect(talk.answer(`END\r\n${stored[0]}END\r\n${stored[1]}VALUE e 0 1\r\nx\r\nEND\r\n`)).toBeUndefined()
        expect([...before, ...after].map(({ outcome }) => outcome())).toEqual(['miss', 'stored', 'miss', 'stored', 'x'])
      }
    },
  )

  it('leaves a quiet run as it was: its barrier, its opaques, its outcomes', () => {
    const talk = new Conversation()
    const run = quietRun(talk, 3)
    const bad = talk.make({ ...store('v') }, 'bad', true, true)
    breakAt(bad.operation.request, 'exptime')
    talk.pipeline.send(bad.operation)
    const more = quietRun(talk, 2)
    expect(talk.written().match(/ O\d+/g)).toEqual([' O1', ' O2', ' O3', ' O4', ' O5'])
    expect(bad.outcome()).toBeInstanceOf(InvalidInputError)
    expect(talk.answer('MN\r\n')).toBeUndefined()
    expect(talk.pipeline.length).toBe(0)
    for (const { outcome } of [...run, ...more]) expect(outcome()).not.toBe('pending')
  })

  it('has no large body in the hands of the socket', () => {
    const talk = new Conversation()
    const { operation } = talk.make(byteStore(5000), 'bad')
    breakAt(operation.request, 'exptime')
    talk.pipeline.send(operation)
    expect(operation).toMatchObject({ settled: true, bodyPending: false, written: false, opaque: 0 })
    expect(talk.pipeline.finish(false)).toEqual([])
    expect(talk.pipeline.batchLength).toBe(0)
  })

  it('says what is known of it when it was on another connection before', () => {
    const talk = new Conversation()
    const data = new Uint8Array(30)
    const { operation, outcome } = talk.make({ ...store('v'), data, bytes: 30 } as Request, 'k')
    operation.repeated = true
    giveAway(data)
    talk.pipeline.send(operation)
    expect(outcome()).toMatchObject({ code: 'MEMLANE_INVALID_INPUT', delivery: 'unknown' })
  })
})
