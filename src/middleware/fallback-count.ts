import { ClientError } from '../errors.ts'
import { ignore } from '../ignore.ts'
import type { Operation } from '../protocol/operation.ts'
import { deleteUnchanged } from '../protocol/placeholder.ts'
import type { Reply } from '../protocol/reply.ts'
import { GETS, type Request } from '../protocol/request.ts'
import { DerivedOperation } from '../seam/derived-operation.ts'
import type { Executor } from '../seam/executor.ts'
import type { FallbackContext } from './fallback-context.ts'
import { placeholderCas } from './item-copy.ts'

/** Whether the command counts. */
export function counts({ command }: Request): boolean {
  return command === 'incr' || command === 'decr' || command === 'ma'
}

/** Most times that a placeholder may be in the way of one call. */
const MAX_ATTEMPTS = 4

/**
 * One `incr` or `decr`. A placeholder in its way, which is no number, is removed: the counter is then missing in the first
 * cluster, as it was before the copy began.
 */
export class FallbackCount {
  readonly #derived: DerivedOperation
  readonly #first: Executor
  #attempt = 0

  constructor(operation: Operation, { first }: FallbackContext) {
    this.#derived = new DerivedOperation(operation)
    this.#first = first
  }

  start(): void {
    const { outer } = this.#derived
    this.#attempt++
    const inner = this.#derived.next()
    inner.resolve = (value) => outer.succeedAs(inner, value)
    inner.reject = (reason) => {
      this.#derived.keepDeadline(inner)
      if (reason instanceof ClientError && !this.#derived.aborted && this.#attempt < MAX_ATTEMPTS) this.#look()
      else outer.fail(reason)
    }
    this.#first.dispatch(inner)
  }

  #look(): void {
    this.#step(GETS, placeholderCas, (cas) => {
      // The item has a value by now, or had one all the time: then this is the last attempt.
      if (cas === undefined || cas === 0n) this.#attempt = MAX_ATTEMPTS - 1
      if (cas === undefined || cas === 0n) this.start()
      else this.#step(deleteUnchanged(cas, 'refill'), ignore, () => this.start())
    })
  }

  #step<T>(request: Request, interpret: (reply: Reply) => T, next: (result: T) => void): void {
    const inner = this.#derived.next(request, interpret)
    inner.resolve = (result) => next(result as T)
    inner.reject = (reason) => this.#derived.outer.fail(reason)
    this.#first.dispatch(inner)
  }
}
