import { whenAborted } from '../abort-listener.ts'
import type { MemcacheError } from '../errors.ts'
import type { WaitLimits } from '../seam/executor.ts'

interface Waiter {
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

/** Calls about servers, held until the server list is known; each within its own time and signal. */
export class ListWaiters {
  readonly #waiting: Set<Waiter> = new Set()
  readonly #timeoutError: (timeoutMs: number) => MemcacheError

  /** @param timeoutError - Makes the error of a call whose time is up. */
  constructor(timeoutError: (timeoutMs: number) => MemcacheError) {
    this.#timeoutError = timeoutError
  }

  /** Number of waiting calls. */
  get size(): number {
    return this.#waiting.size
  }

  async wait(timeoutMs: number, signal: WaitLimits['signal']): Promise<void> {
    signal?.throwIfAborted()
    const { promise, ...waiter } = withResolvers()
    const expire = (): void => waiter.reject(this.#timeoutError(timeoutMs))
    const stopListening = signal && whenAborted(signal, () => waiter.reject(signal.reason))
    const timer = timeoutMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(expire, timeoutMs)
    this.#waiting.add(waiter)
    try {
      await promise
    } finally {
      clearTimeout(timer)
      stopListening?.()
      this.#waiting.delete(waiter)
    }
  }

  /** Resolves all calls: the list is known. */
  release(): void {
    for (const waiter of this.#waiting) waiter.resolve()
  }

  /** Rejects all calls: there will be no list. */
  fail(error: MemcacheError): void {
    for (const waiter of this.#waiting) waiter.reject(error)
  }
}

/** Does the work of `Promise.withResolvers`, which Node 20 lacks. */
function withResolvers(): Waiter & { readonly promise: Promise<void> } {
  let waiter: Waiter | undefined
  const promise = new Promise<void>((resolve, reject) => {
    waiter = { resolve, reject }
  })
  return { ...waiter!, promise }
}
