import { TimeoutError } from '../errors.ts'
import type { Server } from '../server-address.ts'
import type { Attempt } from './attempt.ts'
import { dial } from './dial.ts'
import { type Greeting, MetaRefused, type ServerMemory, shakeHands } from './handshake.ts'
import type { ResolvedConnectionOptions } from './options.ts'
import type { Transport } from './transport.ts'

/** A stream that is ready for commands. */
export interface Established extends Greeting {
  readonly transport: Transport
}

/**
 * Dials, logs in and decides the protocol, all under `connectTimeoutMs`. Rejects with `ConnectError`, `AuthError`, or
 * a `TimeoutError` that names what was being waited for.
 */
export async function establish(
  server: Server,
  options: ResolvedConnectionOptions,
  memory: ServerMemory,
  attempt: Attempt,
): Promise<Established> {
  const limit = options.connectTimeoutMs
  const timer =
    limit === Number.POSITIVE_INFINITY
      ? undefined
      : setTimeout(() => attempt.abort(tooSlow(server, limit, attempt)), limit)
  try {
    return await connect(server, options, memory, attempt, false)
  } catch (error) {
    // Once: a server that closes on `mn` is spoken to in text from then on.
    if (error instanceof MetaRefused) return await connect(server, options, memory, attempt, true)
    throw error
  } finally {
    clearTimeout(timer)
  }
}

async function connect(
  server: Server,
  options: ResolvedConnectionOptions,
  memory: ServerMemory,
  attempt: Attempt,
  withoutMeta: boolean,
): Promise<Established> {
  const transport = await dial(server, options, memory.deadAddresses, attempt)
  try {
    const greeting = await shakeHands(transport, server, options, memory, attempt, withoutMeta)
    return { transport, protocol: greeting.protocol, version: greeting.version }
  } catch (error) {
    transport.destroy()
    throw error
  }
}

function tooSlow(server: Server, limit: number, attempt: Attempt): TimeoutError {
  return new TimeoutError(`no connection to ${server.name} within connectTimeoutMs (${limit} ms): ${attempt.stage}`, {
    server: server.name,
    delivery: 'not-sent',
  })
}
