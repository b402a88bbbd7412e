import { InvalidInputError, MemcacheError } from '../errors.ts'
import { checkOptions } from '../known-options.ts'
import { Operation } from '../protocol/operation.ts'
import type { Reply } from '../protocol/reply.ts'
import { DELETE } from '../protocol/request.ts'
import { DerivedReads } from '../seam/derived-reads.ts'
import type { Executor } from '../seam/executor.ts'
import type { Operation as PublicOperation } from '../seam/operation.ts'
import { PerKeyQueue } from '../seam/per-key-queue.ts'
import type { ReadBatch } from '../seam/read-batch.ts'
import { detachAll, dispatchReads } from '../seam/reads.ts'
import { showValue } from '../show-value.ts'
import type { FallbackContext, FallbackOn, ResolvedFallbackOptions } from './fallback-context.ts'
import { counts, FallbackCount } from './fallback-count.ts'
import { FallbackRead } from './fallback-read.ts'
import { FallbackRemoval } from './fallback-removal.ts'
import { isPlaceholder } from './item-copy.ts'
import { isRead } from './older-read.ts'
import { removalFor, supersedes } from './removals.ts'

/** Options of {@link fallback}. */
export interface FallbackOptions {
  /** `missOrError`: a read that fails is looked up in the older clusters too. @defaultValue `'miss'` */
  readonly fallbackOn?: FallbackOn
  /**
   * Copies an item that an older cluster had to the first one, with the time that it has left. A delete or a store
   * meanwhile wins: the copy takes the place of a placeholder in the first cluster, by its cas number. The placeholder
   * is a miss for reads (an empty value with client flags 0x6d6c6b01 for other clients), gone after 5 seconds at the
   * latest; `add` finds the key taken, and `append` and `prepend` add to nothing that stays. Nothing is copied from
   * servers that speak text only, which do not report the time left, nor to servers without cas numbers
   * (`memcached -C`).
   *
   * @defaultValue `false`
   */
  readonly refill?: boolean
  /** Called with each failure of an older cluster, which fails no call. */
  readonly onError?: (error: MemcacheError, operation: PublicOperation) => void
}

const OPTIONS: readonly string[] = ['fallbackOn', 'refill', 'onError']

/** At most so many commands, and bytes of values, wait for removals of their keys. */
const QUEUE_LIMITS = { maxPending: 100_000, maxPendingBytes: 64 * 2 ** 20 }

/**
 * As the middleware `fallback`, for executors of ours.
 *
 * @param onError - Called with each failure of an older cluster.
 */
export function withFallback(
  older: readonly Executor[],
  options: Pick<FallbackOptions, 'fallbackOn' | 'refill'> = {},
  onError: ResolvedFallbackOptions['onError'] = () => undefined,
): (next: Executor) => Executor {
  const resolved = resolveFallbackOptions(options, onError)
  return (next) => new Fallback(next, older, resolved)
}

class Fallback implements Executor {
  readonly #context: FallbackContext

  constructor(first: Executor, older: readonly Executor[], options: ResolvedFallbackOptions) {
    const queue = new PerKeyQueue((operation) => this.#carryOut(operation), QUEUE_LIMITS)
    this.#context = { first, older, options, queue, keepsNoCas: false }
  }

  dispatch(operation: Operation): void {
    const { queue } = this.#context
    if (queue.closed && queue.hold(operation)) return
    this.#carryOut(operation)
  }

  dispatchReads(batch: ReadBatch): void {
    const { first, queue } = this.#context
    // Some of them may have to wait for a removal of their key.
    if (queue.closed) return detachAll(batch, this)
    const derive = (outer: Operation): Operation => new FallbackRead(outer, this.#context).derive()
    // Hits of the first cluster go to the caller; each of its misses goes on as a read of its own.
    dispatchReads(first, new DerivedReads(batch, { derive, passes: isValue, passesMisses: false }))
  }

  #carryOut(operation: Operation): void {
    const { request } = operation
    if (isRead(request)) return new FallbackRead(operation, this.#context).start()
    if (supersedes(operation)) this.#forgetInOlder(operation)
    const removal = removalFor(request)
    if (removal !== undefined) return new FallbackRemoval(operation, removal, this.#context).start()
    if (counts(request) && !operation.quiet) return new FallbackCount(operation, this.#context).start()
    this.#context.first.dispatch(operation)
  }

  /** Removes what the first cluster is about to replace, so that it never comes back; the call does not wait for it. */
  #forgetInOlder({ key, callerKey, timeoutMs, routingKey }: Operation): void {
    const { older, options } = this.#context
    for (const executor of older) {
      const removal = new Operation(DELETE, key, callerKey, timeoutMs, () => undefined)
      removal.routingKey = routingKey
      removal.reject = (reason) => {
        if (reason instanceof MemcacheError) options.onError(reason, removal)
      }
      executor.dispatch(removal)
    }
  }
}

function isValue(reply: Reply): boolean {
  return !isPlaceholder(reply)
}

function resolveFallbackOptions(
  options: Pick<FallbackOptions, 'fallbackOn' | 'refill'>,
  onError: ResolvedFallbackOptions['onError'],
): ResolvedFallbackOptions {
  checkOptions(options, OPTIONS, 'fallback')
  const { fallbackOn = 'miss', refill = false } = options
  if (fallbackOn !== 'miss' && fallbackOn !== 'missOrError') {
    throw new InvalidInputError(`option fallbackOn must be 'miss' or 'missOrError', got ${showValue(fallbackOn)}`)
  }
  if (typeof refill !== 'boolean')
    throw new InvalidInputError(`option refill must be true or false, got ${showValue(refill)}`)
  return { fallbackOn, refill, onError }
}
