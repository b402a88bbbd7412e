import type { ConnectionTarget } from './connection-target.ts'

/** Object that can be ended. */
interface Ending {
  destroy(reason: unknown): void
}

/**
 * Link for streaming replies from a server: holds the connection target, and ends open streams when the pool ends. The
 * stream itself is `streamReply`, which the core does not import: only its users do.
 */
export class ServerLink {
  readonly target: ConnectionTarget
  readonly #open: Set<Ending> = new Set()
  #ended: { readonly reason: unknown } | undefined

  constructor(target: ConnectionTarget) {
    this.target = target
  }

  /** Adds a stream; after the end of the pool the stream ends at once. */
  add(stream: Ending): void {
    this.#open.add(stream)
    if (this.#ended !== undefined) stream.destroy(this.#ended.reason)
  }

  /** Removes a stream that is over. */
  remove(stream: Ending): void {
    this.#open.delete(stream)
  }

  /** Ends the open streams, and every later one. */
  destroy(reason: unknown): void {
    this.#ended ??= { reason }
    for (const stream of this.#open) stream.destroy(reason)
  }
}
