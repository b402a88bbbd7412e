import {
  AuthError,
  ClientError,
  ClosedError,
  type Delivery,
  InvalidInputError,
  MemcacheError,
  SerdeError,
  ServerError,
  UnknownCommandError,
  ValueTooLargeError,
} from '../errors.ts'
import { mayFollowErrorLine } from '../protocol/error-line-repeats.ts'
import type { Operation } from '../protocol/operation.ts'
import { isIdempotent } from '../protocol/request.ts'
import { DerivedOperation } from '../seam/derived-operation.ts'
import { DerivedReads } from '../seam/derived-reads.ts'
import type { Executor } from '../seam/executor.ts'
import { type ClientObserver, NO_OBSERVER } from '../seam/observer.ts'
import type { ReadBatch } from '../seam/read-batch.ts'
import { dispatchReads } from '../seam/reads.ts'
import { showValue } from '../show-value.ts'

/** Options of `retry`. */
export interface RetryOptions {
  /** Number of tries of a command, the first one included. @defaultValue `2` */
  readonly attempts?: number
  /** Pause before the second try, in milliseconds. @defaultValue `0` */
  readonly delayMs?: number
  /** Pauses double from one try to the next, up to this, in milliseconds. @defaultValue `delayMs`: all are equal */
  readonly maxDelayMs?: number
  /**
   * Decides which errors are worth another try. A command that may have been carried out and must not be twice is not
   * repeated, whatever the result.
   *
   * @defaultValue those that may be gone a moment later: connections that fail, time that runs out, servers that are down
   * or answer `SERVER_ERROR`
   */
  readonly retryFor?: (error: MemcacheError) => boolean
}

/** Retry options, checked and complete. */
interface ResolvedRetryOptions {
  readonly attempts: number
  readonly delayMs: number
  readonly maxDelayMs: number
  readonly retryFor: (error: MemcacheError) => boolean
}

const OPTIONS: readonly string[] = ['attempts', 'delayMs', 'maxDelayMs', 'retryFor']

/** Puts retries around an executor. */
export type RetryLayer = (next: Executor, observer?: Pick<ClientObserver, 'retried'>) => RetryExecutor

/** As the middleware `retry`, for executors of ours. */
export function withRetry(options: RetryOptions = {}): RetryLayer {
  const resolved = resolveRetryOptions(options)
  return (next, { retried } = NO_OBSERVER) => new Retry(next, { ...resolved, retried })
}

/** Settings that the commands of one layer share. */
interface RetrySettings extends ResolvedRetryOptions {
  readonly retried: ClientObserver['retried']
}

/** An executor whose commands may be between two attempts. */
export interface RetryExecutor extends Executor {
  /** The client ends: what is between two attempts is tried once more, now, and nothing waits any more. */
  endPauses(): void
}

class Retry implements RetryExecutor {
  readonly #next: Executor
  readonly #options: RetrySettings
  readonly #pauses: Set<() => void> = new Set()
  #ending = false

  constructor(next: Executor, options: RetrySettings) {
    this.#next = next
    this.#options = options
  }

  dispatch(operation: Operation): void {
    this.#retrying(operation).start()
  }

