import { describe, expect, it } from 'vitest'
import { Connection } from '../../../src/connection/connection.ts'
import { resolveConnectionOptions } from '../../../src/connection/options.ts'
import { createServerMemory } from '../../../src/connection/server-memory.ts'
import { ClosedError, type MemcacheError, OverloadedError } from '../../../src/errors.ts'
import { Operation } from '../../../src/protocol/operation.ts'
import { GET } from '../../../src/protocol/request.ts'
import { NO_OBSERVER } from '../../../src/seam/observer.ts'
import { parseServerSpec } from '../../../src/server-address.ts'

function read(repeated: boolean): { operation: Operation; failure: () => MemcacheError } {
  let failure: unknown
  const operation = new Operation(GET, 'k', 'k', 1000, () => undefined)
  operation.repeated = repeated
  operation.reject = (reason) => {
    failure = reason
  }
  return { operation, failure: () => failure as MemcacheError }
}

describe('a connection that has no room', () => {
  it.each([
    [true, 'unknown'],
    [false, 'not-sent'],
  ] as const)(
    'refuses a command that was on another one before (%s), and says what is known of it: %s',
    (repeated, delivery) => {
      const connection = new Connection({
        server: parseServerSpec('127.0.0.1:1'),
        options: resolveConnectionOptions({ maxPending: 1, connect: () => new Promise(() => {}) }),
        memory: createServerMemory(),

        flushPolicy: { afterReading: false },
        observer: NO_OBSERVER,
        owner: {
          onReady: () => undefined,
          onEnd: () => undefined,
          onLeftOver: () => undefined,
          onNeverSent: () => [],
        },
        startAfter: undefined,
      })
      connection.dispatch(read(false).operation)
      const { operation, failure } = read(repeated)
      connection.dispatch(operation)
      expect(failure()).toBeInstanceOf(OverloadedError)
      expect(failure().delivery).toBe(delivery)
      connection.destroy(new ClosedError('closed', { delivery: 'not-sent' }))
    },
  )
})
