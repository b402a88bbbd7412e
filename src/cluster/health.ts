import { AuthError, type MemcacheError } from '../errors.ts'
import type { ServerStatus } from '../seam/executor.ts'
import type { Clock } from './clock.ts'

/** Limits for marking a server down, and intervals of its probes. */
export interface HealthOptions {
  readonly retryAttempts: number
  readonly retryTimeoutMs: number
  readonly deadTimeoutMs: number
}

/** Dependencies and callbacks of {@link Health}. */
export interface HealthInit {
  readonly options: HealthOptions
  readonly clock: Clock
  /** Starts a probe of the server; {@link Health.admit} or {@link Health.refuse} reports the answer. */
  probe(): void
  /** Returns whether most servers look down at once. */
  mostlyDown(): boolean
  /** Called when the server starts or stops taking commands. */
  onAvailability(healthy: boolean): void
  /** Called when enough failures mark the server as down; once until the server is back. */
  onDown(error: MemcacheError, failures: number): void
  /** Called when a server that was down is back. */
  onUp(downMs: number): void
}

/**
 * Tracks whether one server takes commands: up → suspect → down → probing → up. The first evidence ends `up`, and only
 * a probe restores it; in between, no command waits for the server. There is one probe at a time. The first comes after
 * `retryTimeoutMs`, each later one after twice the time, up to `deadTimeoutMs`. All are jittered, so that the clients
 * of a server do not come back together. If an admitted server answers no command in time, its failures and pauses
 * continue to grow.
 *
 * When most servers look down at once, this process or its network is probably at fault: probes then stay at
 * `retryTimeoutMs`, so that all servers return as soon as the trouble is over.
 */
export class Health {
  readonly #init: HealthInit
  #state: ServerStatus['state'] = 'up'
  #lastError: MemcacheError | undefined
  /** Failures in a row. */
  #failures = 0
  /** Number of times that the delay between probes has doubled. */
  #doublings = 0
  #lastDelayMs = 0
  #upSince = Number.NEGATIVE_INFINITY
  #downSince: number | undefined
  #cancelTimer: (() => void) | undefined
  #stopped = false

  constructor(init: HealthInit) {
    this.#init = init
  }

  get state(): ServerStatus['state'] {
    return this.#state
  }

  /** Last failure; undefined while the server is up. */
  get lastError(): MemcacheError | undefined {
    return this.#lastError
  }

  /**
   * Records evidence against a server that takes commands. While the server takes none, the probes decide.
   *
   * @param answered - Whether the server has answered a command in time since it was admitted.
   */
  fail(error: MemcacheError, answered = true): void {
    if (this.#state !== 'up' || this.#stopped) return
    const upMs = this.#init.clock.now() - this.#upSince
    // Without commands for that long, the state of the server is unknown.
    const wasWell = answered || upMs >= this.#init.options.deadTimeoutMs
    if (wasWell) this.#failures = 0
    // A server that answers a few commands and fails again must not be probed at the shortest interval for ever.
    if (wasWell && upMs >= this.#lastDelayMs) this.#doublings = 0
    this.#init.onAvailability(false)
    this.#count(error)
  }

  /** Marks the server as up after a successful probe: it takes commands from now on. */
  admit(): void {
    if (this.#state !== 'probing' || this.#stopped) return
    const now = this.#init.clock.now()
    const downSince = this.#downSince
    this.#state = 'up'
    this.#lastError = undefined
    this.#upSince = now
    this.#downSince = undefined
    this.#init.onAvailability(true)
    if (downSince !== undefined) this.#init.onUp(now - downSince)
  }

  /** Records that the current probe failed. */
  refuse(error: MemcacheError): void {
    if (this.#state === 'probing' && !this.#stopped) this.#count(error)
  }

  /** Ends all probes. */
  stop(): void {
    this.#stopped = true
    this.#cancelTimer?.()
  }

  #count(error: MemcacheError): void {
    const { options, clock } = this.#init
    this.#lastError = error
    this.#failures++
    this.#state = this.#failures >= options.retryAttempts ? 'down' : 'suspect'
    this.#schedule(error)
    if (this.#state === 'suspect' || this.#downSince !== undefined) return
    this.#downSince = clock.now()
    this.#init.onDown(error, this.#failures)
  }

  #schedule(error: MemcacheError): void {
    const { options, clock } = this.#init
    // A refused login is not accepted a second later, however many servers refuse it.
    if (this.#init.mostlyDown() && !(error instanceof AuthError)) this.#doublings = 0
    const delayMs = Math.min(options.retryTimeoutMs * 2 ** this.#doublings, options.deadTimeoutMs)
    if (delayMs < options.deadTimeoutMs) this.#doublings++
    this.#lastDelayMs = delayMs
    this.#cancelTimer = clock.after(delayMs / 2 + (clock.random() * delayMs) / 2, () => {
      this.#state = 'probing'
      this.#init.probe()
    })
  }
}
