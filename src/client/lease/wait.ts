import { whenAborted } from '../../abort-listener.ts'

/** The first pause between two looks at a key that another client is loading, in milliseconds; it doubles. */
const FIRST_DELAY_MS = 10

/** The longest pause. */
const LONGEST_DELAY_MS = 250

/** Marks that identify a lease, and tell the next one from it. */
export interface LeaseMark {
  /** The cas number of the item that holds the place; 0n where the server keeps none. */
  readonly cas: bigint
  /** Seconds that it still has; undefined in text mode. */
  readonly ttl: number | undefined
}

/**
 * Time to wait for another client's load: the caller's `waitMs` in all, or else for each lease as long as it lasts. A
 * winner that dies thus delays the others by its lease, and the next winner gets a lease's time again.
 */
export class LeaseWait {
  readonly #leaseMs: number
  readonly #isPerLease: boolean
  #deadline: number
  #mark: LeaseMark
  #delayMs = FIRST_DELAY_MS

  constructor(mark: LeaseMark, leaseTtl: number, waitMs: number | undefined) {
    // The pause is for the server's clock, which ticks a little late under load: the lease must be over at the last look.
    this.#leaseMs = leaseTtl * 1000 + LONGEST_DELAY_MS
    this.#isPerLease = waitMs === undefined
    this.#mark = mark
    this.#deadline = performance.now() + (waitMs ?? this.#leaseMs)
  }

  /** Notes whose lease it is now. */
  see(mark: LeaseMark): void {
    if (this.#isPerLease && isAnother(mark, this.#mark)) {
      this.#deadline = performance.now() + this.#leaseMs
      this.#delayMs = FIRST_DELAY_MS
    }
    this.#mark = mark
  }

  /** The pause before the next look, in milliseconds; undefined when the waiting is over. */
  next(): number | undefined {
    const left = this.#deadline - performance.now()
    if (left <= 0) return undefined
    // Half of it at random, so that those who wait do not ask in step.
    const delay = this.#delayMs * (0.5 + Math.random() / 2)
    this.#delayMs = Math.min(this.#delayMs * 2, LONGEST_DELAY_MS)
    return Math.min(delay, left)
  }
}

function isAnother(now: LeaseMark, before: LeaseMark): boolean {
  if (now.cas !== before.cas) return true
  return now.cas === 0n && now.ttl !== undefined && before.ttl !== undefined && now.ttl > before.ttl
}

/** Waits; an abort of the signal ends it early with the signal's reason. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal!.reason)
    }
    const stopListening = signal && whenAborted(signal, onAbort)
    const timer = setTimeout(() => {
      stopListening?.()
      resolve()
    }, ms)
  })
}
