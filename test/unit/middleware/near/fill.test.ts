import { describe, expect, it } from 'vitest'
import { Entry, type Kept } from '../../../../src/middleware/near/entry.ts'
import { EntryReply } from '../../../../src/middleware/near/entry-reply.ts'
import { Fill, type FillStore } from '../../../../src/middleware/near/fill.ts'
import { ValueSlot } from '../../../../src/middleware/near/value-slot.ts'
import { type Interpret, Operation } from '../../../../src/protocol/operation.ts'
import { MISS, type Reply } from '../../../../src/protocol/reply.ts'
import { GET } from '../../../../src/protocol/request.ts'

const SERDE = {}

const readText: Interpret = (reply) =>
  reply.outcome === 'miss' ? undefined : reply.bytes.toString('latin1', 0, reply.end)
const readLater: Interpret = async (reply, operation) => readText(reply, operation)

/** A read whose replies are noted, and what was kept of it. */
function watched(interpret: Interpret): { operation: Operation; ends: (Kept | 'nothing' | undefined)[] } {
  const ends: (Kept | 'nothing' | undefined)[] = []
  const store: FillStore = {
    options: { maxItemBytes: 1000, missTtlMs: 1000 },
    slot: new ValueSlot(false),
    has: () => true,
    settle: (_entry, kept) => ends.push(kept),
    giveUp: () => ends.push('nothing'),
    countCalledOff: () => undefined,
  }
  const operation = new Operation(GET, 'k', 'k', 1000, interpret)
  operation.resolve = () => undefined
  operation.reject = () => undefined
  new Fill(store, new Entry('k', 1), undefined, 0).watch(operation, SERDE)
  return { operation, ends }
}

/** Has a read see the reply of a server that has a text. */
function hit(operation: Operation, data: string): unknown {
  const entry = Object.assign(new Entry('k', 1), { keeps: 'bytes', data, bytes: data.length })
  let value: unknown
  new EntryReply().use(entry, undefined, (reply: Reply) => {
    value = operation.interpret(reply, operation)
  })
  return value
}

describe('a read that is to be kept', () => {
  it('keeps the reply that settles it', () => {
    const { operation, ends } = watched(readText)
    operation.succeed(hit(operation, 'v'))
    expect(ends).toMatchObject([{ keeps: 'bytes', data: 'v' }])
  })

  it('keeps no reply that a layer below has passed over', () => {
    const { operation, ends } = watched(readText)
    const miss = operation.interpret(MISS, operation)
    hit(operation, 'outdated')
    operation.succeed(miss)
    expect(ends).toEqual(['nothing'])
  })

  it('keeps what settles it as a promise, or as the value of that promise', async () => {
    const whole = watched(readLater)
    whole.operation.succeed(hit(whole.operation, 'v'))
    const part = watched(readLater)
    part.operation.succeed(await hit(part.operation, 'v'))
    expect([whole.ends, part.ends]).toMatchObject([[{ data: 'v' }], [{ data: 'v' }]])
  })
})
