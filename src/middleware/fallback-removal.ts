import { MemcacheError } from '../errors.ts'
import { type Interpret, Operation } from '../protocol/operation.ts'
import type { Request } from '../protocol/request.ts'
import type { FallbackContext } from './fallback-context.ts'
import { Relay } from './relay.ts'
import { comparesCas } from './removals.ts'

/**
 * One removal: every cluster is told. The call gives the first cluster's failure; or else what came of it where the key
 * was; or else what the first cluster said.
 */
export class FallbackRemoval {
  readonly #relay: Relay
  readonly #removal: Request
  readonly #context: FallbackContext
  /** It depends on the first cluster's cas number: elsewhere it is done only once it was done there. */
  readonly #dependent: boolean
  /** Clusters whose answers the call waits for. */
  #pending: number
  #firstFailed: (() => void) | undefined
  #removed: (() => void) | undefined
  #firstSaid: () => void = () => undefined

  /** @param removal - What older clusters are told. */
  constructor(operation: Operation, removal: Request, context: FallbackContext) {
    this.#relay = new Relay(operation)
    this.#removal = removal
    this.#context = context
    this.#dependent = comparesCas(operation.request)
    this.#pending = this.#dependent ? 1 : 1 + context.older.length
  }

  start(): void {
    if (!this.#dependent) this.#tellOlder()
    const { outer } = this.#relay
    const outcome = { removed: false }
    const inner = this.#relay.next(outer.request, noting(outer.interpret, outcome))
    inner.resolve = (value) => {
      this.#firstSaid = () => outer.succeed(value)
      if (outcome.removed) this.#removed = this.#firstSaid
      if (outcome.removed && this.#dependent) this.#tellOlder()
      this.#count()
    }
    inner.reject = (reason) => {
      this.#firstFailed = () => outer.fail(reason)
      // An abort ends the call at once.
      if (!(reason instanceof MemcacheError) || this.#relay.aborted) this.#pending = 1
      this.#count()
    }
    this.#context.first.dispatch(inner)
  }

  #tellOlder(): void {
    const { outer } = this.#relay
    for (const executor of this.#context.older) {
      const outcome = { removed: false }
      const operation = this.#independent(noting(outer.interpret, outcome))
      operation.resolve = (value) => {
        if (outcome.removed) this.#removed ??= () => outer.succeed(value)
        if (!this.#dependent) this.#count()
      }
      operation.reject = (reason) => {
        if (reason instanceof MemcacheError) this.#context.options.onError(reason, outer)
        if (!this.#dependent) this.#count()
      }
      executor.dispatch(operation)
    }
  }

  /** An operation that an abort of the call does not end: what was begun to be removed is removed everywhere. */
  #independent(interpret: Interpret): Operation {
    const { outer } = this.#relay
    const operation = new Operation(this.#removal, outer.key, outer.callerKey, outer.timeoutMs, interpret)
    operation.routingKey = outer.routingKey
    operation.quiet = outer.quiet
    return operation
  }

  #count(): void {
    this.#pending--
    if (this.#pending === 0) (this.#firstFailed ?? this.#removed ?? this.#firstSaid)()
  }
}

function noting(interpret: Interpret, outcome: { removed: boolean }): Interpret {
  return (reply, operation) => {
    outcome.removed = reply.outcome === 'deleted'
    return interpret(reply, operation)
  }
}
