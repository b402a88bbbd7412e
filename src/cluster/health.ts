import { AuthError, type MemcacheError } from '../errors.ts'
import type { ServerStatus } from '../seam/executor.ts'
import type { Clock } from './clock.ts'

/** When a server counts as down, and how often it is asked whether it is back. */
export interface HealthOptions {
  readonly retryAttempts: number
  readonly retryTimeoutMs: number
  readonly deadTimeoutMs: number
}

/** What the health of a server needs and calls. */
export interface HealthInit {
  readonly options: HealthOptions
  readonly clock: Clock
  /** Begins to ask the server whether it is back; the answer is {@link Health.admit} or {@link Health.refuse}. */
  probe(): void
  /** Whether most servers look down at once. */
  mostlyDown(): boolean
  /** Called when it takes commands again, or does so no longer. */
  onAvailability(healthy: boolean): void
  /** Called when it failed so often that it counts as down; once until it is back. */
  onDown(error: MemcacheError, failures: number): void
  /** It was down and is back. */
  onUp(downMs: number): void
}

/**
 * Whether one server takes commands: up → suspect → down → probing → up. It leaves `up` by the first evidence, and only
 * a probe brings it back; between, nobody waits for it. There is one probe at a time, the first after `retryTimeoutMs`,
 * each later one after twice the time, up to `deadTimeoutMs`, all of them jittered so that the clients of a server do
 * not come back together. A server that is admitted and answers no command in time goes on where it was: its failures
 * add up, and its pauses grow.
 *
 * When most servers look down at once it is probably this process or its network: the probes then stay at
 * `retryTimeoutMs`, so that everything is back as soon as the trouble is over.
 */
export class Health {
  readonly #init: HealthInit
  #state: ServerStatus['state'] = 'up'
  #lastError: MemcacheError | undefined
  /** In a row. */
  #failures = 0
  /** How often the delay between probes has doubled. */
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

  /** What went wrong last; undefined while it is up. */
  get lastError(): MemcacheError | undefined {
    return this.#lastError
  }

  /**
   * Evidence against a server that takes commands. While it takes none there is no need of more: the probes decide.
   *
   * @param answered - It has answered a command in time since it was admitted.
   */
  fail(error: MemcacheError, answered = true): void {
    if (this.#state !== 'up' || this.#stopped) return
    const upMs = this.#init.clock.now() - this.#upSince
    // Without commands for so long, nothing is known of how it is.
    const wasWell = answered || upMs >= this.#init.options.deadTimeoutMs
    if (wasWell) this.#failures = 0
    // A server that answers a few commands and fails again is not asked ever again at the shortest interval.
    if (wasWell && upMs >= this.#lastDelayMs) this.#doublings = 0
    this.#init.onAvailability(false)
    this.#count(error)
  }

  /** The probe under way succeeded: the server takes commands from this moment on. */
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

  /** The probe under way failed. */
  refuse(error: MemcacheError): void {
    if (this.#state === 'probing' && !this.#stopped) this.#count(error)
  }

  /** No more probes. */
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
    // A login that was refused is not accepted a second later, however many servers refuse it.
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
