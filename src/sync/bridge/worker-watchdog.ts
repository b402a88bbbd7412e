import { HeaderField } from './channel.ts'

/** Interval at which a waiting caller checks whether the worker lives, in milliseconds. */
export const LOOK_MS = 100

/** Silence after which a worker that is later than the call allows is given up, in milliseconds. */
const SILENCE_MS = 500

/** Silence after which any worker is given up, however long the call may take, in milliseconds. */
const LONGEST_SILENCE_MS = 10_000

/** Decides how long a call waits for a worker that does not answer. */
export class WorkerWatchdog {
  readonly #header: Int32Array
  readonly #timeoutMs: number
  #deadline: number
  #tick: number
  #lookedAt: number
  #silentMs = 0

  /** @param timeoutMs - Time of the call. */
  constructor(header: Int32Array, timeoutMs: number) {
    this.#header = header
    this.#timeoutMs = timeoutMs
    this.#lookedAt = performance.now()
    this.#deadline = this.#lookedAt + timeoutMs
    this.#tick = Atomics.load(header, HeaderField.tick)
  }

  /** Restarts the time: the worker has called the caller, so it was not silent. */
  renew(): void {
    this.#silentMs = 0
    this.#lookedAt = performance.now()
    this.#deadline = this.#lookedAt + this.#timeoutMs
  }

  /** Returns the duration of the silence once it is too long, in milliseconds; else undefined. */
  silence(): number | undefined {
    const now = performance.now()
    const tick = Atomics.load(this.#header, HeaderField.tick)
    // If much more time has passed, the whole process stood still, and the worker with it.
    this.#silentMs = tick === this.#tick ? this.#silentMs + Math.min(now - this.#lookedAt, 2 * LOOK_MS) : 0
    this.#tick = tick
    this.#lookedAt = now
    const isOver = now > this.#deadline && this.#silentMs > SILENCE_MS
    return isOver || this.#silentMs > LONGEST_SILENCE_MS ? this.#silentMs : undefined
  }
}
