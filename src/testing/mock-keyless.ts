import { whenAborted } from '../abort-listener.ts'
import { ConnectError, type MemcacheError } from '../errors.ts'
import type { MockCommand } from './mock-command.ts'
import { mockErrors, mockTimeout } from './mock-errors.ts'
import type { Mishap } from './mock-rules.ts'

/** Call about servers instead of a key. */
export interface KeylessCall {
  readonly command: MockCommand
  readonly mishap: Mishap
  /** Name of the server, for messages. */
  readonly server: string
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/** Makes the call, unless it is to fail; late, if it is to be late. Rejects as the client would. */
export async function carryOutKeyless<T>(
  { command, mishap, server, timeoutMs, signal }: KeylessCall,
  call: () => Promise<T>,
): Promise<T> {
  const { latencyMs, error } = mishap
  if (error === 'timeout' || latencyMs >= timeoutMs) {
    await pause(timeoutMs, signal)
    throw mockTimeout(command, server, timeoutMs)
  }
  if (latencyMs > 0) await pause(latencyMs, signal)
  if (error instanceof Error) throw error
  if (error !== undefined) throw errorOf(error, command, server)
  return call()
}

function errorOf(kind: 'down' | 'closed' | 'full', command: MockCommand, server: string): MemcacheError {
  if (kind === 'down' && command === 'connect') {
    return new ConnectError(`cannot connect to ${server}: it is down (MockMemcache)`, { server })
  }
  return mockErrors[kind](command, server)
}

/** Waits for the time. Rejects with the signal's reason when it aborts. */
function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason)
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const stopListening = signal && whenAborted(signal, onAbort)
    const timer =
      milliseconds === Number.POSITIVE_INFINITY
        ? undefined
        : setTimeout(() => {
            stopListening?.()
            resolve()
          }, milliseconds)
  })
}
