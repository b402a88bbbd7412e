import { TimeoutError } from '../errors.ts'
import type { WireKey } from '../protocol/key.ts'
import type { Holder, Operation } from '../protocol/operation.ts'
import type { Request } from '../protocol/request.ts'

interface Entry {
  readonly operation: Operation
  ready: boolean
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

  constructor(dispatch: (operation: Operation) => void) {
    this.#dispatch = dispatch
  }

  /** Whether anything is held back. */
  get closed(): boolean {
    return this.#queues.size > 0
  }

  /** Takes a command whose request is still being made. */
  prepare(operation: Operation, request: Promise<Request>): void {
    const entry = this.#push(operation, false)
    void this.#finish(entry, request)
  }

  async #finish(entry: Entry, request: Promise<Request>): Promise<void> {
    try {
      entry.operation.request = await request
    } catch (error) {
      entry.operation.fail(error)
    }
    this.#settle(entry)
  }

  /** Takes a command if an earlier one for its key is held back; says whether it did. */
  hold(operation: Operation): boolean {
    if (!this.#queues.has(keyName(operation.key))) return false
    this.#push(operation, true)
    return true
  }

  /** A held command was aborted, or its time is up. */
  cancel(operation: Operation, reason: unknown): void {
    operation.fail(reason)
  }

  #push(operation: Operation, ready: boolean): Entry {
    const { timeoutMs } = operation
    if (operation.deadline === 0) operation.deadline = performance.now() + timeoutMs
    operation.holder = this
    const entry: Entry = { operation, ready, timer: this.#startTimer(operation) }
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
      operation.fail(new TimeoutError(message))
    }
    return setTimeout(expire, Math.max(0, operation.deadline - performance.now()))
  }

  #settle(entry: Entry): void {
    entry.ready = true
    const name = keyName(entry.operation.key)
    const queue = this.#queues.get(name)!
    while (queue[0]?.ready === true) this.#release(queue.shift()!)
    if (queue.length === 0) this.#queues.delete(name)
  }

  #release({ operation, timer }: Entry): void {
    clearTimeout(timer)
    if (operation.settled) return
    operation.holder = undefined
    this.#dispatch(operation)
  }
}

function keyName(key: WireKey): string {
  return typeof key === 'string' ? key : `${key.form} ${key.text}`
}
