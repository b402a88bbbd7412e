import type { DesyncEvent } from '../../client/events.ts'
import type { ResolvedClientOptions } from '../../client/options.ts'
import {
  ConnectionClosedError,
  type ErrorSubject,
  type MemcacheError,
  ProtocolError,
  TimeoutError,
} from '../../errors.ts'
import type { Key } from '../../protocol/key.ts'
import type { SerializedValue } from '../../serde/serde.ts'
import { markCallError } from '../bridge/error-form.ts'
import { Handover } from './handover.ts'
import type { ServerRoutes } from './server-routes.ts'
import type { DirectSockets } from './sockets.ts'

/** Guard that knows whether a function of the caller's is running that must not use the client, a serde for example. */
export interface Guard {
  readonly isBlocking: boolean
  /** Runs such a function. */
  block<T>(call: () => T): T
}

/** Reason for the missing reply to a command on the direct way. */
type DirectFailure = 'part' | 'late' | 'lost' | 'cut' | 'garbage'

/** Parts of a {@link DirectContext}. */
export interface DirectInit {
  readonly sockets: DirectSockets
  readonly options: ResolvedClientOptions
  readonly routes: ServerRoutes
  readonly guard: Guard
  /** Emits an event of the client. */
  tell(name: string, event: unknown): void
}

/** State shared by the commands on the direct way: servers of keys, guard of the caller's functions, errors. */
export class DirectContext {
  readonly sockets: DirectSockets
  readonly options: ResolvedClientOptions
  readonly #init: DirectInit

  constructor(init: DirectInit) {
    this.#init = init
    this.sockets = init.sockets
    this.options = init.options
  }

  /** Time limit of every call, in milliseconds. */
  get timeoutMs(): number {
    return this.options.connection.timeoutMs
  }

  /** Whether a call may begin; else it goes through the worker, which refuses it. */
  get isFree(): boolean {
    return !this.#init.guard.isBlocking
  }

  /**
   * Writes the first `length` bytes of the command to a server.
   *
   * @returns `all` if all bytes left, `part` if only some did, or `nothing`.
   */
  send(server: number, length: number): 'all' | 'part' | 'nothing' {
    const sent = this.sockets.send(server, length)
    if (sent !== 'stray') return sent
    const name = this.nameOf(server)
    this.#desync(`${name} sent bytes that no call waits for; the connection is out of step`, name)
    return 'nothing'
  }

  /**
   * Hands the started call over to the worker.
   *
   * @param form - The serde's result for the value of the call.
   */
  handOver(form?: SerializedValue): Handover {
    return new Handover(this.sockets.wasWritten, this.sockets.passedMs, form)
  }

  /** Runs a function of the caller's options. */
  block<T>(call: () => T): T {
    return this.#init.guard.block(call)
  }

  /** Returns the wire key of a key that travels unchanged; undefined for any other, and for a bad one. */
  wireKey(key: Key): string | undefined {
    if (typeof key !== 'string') return undefined
    const { keys } = this.options
    try {
      const wireKey = keys.shortens ? this.block(() => keys.encode(key)) : keys.encode(key)
      return typeof wireKey === 'string' ? wireKey : undefined
    } catch {
      return undefined
    }
  }

  /** Returns the index of the key's server, if its socket is lent to the caller; else -1. */
  serverOf(key: Key): number {
    const { routes } = this.#init
    const server = routes.names.length === 1 ? 0 : this.block(() => routes.serverOf(key))
    return server !== -1 && this.sockets.isOpen(server, routes.serverListHash) ? server : -1
  }

  /** Returns the name of a server. */
  nameOf(server: number): string {
    return this.#init.routes.names[server]!
  }

  /** Returns the error of a written command whose reply is missing, cut or garbage. */
  error(what: string, outcome: DirectFailure, index: number, subject: ErrorSubject): MemcacheError {
    const server = this.nameOf(index)
    const details = { server, delivery: 'unknown', ...subject } as const
    switch (outcome) {
      case 'part':
        return markCallError(new ConnectionClosedError(`${what}: only a part of it was written to ${server}`, details))
      case 'late':
        return markCallError(
          new TimeoutError(`${what} timed out after ${this.timeoutMs} ms: ${server} did not answer`, details),
        )
      case 'lost':
        return markCallError(
          new ConnectionClosedError(`${what}: the connection to ${server} was lost before the reply came`, details),
        )
      case 'cut':
        return markCallError(
          new ConnectionClosedError(
            `${what}: the connection to ${server} was lost in the middle of the reply`,
            details,
          ),
        )
      case 'garbage':
        return this.#desync(
          `${what}: ${server} sent what is no answer to it; the connection is out of step`,
          server,
          subject,
        )
    }
  }

  #desync(message: string, server: string, subject?: ErrorSubject): ProtocolError {
    const error = markCallError(new ProtocolError(message, { server, delivery: 'unknown', ...subject }))
    this.#init.tell('desync', { error, server } satisfies DesyncEvent)
    return error
  }
}
