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
import { arrive } from '../crossing/error-form.ts'
import { Handover } from './handover.ts'
import type { Lane } from './lane.ts'
import type { ServerRoutes } from './server-routes.ts'

/** Who knows whether a function of the caller's is running that must not use the client: a serde, say. */
export interface Guard {
  readonly isBlocking: boolean
  /** Runs such a function. */
  block<T>(call: () => T): T
}

/** Why there is no reply to a command on the lane. */
type LaneFailure = 'part' | 'late' | 'lost' | 'cut' | 'garbage'

/** What the lane is made of. */
export interface LaneInit {
  readonly lane: Lane
  readonly options: ResolvedClientOptions
  readonly routes: ServerRoutes
  readonly guard: Guard
  tell(name: string, event: unknown): void
}

/** What the commands on the lane share: which key goes where, whose functions are called, how they fail. */
export class LaneWay {
  readonly lane: Lane
  readonly options: ResolvedClientOptions
  readonly #init: LaneInit

  constructor(init: LaneInit) {
    this.#init = init
    this.lane = init.lane
    this.options = init.options
  }

  /** What every call gets, in milliseconds. */
  get timeoutMs(): number {
    return this.options.connection.timeoutMs
  }

  /** Whether a call may begin; else it goes through the worker, which refuses it. */
  get isFree(): boolean {
    return !this.#init.guard.isBlocking
  }

  /**
   * Writes the first `length` bytes of the lane's command to a server.
   *
   * @returns `all` of them left, only a `part` of them, or `nothing`.
   */
  send(server: number, length: number): 'all' | 'part' | 'nothing' {
    const sent = this.lane.send(server, length)
    if (sent !== 'stray') return sent
    const name = this.nameOf(server)
    this.#desync(`${name} sent bytes that no call waits for; the connection is out of step`, name)
    return 'nothing'
  }

  /**
   * The call that the lane has begun goes on through the worker.
   *
   * @param form - The serde's result for the value of the call.
   */
  handOver(form?: SerializedValue): Handover {
    return new Handover(this.lane.wasWritten, this.lane.passedMs, form)
  }

  /** Runs a function of the caller's options. */
  block<T>(call: () => T): T {
    return this.#init.guard.block(call)
  }

  /** The key on the wire, where it travels as it is. For another, and for a bad one, undefined. */
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

  /** The key's server, if its socket is the caller's; else -1. */
  serverOf(key: Key): number {
    const { routes } = this.#init
    const server = routes.names.length === 1 ? 0 : this.block(() => routes.serverOf(key))
    return server !== -1 && this.lane.isOpen(server, routes.stamp) ? server : -1
  }

  /** The name of a server. */
  nameOf(server: number): string {
    return this.#init.routes.names[server]!
  }

  /** The error of a command that was written and whose reply did not come, not whole, or is none. */
  error(what: string, outcome: LaneFailure, index: number, subject: ErrorSubject): MemcacheError {
    const server = this.nameOf(index)
    const details = { server, delivery: 'unknown', ...subject } as const
    switch (outcome) {
      case 'part':
        return arrive(new ConnectionClosedError(`${what}: only a part of it was written to ${server}`, details))
      case 'late':
        return arrive(
          new TimeoutError(`${what} timed out after ${this.timeoutMs} ms: ${server} did not answer`, details),
        )
      case 'lost':
        return arrive(
          new ConnectionClosedError(`${what}: the connection to ${server} was lost before the reply came`, details),
        )
      case 'cut':
        return arrive(
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
    const error = arrive(new ProtocolError(message, { server, delivery: 'unknown', ...subject }))
    this.#init.tell('desync', { error, server } satisfies DesyncEvent)
    return error
  }
}
