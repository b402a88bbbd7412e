import { Buffer } from 'node:buffer'
import { copyError, isOurs, type MemcacheError, TimeoutError } from '../errors.ts'
import { type Key, keyBytes, keyName } from '../protocol/key.ts'
import { type Holder, type Interpret, Operation } from '../protocol/operation.ts'
import type { Reply } from '../protocol/reply.ts'
import type { Executor } from '../seam/executor.ts'
import type { ReadBatch } from '../seam/read-batch.ts'
import { dispatchReads } from '../seam/reads.ts'

/**
 * Sends one read for all the `get`s of a key that come before the read is written. Each caller reads the reply by
 * itself. A read that is written takes no more callers: no value is older than the call that gets it.
 *
 * Needs an executor that passes operations on as they are: their `written` decides.
 */
export class SharedReads implements Executor {
  readonly #next: Executor
  /** The youngest read of each key. */
  readonly #reads: Map<string, SharedRead> = new Map()
  #turnStartedAt: number | undefined

  constructor(next: Executor) {
    this.#next = next
  }

  dispatch(operation: Operation): void {
    const { command, key } = operation
    if (command === 'get' && !operation.homeOnly) return this.#share(operation)
    // A `get` after this command must see what it does.
    if (this.#reads.size > 0) this.#reads.delete(keyName(key))
    this.#next.dispatch(operation)
  }

  dispatchReads(batch: ReadBatch): void {
    dispatchReads(this.#next, batch)
  }

  #share(operation: Operation): void {
    if (operation.deadline === 0) operation.deadline = this.#now() + operation.timeoutMs
    const name = keyName(operation.key)
    const present = this.#reads.get(name)
    if (present?.takes(operation) === true) return present.join(operation)
    const read = new SharedRead(operation, this.#shareAgain)
    this.#reads.set(name, read)
    read.ended = () => {
      if (this.#reads.get(name) === read) this.#reads.delete(name)
    }
    this.#next.dispatch(read.inner)
  }

  readonly #shareAgain = (operation: Operation): void => this.#share(operation)

  /** The time at which this turn of the event loop began: calls of one turn have one deadline. */
  #now(): number {
    if (this.#turnStartedAt === undefined) {
      this.#turnStartedAt = performance.now()
      process.nextTick(() => {
        this.#turnStartedAt = undefined
      })
    }
    return this.#turnStartedAt
  }
}

/** One read, and the calls that it answers. */
class SharedRead implements Holder {
  readonly inner: Operation
  /** Called when the read has settled, before its callers are told. */
  ended: () => void = () => undefined
  readonly #callers: Operation[] = []
  readonly #again: (operation: Operation) => void
  /** Callers that have not left. */
  #waiting = 0

  /** @param again - Takes a caller whose time lasts longer than that of the read. */
  constructor(first: Operation, again: (operation: Operation) => void) {
    const { request, key, callerKey, timeoutMs } = first
    this.#again = again
    this.inner = new Operation(request, key, callerKey, timeoutMs, this.#interpret())
    this.inner.routingKey = first.routingKey
    this.inner.deadline = first.deadline
    this.inner.patience = first.patience
    this.inner.reject = (reason) => this.#fail(reason)
    this.join(first)
  }

  get server(): string {
    return this.inner.holder?.server ?? 'the server'
  }

  /** Whether the read answers this call as well. Not a call whose time is up before that of the read. */
  takes(operation: Operation): boolean {
    const { settled, written, deadline } = this.inner
    return !settled && !written && operation.deadline >= deadline && isSameKey(routeOf(operation), routeOf(this.inner))
  }

  join(operation: Operation): void {
    const { inner } = this
    // A caller without a signal waits for all of its time.
    if (operation.patience !== inner.patience) inner.patience = undefined
    if (operation.repeated) inner.repeated = true
    operation.holder = this
    this.#callers.push(operation)
    this.#waiting++
  }

  cancel(operation: Operation, reason: unknown): void {
    const { patience } = operation
    operation.fail(reason)
    this.#waiting--
    if (this.#waiting > 0) return
    this.inner.patience = patience
    this.inner.cancel(reason)
  }

  #interpret(): Interpret {
    const read: Interpret = (reply) => this.#answer(reply)
    return Object.assign(read, {
      borrows: (clientFlags: number) =>
        this.#callers.every(({ interpret }) => interpret.borrows?.(clientFlags) === true),
      passedOver: (reply: Reply, error: MemcacheError) => {
        this.ended()
        for (const caller of this.#callers) caller.settlePassedOver(reply, this.#ownError(error, caller))
      },
    } satisfies Partial<Interpret>)
  }

  #answer(reply: Reply): void {
    this.ended()
    const { bytes, start, end, owned } = reply
    const isAlone = this.#callers.length === 1
    // Each caller may keep what it reads. A serde that is not ours may also change the bytes.
    if (!isAlone) reply.owned = false
    const kept = isAlone || this.#callers.every(isOwnReader) ? undefined : Buffer.from(bytes.subarray(start, end))
    for (const caller of this.#callers) {
      caller.deadline = Math.max(caller.deadline, this.inner.deadline)
      caller.settle(reply)
      kept?.copy(bytes, start)
    }
    reply.owned = owned
  }

  #fail(reason: unknown): void {
    this.ended()
    const now = performance.now()
    for (const caller of this.#callers) {
      if (reason instanceof TimeoutError && !caller.settled && caller.deadline > now) this.#askAgain(caller, reason)
      else caller.fail(this.#ownError(reason, caller))
    }
  }

  #askAgain(caller: Operation, { delivery }: TimeoutError): void {
    caller.holder = undefined
    if (delivery === 'unknown') caller.repeated = true
    this.#again(caller)
  }

  /** Errors are the callers' own as well. */
  #ownError<E>(error: E, { about }: Operation): E | MemcacheError {
    return this.#callers.length > 1 && isOurs(error) ? copyError(error, about) : error
  }
}

function isOwnReader({ interpret }: Operation): boolean {
  return interpret.direct !== undefined
}

/** Returns the key that decides about the server. */
function routeOf({ routingKey, callerKey }: Operation): Key {
  return routingKey ?? callerKey
}

function isSameKey(a: Key, b: Key): boolean {
  return a === b || keyBytes(a).equals(keyBytes(b))
}
