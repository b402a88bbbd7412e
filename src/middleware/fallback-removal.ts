import { MemcacheError } from '../errors.ts'
import { type Interpret, Operation } from '../protocol/operation.ts'
import type { Request } from '../protocol/request.ts'
import { DerivedOperation } from '../seam/derived-operation.ts'
import type { Executor } from '../seam/executor.ts'
import type { FallbackContext } from './fallback-context.ts'
import { comparesCas, removes } from './removals.ts'

/** Outcome of a removal in one cluster. */
interface Outcome {
  /** Whether the item was there, and is removed or marked. */
  removed: boolean
  /** Gives the call this cluster's answer. */
  settle: () => void
}

/**
 * One removal, in every cluster. The call gives the first cluster's failure; or else the answer of a cluster where the
 * key was; or else the first cluster's answer.
 *
 * While one cluster has not removed the item yet, another client may copy it to a cluster that has. So a cluster removes
 * it once more when the item was in another one. Later commands of this client for the key wait until then.
 */
export class FallbackRemoval {
  readonly #derived: DerivedOperation
  /** Command for the older clusters. */
  readonly #removal: Request
  readonly #context: FallbackContext
  readonly #letGo: () => void
  readonly #inFirst: Outcome = { removed: false, settle: () => undefined }
  readonly #inOlder: readonly Outcome[]
  #firstFailed = false

  constructor(operation: Operation, removal: Request, context: FallbackContext) {
    this.#derived = new DerivedOperation(operation)
    this.#removal = removal
    this.#context = context
    this.#letGo = context.queue.block(operation.key)
    this.#inOlder = context.older.map(() => ({ removed: false, settle: () => undefined }))
  }

  start(): void {
    const { outer } = this.#derived
    // Several steps share the time of the call.
    const time = this.#derived.remainingMs
    if (!comparesCas(outer.request)) return this.#together([this.#askFirst, ...this.#askOlder(time)], this.#again)
    // A removal by the first cluster's cas number is done there once: after the others, so that no copy of theirs can
    // come back. Their items are older than the item with this number.
    this.#together(this.#askOlder(time / 2), () =>
      this.#together([this.#askFirst], () => {
        this.#letGo()
        this.#together(this.#inFirst.removed ? this.#askOlder(outer.timeoutMs) : [], this.#settle)
      }),
    )
  }

  /** Takes steps at a time, and goes on when all of them have settled. */
  #together(steps: readonly ((done: () => void) => void)[], next: () => void): void {
    let pending = steps.length
    if (pending === 0) return next()
    const done = (): void => {
      pending--
      if (pending === 0) next()
    }
    for (const step of steps) step(done)
  }

  readonly #again = (): void => {
    const { older } = this.#context
    // An abort is no failure: what has begun is carried out.
    const isOver = this.#firstFailed && !this.#derived.aborted
    const steps = isOver ? [] : older.flatMap((executor, at) => this.#secondStep(executor, at))
    if (!isOver && this.#inOlder.some(({ removed }) => removed) && !this.#isMarked(this.#inFirst)) {
      steps.push((done) => this.#removeAgain(this.#context.first, this.#derived.outer.request, done))
    }
    this.#together(steps, this.#settle)
    // Commands that waited follow on the same connections.
    this.#letGo()
  }

  #secondStep(executor: Executor, at: number): ((done: () => void) => void)[] {
    const own = this.#inOlder[at]!
    const isElsewhere = this.#inFirst.removed || this.#inOlder.some((other) => other !== own && other.removed)
    if (!isElsewhere || this.#isMarked(own)) return []
    return [(done) => this.#removeAgain(executor, this.#removal, done)]
  }

  /** An item that is marked stale is still there, so nothing is copied to its place. */
  #isMarked({ removed }: Outcome): boolean {
    return removed && !removes(this.#removal)
  }

  readonly #askFirst = (done: () => void): void => {
    const { outer } = this.#derived
    const interpret = noting(outer.interpret, this.#inFirst)
    // After an abort it is carried out none the less, as in the other clusters.
    const inner = this.#derived.aborted
      ? this.#independent(outer.request, interpret)
      : this.#derived.next(outer.request, interpret)
    // The answers of all clusters decide about the next step, also where the caller wants none.
    inner.quiet = false
    inner.awaitsBarrier = false
    inner.resolve = (value) => {
      this.#inFirst.settle = () => outer.succeedAs(inner, value)
      done()
    }
    inner.reject = (reason) => {
      this.#failFirst(reason)
      done()
    }
    this.#context.first.dispatch(inner)
  }

  #failFirst(reason: unknown): void {
    const { outer } = this.#derived
    this.#firstFailed = true
    this.#inFirst.settle = () => this.#fail(reason)
    // An abort ends the call at once.
    if (!(reason instanceof MemcacheError) || this.#derived.aborted) outer.fail(reason)
  }

  /** A quiet command that the server has answered does not fail: its failure is an event. */
  #fail(reason: unknown): void {
    const { outer } = this.#derived
    const isEvent =
      outer.quiet && !outer.awaitsBarrier && reason instanceof MemcacheError && reason.delivery !== 'not-sent'
    if (!isEvent) return outer.fail(reason)
    this.#context.options.onError(reason, outer)
    outer.succeed(undefined)
  }

  #askOlder(timeMs: number): ((done: () => void) => void)[] {
    return this.#context.older.map((executor, at) => (done) => {
      const { outer } = this.#derived
      const outcome = this.#inOlder[at]!
      const operation = this.#independent(this.#removal, noting(outer.interpret, outcome))
      operation.deadline = performance.now() + timeMs
      operation.resolve = (value) => {
        outcome.settle = () => outer.succeedAs(operation, value)
        done()
      }
      operation.reject = (reason) => {
        this.#report(reason)
        done()
      }
      executor.dispatch(operation)
    })
  }

  #removeAgain(executor: Executor, removal: Request, done: () => void): void {
    const operation = this.#independent(removal, () => undefined)
    if (!this.#derived.aborted) operation.deadline = this.#derived.outer.deadline
    operation.resolve = done
    operation.reject = (reason) => {
      if (executor === this.#context.first) this.#failFirst(reason)
      else this.#report(reason)
      done()
    }
    executor.dispatch(operation)
  }

  #report(reason: unknown): void {
    if (reason instanceof MemcacheError) this.#context.options.onError(reason, this.#derived.outer)
  }

  /** An operation that an abort of the call does not end: a removal that has begun is carried out everywhere. */
  #independent(request: Request, interpret: Interpret): Operation {
    const { outer } = this.#derived
    const operation = new Operation(request, outer.key, outer.callerKey, outer.timeoutMs, interpret)
    operation.routingKey = outer.routingKey
    operation.homeOnly = outer.homeOnly
    return operation
  }

  readonly #settle = (): void => {
    const isDependent = comparesCas(this.#derived.outer.request)
    const elsewhere = isDependent ? undefined : this.#inOlder.find(({ removed }) => removed)
    const decides = this.#firstFailed || this.#inFirst.removed ? this.#inFirst : (elsewhere ?? this.#inFirst)
    decides.settle()
  }
}

/** Notes whether the item was there; a deletion that compares is a store in text mode. */
function noting(interpret: Interpret, outcome: Outcome): Interpret {
  return (reply, operation) => {
    outcome.removed ||= reply.outcome === 'deleted' || reply.outcome === 'stored'
    return interpret(reply, operation)
  }
}
