import { LOAD, trace } from '../../channels.ts'
import type { Key } from '../../protocol/key.ts'
import type { LoadChannelContext, LoadReason } from '../channel-contexts.ts'

const NOTHING_ELSE = { called(): void {}, succeeded(): void {}, failed: (error: unknown): unknown => error }

/** The calls of loaders: counts them, and publishes them on the channels of loads. */
export class Loads {
  readonly #clientId: string
  readonly #isCounting: boolean
  /** Numbers of loaders' calls by their reason. */
  readonly reasons: Record<LoadReason, number> = noLoads()
  failed = 0
  /** Callers that joined a load which another call had begun. */
  shared = 0

  constructor(clientId: string, isCounting: boolean) {
    this.#clientId = clientId
    this.#isCounting = isCounting
  }

  /** Counts a caller that joined a load. */
  countShared(): void {
    if (this.#isCounting) this.shared++
  }

  /** Calls a loader. Rejects with what it throws. */
  async run<T>(keys: readonly Key[], reason: LoadReason, load: () => T | Promise<T>): Promise<T> {
    if (this.#isCounting) this.reasons[reason]++
    try {
      if (LOAD.hasSubscribers === false) return await load()
      const context: LoadChannelContext = { keys, reason, clientId: this.#clientId }
      return await trace(LOAD, context, async () => load(), NOTHING_ELSE)
    } catch (error) {
      if (this.#isCounting) this.failed++
      throw error
    }
  }

  /** Begins to count anew. */
  reset(): void {
    Object.assign(this.reasons, noLoads())
    this.failed = 0
    this.shared = 0
  }
}

function noLoads(): Record<LoadReason, number> {
  return { miss: 0, stale: 0, refreshAhead: 0, leaseLost: 0, noCache: 0 }
}
