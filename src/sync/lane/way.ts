import type { ResolvedClientOptions } from '../../client/options.ts'
import { ConnectionClosedError, type MemcacheError, TimeoutError } from '../../errors.ts'
import type { Key } from '../../protocol/key.ts'
import { arrive } from '../crossing/error-form.ts'
import type { Lane } from './lane.ts'
import type { ServerRoutes } from './server-routes.ts'

/** Says that the call takes the usual way. */
export const USUAL_WAY: unique symbol = Symbol('the usual way')

/** What the commands on the lane share: which key goes where, and how they fail. */
export class LaneWay {
  readonly lane: Lane
  readonly options: ResolvedClientOptions
  readonly #routes: ServerRoutes

  constructor(lane: Lane, options: ResolvedClientOptions, routes: ServerRoutes) {
    this.lane = lane
    this.options = options
    this.#routes = routes
  }

  /** What every call gets, in milliseconds. */
  get timeoutMs(): number {
    return this.options.connection.timeoutMs
  }

  /** The key on the wire, where it travels as it is. */
  wireKey(key: Key): string | undefined {
    if (typeof key !== 'string') return undefined
    const wireKey = this.options.keys.encode(key)
    return typeof wireKey === 'string' ? wireKey : undefined
  }

  /** The key's server, if its socket is the caller's; else -1. */
  serverOf(key: Key): number {
    const server = this.#routes.serverOf(key)
    return server !== -1 && this.lane.isOpen(server) ? server : -1
  }

  /** The name of a server. */
  nameOf(server: number): string {
    return this.#routes.names[server]!
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
