import { MAX_TIMER_MS } from '../timer-limit.ts'
import type { Liveness } from './liveness.ts'

/** Shortest interval between checks of idle connections, in milliseconds. */
const MIN_IDLE_CHECK_MS = 10

/** Closes a connection on which nothing has been pending for the time of the option `idleTimeoutMs`. */
export class IdleTimer {
  readonly #timeoutMs: number
  readonly #liveness: Liveness
  readonly #isIdle: () => boolean
  readonly #close: () => void
  #timer: NodeJS.Timeout | undefined

  /** @param timeoutMs - 0: never. */
  constructor(timeoutMs: number, liveness: Liveness, isIdle: () => boolean, close: () => void) {
    this.#timeoutMs = timeoutMs
    this.#liveness = liveness
    this.#isIdle = isIdle
    this.#close = close
  }

  /** Watches until the connection is closed or `stop` is called. */
  start(): void {
    if (this.#timeoutMs === 0) return
    const idleMs = performance.now() - this.#liveness.receivedAt
    if (this.#isIdle() && idleMs >= this.#timeoutMs) return this.#close()
    const delayMs = Math.min(Math.max(this.#timeoutMs - idleMs, MIN_IDLE_CHECK_MS), MAX_TIMER_MS)
    this.#timer = setTimeout(() => this.start(), delayMs).unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
