import { describe, expect, it } from 'vitest'
import * as errors from '../../src/errors.ts'
import { closedFor } from '../../src/pool/slot.ts'
import { Operation } from '../../src/protocol/operation.ts'
import { GET } from '../../src/protocol/request.ts'

type AnyError = new (message: string, details?: Partial<errors.ErrorDetails>) => errors.MemcacheError

/** Every class of error that takes a message and details, as JavaScript sees it. */
const classes = Object.entries(errors as unknown as Record<string, AnyError>).filter(
  ([name]) => /^[A-Z]\w*Error$/.test(name) && name !== 'MemcacheError' && name !== 'BatchError',
)
const unsent = ['InvalidInputError', 'ConnectError', 'AuthError']

describe('the delivery of an error', () => {
  it.each(classes)('of %s is never better than the truth where JavaScript leaves it out', (name, kind) => {
    const expected = unsent.includes(name) ? 'not-sent' : 'unknown'
    expect(new kind('what happened').delivery).toBe(expected)
    expect(new kind('what happened', {}).delivery).toBe(expected)
    expect(new kind('what happened', { server: 'a:1' })).toMatchObject({ server: 'a:1', delivery: expected })
  })

  it.each(classes)('of %s is what was said', (_name, kind) => {
    for (const delivery of ['not-sent', 'unknown', 'answered'] as const) {
      expect(new kind('what happened', { delivery }).delivery).toBe(delivery)
    }
  })

  it('must be said to the compiler where the class does not imply it', () => {
    // @ts-expect-error: no details
    expect(new errors.TimeoutError('late').delivery).toBe('unknown')
    // @ts-expect-error: no delivery
    expect(new errors.ServerDownError('down', { server: 'a:1' }).delivery).toBe('unknown')
    // @ts-expect-error: no details
    expect(new errors.BatchError('failed', { found: new Map(), done: [], failed: new Map() }).delivery).toBe('unknown')
    expect(new errors.InvalidInputError('bad').delivery).toBe('not-sent')
  })

  it('of a closed client is unknown for a command that was written before, and not-sent for any other', () => {
    const closed = errors.closedError()
    const operation = new Operation(GET, 'k', 'k', 1000, () => undefined)
    expect(closedFor(operation, closed)).toBe(closed)
    expect(closed.delivery).toBe('not-sent')
    operation.repeated = true
    expect(closedFor(operation, closed)).toMatchObject({ code: 'MEMLANE_CLOSED', delivery: 'unknown', cause: closed })
  })
})
