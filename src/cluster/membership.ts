import type { MemcacheError } from '../errors.ts'
import { lastErrorOf, type ServerSource } from '../seam/server-source.ts'
import type { ServerSpec } from '../server-address.ts'
import { sourceError } from './waiting-room.ts'

/** Callbacks of a membership. */
export interface MembershipListener {
  /** Called with a new list; throws when the list cannot be used. */
  onList(servers: readonly ServerSpec[]): void
  /** Called when the source failed, or gave a list that cannot be used. */
  onError(error: MemcacheError): void
}

/** Follows a source of servers from the first command to the end of the client. */
export class Membership {
  readonly #source: ServerSource
  readonly #listener: MembershipListener
  #iterator: AsyncIterator<readonly ServerSpec[]> | undefined
  #started = false
  #stopped = false
  #hasList = false

  constructor(source: ServerSource, listener: MembershipListener) {
    this.#source = source
    this.#listener = listener
  }

  /** Last error reported by the source. */
  get lastError(): unknown {
    return lastErrorOf(this.#source)
  }

  /** Starts once; restarts a source that failed or ended without a list. */
  start(): void {
    if (this.#started || this.#stopped) return
    this.#started = true
    void this.#follow()
  }

  stop(): void {
    this.#stopped = true
    // A source that is waiting for something may end later; `stop` does not wait for it.
    void this.#return().catch(() => undefined)
  }

  async #return(): Promise<void> {
    await this.#iterator?.return?.()
  }

  async #follow(): Promise<void> {
    try {
      this.#iterator = this.#source[Symbol.asyncIterator]()
      for (;;) {
        const next = await this.#iterator.next()
        if (this.#stopped) return
        if (next.done === true) {
          if (this.#hasList) return
          throw new Error('the source ended before it gave one')
        }
        this.#take(next.value)
      }
    } catch (error) {
      this.#started = false
      if (!this.#stopped) this.#listener.onError(sourceError(error))
    }
  }

  #take(servers: readonly ServerSpec[]): void {
    try {
      this.#listener.onList(servers)
      this.#hasList = true
    } catch (error) {
      this.#listener.onError(sourceError(error))
    }
  }
}
