import { LOAD, trace } from '../../channels.ts'
import type { Key } from '../../protocol/key.ts'
import type { LoadChannelContext, LoadReason } from '../channel-contexts.ts'

const UNTOLD = { called(): void {}, ended(): void {} }

/** The calls of loaders: counted, and told to the channels of loads. */
export class Loads {
  readonly #clientId: string
  /** Numbers of loaders' calls by their reason. */
  readonly reasons: Record<LoadReason, number> = noLoads()
  failed = 0
  /** Callers that joined a load which another call had begun. */
  shared = 0

  constructor(clientId: string) {
    this.#clientId = clientId
  }

  /** Calls a loader. What it throws, it rejects with. */
  async run<T>(keys: readonly Key[], reason: LoadReason, load: () => T | Promise<T>): Promise<T> {
    this.reasons[reason]++
    try {
      if (LOAD.hasSubscribers === false) return await load()
      const context: LoadChannelContext = { keys, reason, clientId: this.#clientId }
      return await trace(LOAD, context, async () => load(), UNTOLD)
    } catch (error) {
      this.failed++
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
