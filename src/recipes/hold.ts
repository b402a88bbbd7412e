import { isAbsorbable } from '../client/dispatcher.ts'
import { ClosedError, ConflictError, TimeoutError } from '../errors.ts'
import type { Mark } from './mark.ts'

/** Renewals in the life of a mark; a renewal that failed is repeated four times as often. */
const RENEWALS = 3
const RETRIES = 4

/** memcached's clock ticks once a second: an item with a ttl of n seconds lives between n - 1 and n. */
const TICK_MS = 1000

/** Renews a mark while work is under way, and aborts a signal when the mark is lost, or may be. */
export class Hold {
  readonly #mark: Mark
  readonly #seconds: number
  readonly #timeoutMs: number
  readonly #controller: AbortController = new AbortController()
  /** Time until which the mark lives if nothing removes it, on the monotonic clock. */
  #livesUntil: number
  #timer: ReturnType<typeof setTimeout> | undefined
  #renewing: Promise<void> | undefined
  /** Why the last renewal failed; undefined: it did not. */
  #failure: unknown
  #ended = false

  /**
   * @param seconds - Life of the mark after it was stored.
   * @param storedAt - Time before it was stored, on the monotonic clock.
   * @param timeoutMs - Longest time of one command.
   */
  constructor(mark: Mark, seconds: number, storedAt: number, timeoutMs: number) {
    this.#mark = mark
    this.#seconds = seconds
    this.#timeoutMs = timeoutMs
    this.#livesUntil = this.#endOfLife(storedAt)
    this.#schedule(this.#intervalMs)
  }

  /** Aborts when another caller has the mark, when it is gone, or when it could not be renewed in time. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Asks the server whether the mark is still ours; aborts the signal if not. */
  async stillHeld(): Promise<boolean> {
    if (this.#ended || this.signal.aborted) return false
    const { owner } = await this.#mark.look()
    if (owner !== 'us') this.#lose(lostError(this.#mark, owner))
    return owner === 'us' && !this.signal.aborted
  }

  /** Renews no more; settles when no renewal is under way. */
  async end(): Promise<void> {
    this.#ended = true
    clearTimeout(this.#timer)
    await this.#renewing
  }

  get #intervalMs(): number {
    return (this.#seconds * 1000) / RENEWALS
  }

  get #leftMs(): number {
    return this.#livesUntil - performance.now()
  }

  #endOfLife(storedAt: number): number {
    return storedAt + this.#seconds * 1000 - TICK_MS
  }

  #schedule(delayMs: number): void {
    if (this.#ended || this.signal.aborted) return
    const renew = (): void => {
      this.#renewing = this.#renew()
    }
    const timer: ReturnType<typeof setTimeout> = setTimeout(renew, Math.max(0, Math.min(delayMs, this.#leftMs)))
    this.#timer = timer
    // The work keeps the process alive, or nothing does.
    ;(timer as { unref?: () => void }).unref?.()
  }

  async #renew(): Promise<void> {
    const startedAt = performance.now()
    const leftMs = this.#leftMs
    if (leftMs <= 0) return this.#lose(lateError(this.#mark, this.#failure))
    try {
      // Two commands, each within half of what is left.
      const isRenewed = await this.#mark.renew({ timeoutMs: Math.max(1, Math.min(this.#timeoutMs, leftMs / 2)) })
      if (!isRenewed) return this.#lose(lostError(this.#mark, 'other'))
      this.#failure = undefined
      this.#livesUntil = this.#endOfLife(startedAt)
      this.#schedule(this.#intervalMs)
    } catch (error) {
      this.#failed(error)
    }
  }

  #failed(error: unknown): void {
    if (this.#ended) return
    this.#failure = error
    if (isAbsorbable(error)) this.#mark.report(error)
    if (this.#leftMs <= 0 || error instanceof ClosedError) this.#lose(lateError(this.#mark, error))
    else this.#schedule(this.#intervalMs / RETRIES)
  }

  #lose(reason: Error): void {
    if (this.#ended) return
    clearTimeout(this.#timer)
    this.#controller.abort(reason)
  }
}

function lostError({ key }: Mark, owner: 'other' | 'none'): ConflictError {
  const why = owner === 'none' ? 'it was deleted or evicted' : 'another caller has it, or it was deleted or evicted'
  return new ConflictError(`the mark ${key} is lost: ${why}`, { delivery: 'answered', command: 'once', key })
}

function lateError({ key }: Mark, cause: unknown): TimeoutError {
  const message = `the mark ${key} could not be renewed before it may expire`
  return new TimeoutError(message, { delivery: 'unknown', command: 'once', key, cause })
}
