import type { MemcacheError } from '../errors.ts'
import type { Holder, Operation } from '../protocol/operation.ts'

/** Command whose answer is delayed: until it is due, or the command's time is over. */
export class PendingReply implements Holder {
  readonly server: string
  /** Settles when the command has. */
  readonly settled: Promise<void>
  readonly #operation: Operation
  readonly #timer: NodeJS.Timeout | undefined
  #onSettled: () => void = () => undefined
  #inner: Operation | undefined
  #isDue = false
  /** Gives the answer that came before it was due. */
  #answer: (() => void) | undefined

  /**
   * @param latencyMs - Delay; may be Infinity.
   * @param timeout - Makes the error of a command whose time is over.
   */
  constructor(operation: Operation, server: string, latencyMs: number, timeout: () => MemcacheError) {
    this.server = server
    this.#operation = operation
    this.settled = new Promise((resolve) => {
      this.#onSettled = resolve
    })
    operation.holder = this
    // An outer wrapper reads the deadline, to keep within the time of the call.
    if (operation.deadline === 0) operation.deadline = performance.now() + operation.timeoutMs
    const leftMs = operation.deadline - performance.now()
    if (latencyMs < leftMs) this.#timer = setTimeout(() => this.#becomeDue(), latencyMs)
    else if (leftMs !== Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.end(timeout()), leftMs)
  }

  /** Watches the inner command that is carried out meanwhile. */
  awaits(inner: Operation): void {
    this.#inner = inner
    inner.resolve = (value) => this.#settle(() => this.#operation.succeedAs(inner, value))
    inner.reject = (reason) => this.#settle(() => this.#operation.fail(reason))
  }

  cancel(_operation: Operation, reason: unknown): void {
    this.end(reason)
  }

  /** Fails the command now. */
  end(reason: unknown): void {
    this.#isDue = true
    const inner = this.#inner
    this.#finish(() => this.#operation.fail(reason))
    if (inner?.settled === false) inner.cancel(reason)
  }

  #becomeDue(): void {
    this.#isDue = true
    if (this.#answer !== undefined) this.#finish(this.#answer)
  }

  #settle(answer: () => void): void {
    if (this.#isDue) this.#finish(answer)
    else this.#answer = answer
  }

  #finish(answer: () => void): void {
    clearTimeout(this.#timer)
    answer()
    this.#onSettled()
  }
}
