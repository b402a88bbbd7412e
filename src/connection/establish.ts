import { setTimeout as setTimeoutPromise } from 'node:timers/promises'
import { TimeoutError } from '../errors.ts'
import type { Server } from '../server-address.ts'
import type { Attempt } from './attempt.ts'
import type { ConnectionTarget } from './connection-target.ts'
import { dial } from './dial.ts'
import { DialAgain, type Greeting, shakeHands } from './handshake.ts'
import type { Transport } from './transport.ts'

/** Most dials for one connection: three closes on `mn`, one after a refusal, and one more. */
const MAX_DIALS = 5

/** Longest pause after a connection that was closed on the first question, in milliseconds; at least half of it. */
const PAUSE_MS = 50

/** Stream that is ready for commands. */
export interface Established extends Greeting {
  readonly transport: Transport
}

/**
 * Dials, logs in and decides the protocol, all under `connectTimeoutMs`. Rejects with `ConnectError`, `AuthError`, or a
 * `TimeoutError` that names the stage.
 */
export async function establish(target: ConnectionTarget, attempt: Attempt): Promise<Established> {
  const { server, options } = target
  const limit = options.connectTimeoutMs
  const timer =
    limit === Number.POSITIVE_INFINITY
      ? undefined
      : setTimeout(() => attempt.abort(tooSlow(server, limit, attempt)), limit)
  try {
    return await dialUntilSettled(target, attempt)
  } finally {
    clearTimeout(timer)
  }
}

/** Dials again after a connection was closed on a question: the next one is asked the same, or less. */
async function dialUntilSettled(target: ConnectionTarget, attempt: Attempt): Promise<Established> {
  let closedOnVersion = false
  for (let dials = 1; ; dials++) {
    try {
      return await connect(target, attempt, closedOnVersion)
    } catch (error) {
      if (!(error instanceof DialAgain)) throw error
      if (dials === MAX_DIALS) throw error.cause
      closedOnVersion ||= error.unanswered
      if (error.unanswered) await pause(attempt)
    }
  }
}

async function connect(target: ConnectionTarget, attempt: Attempt, closedOnVersion: boolean): Promise<Established> {
  const { server, options, memory } = target
  const transport = await dial(target, attempt).catch((error: unknown) => {
    memory.unknownCommands.interrupted()
    throw error
  })
  try {
    const greeting = await shakeHands({ server, options, memory, attempt, transport, closedOnVersion })
    return { ...greeting, transport }
  } catch (error) {
    transport.destroy()
    throw error
  }
}

/** Waits before the next dial: a connection without any answer is never followed by another at once. */
async function pause(attempt: Attempt): Promise<void> {
  const over = new AbortController()
  try {
    await attempt.race(
      setTimeoutPromise(PAUSE_MS / 2 + (Math.random() * PAUSE_MS) / 2, undefined, { signal: over.signal }),
    )
  } finally {
    over.abort()
  }
}

function tooSlow(server: Server, limit: number, attempt: Attempt): TimeoutError {
  return new TimeoutError(`no connection to ${server.name} within connectTimeoutMs (${limit} ms): ${attempt.stage}`, {
    server: server.name,
    delivery: 'not-sent',
  })
}
