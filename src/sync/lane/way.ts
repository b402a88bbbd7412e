import type { ResolvedClientOptions } from '../../client/options.ts'
import { ConnectionClosedError, type MemcacheError, TimeoutError } from '../../errors.ts'
import type { Key } from '../../protocol/key.ts'
import { arrive } from '../crossing/error-form.ts'
import type { Lane } from './lane.ts'
import type { ServerRoutes } from './server-routes.ts'

/** Says that the call takes the usual way. */
export const USUAL_WAY: unique symbol = Symbol('the usual way')

/** A shorter wait leaves the call its whole time, in milliseconds. */
const WORTH_MENTIONING_MS = 2

/** Who knows whether a function of the caller's is running that must not use the client: a serde, say. */
export interface Guard {
  readonly isBlocking: boolean
  /** Runs such a function. */
  block<T>(call: () => T): T
}

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
  /** How long the lane has waited in vain in the present call, in milliseconds. */
  #spentMs = 0

  constructor(init: LaneInit) {
    this.#init = init
    this.lane = init.lane
    this.options = init.options
  }

  /** What every call gets, in milliseconds. */
  get timeoutMs(): number {
    return this.options.connection.timeoutMs
  }

  /** Begins a call; false where it must take the usual way, which refuses it. */
  begin(): boolean {
    if (this.#init.guard.isBlocking) return false
    this.#spentMs = 0
    return true
  }

  /** The lane has waited, and the usual way is taken all the same. */
  turnBack(): typeof USUAL_WAY {
    this.#spentMs = this.lane.passedMs
    return USUAL_WAY
  }

  /**
   * The arguments with which the call takes the usual way: with no more time than the lane has left it.
   *
   * @param at - Where the command has its options.
   */
  remaining(args: readonly unknown[], at: number): readonly unknown[] {
    const spentMs = this.#spentMs
    this.#spentMs = 0
    if (spentMs < WORTH_MENTIONING_MS) return args
    const rest = Array.from({ length: Math.max(args.length, at + 1) }, (_, index) => args[index])
    // A millisecond at least: what is late fails by its deadline, not as bad input.
    rest[at] = { ...(args[at] as object | undefined), timeoutMs: Math.max(1, this.timeoutMs - spentMs) }
    return rest
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

  /** Tells listeners of an event. */
  tell(name: string, event: unknown): void {
    this.#init.tell(name, event)
  }

  /** The name of a server. */
  nameOf(server: number): string {
    return this.#init.routes.names[server]!
  }

  /** The error of a command whose reply did not come, or not whole. */
  error(what: string, outcome: 'late' | 'lost' | 'cut', index: number): MemcacheError {
    const server = this.nameOf(index)
    const details = { server, delivery: 'unknown' } as const
    if (outcome === 'late')
      return arrive(new TimeoutError(`${what} timed out after ${this.timeoutMs} ms: ${server} did not answer`, details))
    const when = outcome === 'lost' ? 'before the reply came' : 'in the middle of the reply'
    return arrive(new ConnectionClosedError(`${what}: the connection to ${server} was lost ${when}`, details))
  }
}
