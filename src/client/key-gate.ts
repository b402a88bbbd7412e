import { type MemcacheError, OverloadedError, TimeoutError } from '../errors.ts'
import type { WireKey } from '../protocol/key.ts'
import type { Holder, Operation } from '../protocol/operation.ts'
import type { Request } from '../protocol/request.ts'

interface Entry {
  readonly operation: Operation
  /** Nothing is being made for it, or no longer. */
  ready: boolean
  /** It is out of its queue. */
  left: boolean
  /** Length of its body, before it is compressed. */
  readonly bytes: number
  readonly timer: NodeJS.Timeout | undefined
}

/**
 * Holds commands back while a value for their key is still being made (compressed on the thread pool), so that commands
 * for one key stay in the order of the calls. Keys without such a value are not touched.
 */
export class KeyGate implements Holder {
  readonly server = 'the server'
  readonly #queues: Map<string, Entry[]> = new Map()
  readonly #dispatch: (operation: Operation) => void
  readonly #limits: GateLimits
  #held = 0
  #heldBytes = 0
  #ending: MemcacheError | undefined
  /** Who waits until nothing is held back. */
  #waiters: (() => void)[] = []

  constructor(dispatch: (operation: Operation) => void, limits: GateLimits) {
    this.#dispatch = dispatch
    this.#limits = limits
  }

  /** Whether a command has to be offered to `hold`. */
  get closed(): boolean {
    return this.#queues.size > 0 || this.#ending !== undefined
  }

  /** Takes no more commands; settles when those that are held back have passed. */
  async drain(error: MemcacheError): Promise<void> {
    this.#ending = error
    await this.passed()
  }

  /** Settles when what is held back has passed; undefined when nothing is. */
  passed(): Promise<void> | undefined {
    if (this.#queues.size === 0) return undefined
    return new Promise<void>((resolve) => this.#waiters.push(resolve))
  }

  #tellEmpty(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const resolve of waiters) resolve()
  }

  /** Ends everything that is held back. */
  destroy(error: MemcacheError): void {
    this.#ending = error
    const entries = [...this.#queues.values()].flat()
    this.#queues.clear()
    for (const { operation, timer } of entries) {
      clearTimeout(timer)
      operation.fail(error)
    }
    this.#tellEmpty()
  }

  /** Takes a command whose request is still being made. */
  prepare(operation: Operation, request: Promise<Request>): void {
    if (this.#refuses(operation)) return
    void this.#finish(this.#push(operation, false), request)
  }

  async #finish(entry: Entry, request: Promise<Request>): Promise<void> {
    try {
      entry.operation.request = await request
    } catch (error) {
      entry.operation.fail(error)
    }
    entry.ready = true
    if (entry.left) this.#uncount(entry)
    else this.#advance(entry.operation)
  }

  /** Takes a command if an earlier one for its key is held back; says whether it did. */
  hold(operation: Operation): boolean {
    if (this.#ending === undefined && !this.#queues.has(keyName(operation.key))) return false
    if (!this.#refuses(operation)) this.#push(operation, true)
    return true
  }

  /** The limits of a connection hold here too, for what waits here waits nowhere else. */
  #refuses(operation: Operation): boolean {
    const { maxPending, maxPendingBytes } = this.#limits
    if (this.#ending !== undefined) operation.fail(this.#ending)
    else if (this.#held >= maxPending) operation.fail(overloaded(operation, `${maxPending} commands (maxPending)`))
    else if (this.#heldBytes > 0 && this.#heldBytes + operation.bodyBytes > maxPendingBytes) {
      operation.fail(overloaded(operation, `${this.#heldBytes} bytes (maxPendingBytes is ${maxPendingBytes})`))
    }
    return operation.settled
  }

  /** A held command was aborted, or its time is up. */
  cancel(operation: Operation, reason: unknown): void {
    operation.fail(reason)
    this.#advance(operation)
  }

  #push(operation: Operation, ready: boolean): Entry {
    const { timeoutMs } = operation
    if (operation.deadline === 0) operation.deadline = performance.now() + timeoutMs
    operation.holder = this
    this.#held++
    this.#heldBytes += operation.bodyBytes
    const timer = this.#startTimer(operation)
    const entry: Entry = { operation, ready, left: false, bytes: operation.bodyBytes, timer }
    const name = keyName(operation.key)
    const queue = this.#queues.get(name)
    if (queue === undefined) this.#queues.set(name, [entry])
    else queue.push(entry)
    return entry
  }

  #startTimer(operation: Operation): NodeJS.Timeout | undefined {
    if (operation.deadline === Number.POSITIVE_INFINITY) return undefined
    const expire = (): void => {
      const message = `${operation.describe()} timed out after ${operation.timeoutMs} ms, while a value for this key was being compressed`
      this.cancel(operation, new TimeoutError(message, { delivery: 'not-sent' }))
    }
    return setTimeout(expire, Math.max(0, operation.deadline - performance.now()))
  }

  /** Lets pass what no longer has to wait; a value that nobody wants any more holds nobody back. */
  #advance({ key }: Operation): void {
    const name = keyName(key)
    const queue = this.#queues.get(name)
    // Destroyed meanwhile.
    if (queue === undefined) return
    while (queue[0] !== undefined && (queue[0].ready || queue[0].operation.settled)) this.#release(queue.shift()!)
    if (queue.length > 0) return
    this.#queues.delete(name)
    if (this.#queues.size === 0) this.#tellEmpty()
  }

  #release(entry: Entry): void {
    const { operation, timer } = entry
    clearTimeout(timer)
    entry.left = true
    if (entry.ready) this.#uncount(entry)
    if (operation.settled) return
    operation.holder = undefined
    this.#dispatch(operation)
  }

  /** Until its value is made, or given up, an entry counts: the thread pool still has its bytes. */
  #uncount({ bytes }: Entry): void {
    this.#held--
    this.#heldBytes -= bytes
  }
}

/** How much may be held back. */
export interface GateLimits {
  readonly maxPending: number
  readonly maxPendingBytes: number
}

function overloaded(operation: Operation, what: string): OverloadedError {
  return new OverloadedError(`${operation.describe()}: ${what} wait for values to be compressed`, {
    delivery: 'not-sent',
  })
}

function keyName(key: WireKey): string {
  return typeof key === 'string' ? key : `${key.form} ${key.text}`
}
