import type { MemcacheError } from '../errors.ts'
import type { Operation } from '../protocol/operation.ts'
import type { Executor } from '../seam/executor.ts'
import type { PerKeyQueue } from '../seam/per-key-queue.ts'

/** Which answers of the first cluster send a read to the older ones. */
export type FallbackOn = 'miss' | 'missOrError'

/** Fallback options, checked and complete. */
export interface ResolvedFallbackOptions {
  readonly fallbackOn: FallbackOn
  readonly refill: boolean
  readonly onError: (error: MemcacheError, operation: Operation) => void
}

/** State that the commands of a fallback share. */
export interface FallbackContext {
  readonly first: Executor
  readonly older: readonly Executor[]
  readonly options: ResolvedFallbackOptions
  /** Commands that wait for a removal of their key. */
  readonly queue: PerKeyQueue
  /** The first cluster keeps no cas numbers (`memcached -C`), so nothing can be copied to it. */
  keepsNoCas: boolean
}
