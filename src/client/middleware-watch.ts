import {
  ClosedError,
  type Delivery,
  errorOf,
  InvalidInputError,
  keepError,
  MemcacheError,
  TimeoutError,
} from '../errors.ts'
import { messageOf } from '../message-of.ts'
import type { Operation } from '../protocol/operation.ts'
import { DeadlineSweep } from '../seam/deadline-sweep.ts'
import type { Executor } from '../seam/executor.ts'

/** Time that an executor of memlane has to end a command that it holds, in milliseconds; after it the command ends here. */
const GRACE_MS = 200

/** A command that the caller's middleware has in hand, until its call has settled. */
interface Watched {
  readonly operation: Operation
  /** When its time is up, counted from here. */
  readonly dueAt: number
  /** Settle the call. */
  readonly resolve: Operation['resolve']
  readonly reject: Operation['reject']
  /** Operations of the middleware's own that had gone on to the servers before this one came. */
  readonly strangersBefore: number
  /** Whether the operation went on to the servers. */
  hasPassed: boolean
  /** Whether the operation was taken back from the executor that holds it. */
  isCancelled: boolean
}

/**
 * Around the middleware of the caller: whatever that does with a command, its call settles, once, in its time, and no other
 * command suffers. A command that the middleware drops ends by a sweep, one whose middleware throws fails, and one that is
 * handed on twice goes to the servers once.
 */
export class MiddlewareWatch implements Executor {
  readonly #servers: Executor
  readonly #outermost: Executor
  readonly #watched: Map<Operation, Watched> = new Map()
  readonly #sweep: DeadlineSweep = new DeadlineSweep(
    (now) => this.#expire(now),
    () => Number.NEGATIVE_INFINITY,
  )
  #strangers = 0
  /** Calls of `close` that wait until nothing is watched. */
  readonly #waiters: (() => void)[] = []

  /**
   * @param servers - Takes what the middleware hands on.
   * @param wrap - Puts the middleware around an executor.
   */
  constructor(servers: Executor, wrap: (innermost: Executor) => Executor) {
    this.#servers = servers
    this.#outermost = wrap({ dispatch: (operation) => this.#pass(operation) })
  }

  dispatch(operation: Operation): void {
    if (operation.settled || this.#watched.has(operation)) return
    const watched = this.#watch(operation)
    try {
      this.#outermost.dispatch(operation)
    } catch (error) {
      this.#end(watched, brokenBy(error, operation, this.#deliveryOf(watched)))
    }
    // Its time runs while the middleware holds it.
    if (!mayBeHeld(watched) && operation.deadline === 0) operation.deadline = watched.dueAt
  }

  /** Nothing is sent any more: what waits to be handed on fails, and what the middleware has else settles in its time. */
  async close(): Promise<void> {
    for (const watched of this.#watched.values()) {
      const delivery = this.#deliveryOf(watched)
      // Without a limit of its own nothing would end it.
      if (delivery === 'not-sent' || watched.dueAt === Number.POSITIVE_INFINITY) {
        this.#end(watched, new ClosedError('the client is closed', { delivery, ...watched.operation.about }))
      }
    }
    if (this.#watched.size > 0) await new Promise<void>((resolve) => this.#waiters.push(resolve))
    this.#sweep.stop()
  }

  /** Ends everything that the middleware has in hand. */
  destroy(error: MemcacheError): void {
    this.#sweep.stop()
    for (const watched of this.#watched.values()) {
      const own = errorOf(error, watched.operation)
      watched.operation.fail(own)
      this.#settle(watched, watched.reject, own)
    }
  }

  #watch(operation: Operation): Watched {
    const { resolve, reject, timeoutMs } = operation
    const dueAt = operation.deadline === 0 ? performance.now() + timeoutMs : operation.deadline
    const strangersBefore = this.#strangers
    const watched = { operation, dueAt, resolve, reject, strangersBefore, hasPassed: false, isCancelled: false }
    this.#watched.set(operation, watched)
    operation.resolve = (value) => this.#settle(watched, resolve, value)
    operation.reject = (reason) => this.#settle(watched, reject, reason)
    if (dueAt !== Number.POSITIVE_INFINITY) this.#sweep.watch(timeoutMs)
    return watched
  }

  /** Settles the call, unless it has settled: the middleware may try to twice. */
  #settle(watched: Watched, settle: Operation['resolve'], outcome: unknown): void {
    if (this.#watched.get(watched.operation) !== watched) return
    this.#watched.delete(watched.operation)
    // The result may come later, and fail. The call is then rejected directly: the operation is no longer watched.
    if (outcome instanceof Promise) watched.operation.reject = watched.reject
    settle(outcome, watched.operation)
    if (this.#watched.size === 0) for (const resolve of this.#waiters.splice(0)) resolve()
  }

  /** Hands on to the servers, once: in two queues it would put a connection out of step. */
  #pass(operation: Operation): void {
    const watched = this.#watched.get(operation)
    if (operation.settled || watched?.hasPassed === true) return
    if (watched === undefined) this.#strangers++
    else watched.hasPassed = true
    this.#servers.dispatch(operation)
  }

  #expire(now: number): void {
    for (const watched of this.#watched.values()) {
      const { operation, dueAt } = watched
      const delivery = this.#deliveryOf(watched)
      // A connection may have given it more time, after a long turn of the event loop.
      const lateMs = now - Math.max(dueAt, operation.deadline)
      if (lateMs >= (delivery === 'unknown' ? GRACE_MS : 0)) this.#end(watched, timeoutOf(operation, delivery))
    }
    if (this.#watched.size === 0) this.#sweep.stop()
  }

  /** Ends a command, wherever it is. One that a connection holds may settle later, when the socket lets go of its body. */
  #end(watched: Watched, error: MemcacheError): void {
    const { operation } = watched
    if (watched.isCancelled && mayBeHeld(watched)) return
    watched.isCancelled = true
    operation.cancel(error)
    // Also where the middleware keeps the failure to itself.
    if (operation.settled) this.#settle(watched, watched.reject, error)
  }

  /** Returns what is known of a command that has no answer. */
  #deliveryOf(watched: Watched): Delivery {
    const { operation, strangersBefore } = watched
    const mayBeSent = mayBeHeld(watched) || operation.settled || this.#strangers > strangersBefore
    return mayBeSent ? 'unknown' : operation.unsentDelivery
  }
}

/** Whether an executor of memlane may have the command in hand. */
function mayBeHeld({ operation, hasPassed }: Watched): boolean {
  return !operation.settled && (hasPassed || operation.holder !== undefined)
}

function timeoutOf(operation: Operation, delivery: Delivery): TimeoutError {
  const message = `${operation.describe()} timed out after ${operation.timeoutMs} ms, in the hands of the option middleware`
  return new TimeoutError(message, { delivery, ...operation.about })
}

function brokenBy(cause: unknown, operation: Operation, delivery: Delivery): MemcacheError {
  if (cause instanceof MemcacheError) {
    keepError(cause)
    return cause
  }
  const message = `${operation.describe()}: a function of the option middleware threw: ${messageOf(cause)}`
  return new InvalidInputError(message, { delivery, cause, ...operation.about })
}