  dispatchReads(batch: ReadBatch): void {
    const derive = (outer: Operation): Operation => this.#retrying(outer).derive()
    dispatchReads(this.#next, new DerivedReads(batch, { derive, passes: () => true, passesMisses: true }))
  }

  #retrying(operation: Operation): Retrying {
    return new Retrying(operation, this.#next, this.#options, () => (this.#ending ? undefined : this.#pauses))
  }

  endPauses(): void {
    this.#ending = true
    for (const hurry of this.#pauses) hurry()
  }
}

/** One command that may be tried again. */
class Retrying {
  readonly #derived: DerivedOperation
  readonly #next: Executor
  readonly #options: RetrySettings
  /** Of all commands; undefined when none may begin any more. */
  readonly #pauses: () => Set<() => void> | undefined
  #attempt = 0
  /** Of the failures so far the one that leaves the most doubt, the last of several. */
  #doubt: MemcacheError | undefined

  constructor(operation: Operation, next: Executor, options: RetrySettings, pauses: () => Set<() => void> | undefined) {
    this.#derived = new DerivedOperation(operation)
    this.#next = next
    this.#options = options
    this.#pauses = pauses
  }

  start(): void {
    this.#next.dispatch(this.derive())
  }

  /** Makes the operation of the next try. */
  derive(): Operation {
    this.#attempt++
    const inner = this.#derived.next()
    inner.resolve = (value) => this.#derived.outer.succeedAs(inner, value)
    inner.reject = (reason) => this.#onFailure(reason, inner)
    return inner
  }

  #onFailure(reason: unknown, inner: Operation): void {
    const { outer } = this.#derived
    this.#derived.keepDeadline(inner)
    if (!(reason instanceof MemcacheError) || this.#derived.aborted) return outer.fail(reason)
    // If the second attempt was not sent, the first one may still have been carried out.
    this.#doubt = moreDoubtful(reason, this.#doubt)
    try {
      if (!this.#mayRepeat(reason, outer)) return outer.fail(this.#doubt)
    } catch (error) {
      // `retryFor` is the caller's, and this is the middle of a connection's work.
      return outer.fail(error)
    }
    const delayMs = this.#delayMs()
    const pauses = this.#pauses()
    if (delayMs >= this.#derived.remainingMs || pauses === undefined) return outer.fail(this.#doubt)
    this.#options.retried(outer, this.#attempt + 1, reason)
    if (delayMs === 0) this.start()
    else this.#derived.later(delayMs, pauses, () => this.start())
  }

  #mayRepeat(reason: MemcacheError, outer: Operation): boolean {
    if (this.#attempt >= this.#options.attempts) return false
    const isSafe = reason.delivery === 'not-sent' || isIdempotent(outer.request) || mayFollow(reason, outer)
    return isSafe && this.#options.retryFor(reason)
  }

  #delayMs(): number {
    const { delayMs, maxDelayMs } = this.#options
    return Math.min(delayMs * 2 ** (this.#attempt - 1), maxDelayMs)
  }
}

/** Other errors come of replies that brought something: a value that cannot be read may have brought a win token too. */
function mayFollow(reason: MemcacheError, { request }: Operation): boolean {
  const isErrorLine =
    reason instanceof ServerError || reason instanceof ClientError || reason instanceof UnknownCommandError
  return isErrorLine && reason.delivery === 'answered' && mayFollowErrorLine(request)
}

const DOUBT: Readonly<Record<Delivery, number>> = { 'not-sent': 0, answered: 1, unknown: 2 }

function moreDoubtful(last: MemcacheError, before: MemcacheError | undefined): MemcacheError {
  return before === undefined || DOUBT[last.delivery] >= DOUBT[before.delivery] ? last : before
}

/** Whether the error says something that will be no different a moment later. */
function isPassing(error: MemcacheError): boolean {
  return !(
    error instanceof InvalidInputError ||
    error instanceof ClosedError ||
    error instanceof AuthError ||
    error instanceof SerdeError ||
    error instanceof ValueTooLargeError ||
    error instanceof ClientError ||
    error instanceof UnknownCommandError
  )
}

function resolveRetryOptions(options: RetryOptions): ResolvedRetryOptions {
  if (typeof options !== 'object' || options === null) throw refused('', 'an object', options)
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name))
  if (unknown !== undefined) throw new InvalidInputError(`option retry has no ${JSON.stringify(unknown)}`)
  const { attempts = 2, delayMs = 0, retryFor = isPassing } = options
  const { maxDelayMs = delayMs } = options
  if (!Number.isSafeInteger(attempts) || attempts < 1) throw refused('attempts', 'a whole number above 0', attempts)
  if (!isDuration(delayMs)) throw refused('delayMs', 'a number of milliseconds, 0 or more', delayMs)
  if (!isDuration(maxDelayMs) || maxDelayMs < delayMs) {
    throw refused('maxDelayMs', `a number of milliseconds, delayMs (${delayMs}) or more`, maxDelayMs)
  }
  if (typeof retryFor !== 'function') throw refused('retryFor', 'a function', retryFor)
  return { attempts, delayMs, maxDelayMs, retryFor }
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number' && value >= 0
}

function refused(name: string, wanted: string, value: unknown): InvalidInputError {
  return new InvalidInputError(
    `option retry${name === '' ? '' : `.${name}`} must be ${wanted}, got ${showValue(value)}`,
  )
}
