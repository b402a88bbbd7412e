import type { ConnectionTarget } from './connection-target.ts'

/** Something that ends when told to. */
interface Ending {
  destroy(reason: unknown): void
}

/**
 * Lets replies be streamed from a server: it says what to connect to, and ends what is open when the pool ends. The
 * stream itself is `streamReply`, which the core does not carry: only its users import it.
 */
export class ServerLink {
  readonly target: ConnectionTarget
  readonly #open: Set<Ending> = new Set()
  #ended: { readonly reason: unknown } | undefined

  constructor(target: ConnectionTarget) {
    this.target = target
  }

  /** Takes in a stream; after the end of the pool it ends at once. */
  add(stream: Ending): void {
    this.#open.add(stream)
    if (this.#ended !== undefined) stream.destroy(this.#ended.reason)
  }

  /** Forgets a stream that is over. */
  remove(stream: Ending): void {
    this.#open.delete(stream)
  }

  /** Ends the streams that are open, and those that come later. */
  destroy(reason: unknown): void {
    this.#ended ??= { reason }
    for (const stream of this.#open) stream.destroy(reason)
  }
}
