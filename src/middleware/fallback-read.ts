import { ClosedError, InvalidInputError, MemcacheError } from '../errors.ts'
import type { StoreRequest } from '../protocol/classic-request.ts'
import { type Interpret, Operation } from '../protocol/operation.ts'
import { type Reply, Returned } from '../protocol/reply.ts'
import type { Request } from '../protocol/request.ts'
import type { FallbackContext } from './fallback-context.ts'
import { copyingRead, copyRequest, plainRead, wantsCas } from './older-read.ts'
import { Relay } from './relay.ts'

/** How one cluster answered; noted while its reply is valid. */
interface Answer {
  isHit: boolean
  /** Stores what was found in the first cluster. */
  copy: StoreRequest | undefined
}

/** One read: the first cluster, then the older ones until one has the key. */
export class FallbackRead {
  readonly #relay: Relay
  readonly #context: FallbackContext
  readonly #copies: boolean
  readonly #wantsCas: boolean
  #copyUnderWay: { calledOff: boolean } | undefined
  /** What the call gives when nobody has the key. */
  #missed: (() => void) | undefined
  /** The cas number of the placeholder that this read won in the first cluster. */
  #placeholder: bigint | undefined

  constructor(operation: Operation, context: FallbackContext) {
    this.#relay = new Relay(operation)
    this.#context = context
    // Bookkeeping, too, is of use where its own server in the first cluster has it.
    this.#wantsCas = operation.homeOnly || wantsCas(operation.request)
    this.#copies = context.options.refill || this.#wantsCas
  }

  start(): void {
    const { outer } = this.#relay
    const answer: Answer = { isHit: false, copy: undefined }
    const inner = this.#relay.next(outer.request, this.#readFirst(answer))
    inner.resolve = (value) => {
      this.#relay.keepDeadline(inner)
      if (answer.isHit) outer.succeed(value)
      else this.#ask(0, () => outer.succeed(value))
    }
    inner.reject = (reason) => {
      this.#relay.keepDeadline(inner)
      if (this.#asksOlderAfter(reason)) this.#ask(0, () => outer.fail(reason))
      else outer.fail(reason)
    }
    this.#context.first.dispatch(inner)
  }

  #asksOlderAfter(reason: unknown): boolean {
    // What its own server knows of bookkeeping, an older cluster does not.
    if (this.#relay.aborted || this.#relay.outer.homeOnly) return false
    return this.#context.options.fallbackOn === 'missOrError' && isOutage(reason)
  }

  #readFirst(answer: Answer): Interpret {
    const read = this.#noting((reply) => {
      answer.isHit = this.#isHitInFirst(reply)
    })
    const { passedOver } = this.#relay.outer.interpret
    if (passedOver === undefined) return read
    const noteTooLarge: Interpret['passedOver'] = (reply, error) => {
      answer.isHit = true
      return passedOver(reply, error)
    }
    return Object.assign(read, { passedOver: noteTooLarge })
  }

  /** A placeholder that this read has just made is a miss: an older cluster may have the value. */
  #isHitInFirst(reply: Reply): boolean {
    if (reply.outcome === 'miss') return false
    const { request } = this.#relay.outer
    if (request.command !== 'mg' || request.flags.vivify === undefined || !reply.has(Returned.won)) return true
    const isEmpty = reply.type === 'HD' || reply.end === reply.start
    if (!isEmpty || reply.has(Returned.stale)) return true
    this.#placeholder = reply.cas()
    return false
  }

  /** Reads as the call does, and looks at the reply before. */
  #noting(look: (reply: Reply) => void, keepsBytes = false): Interpret {
    const { interpret } = this.#relay.outer
    const note: Interpret = (reply, operation) => {
      look(reply)
      return interpret(reply, operation)
    }
    // What is copied must outlive the call; otherwise the caller's read knows whether it keeps the bytes.
    return keepsBytes || interpret.borrows === undefined ? note : Object.assign(note, { borrows: interpret.borrows })
  }

  /** @param missed - Settles the call when no older cluster has the key. */
  #ask(index: number, missed: () => void): void {
    this.#missed = missed
    const executor = this.#context.older[index]
    if (executor === undefined || this.#relay.remainingMs <= 0) return this.#end(missed)
    if (this.#copiesNow) this.#copyUnderWay ??= this.#context.copies.begin(this.#relay.outer.key)
    const answer: Answer = { isHit: false, copy: undefined }
    const note = (reply: Reply): void => {
      answer.isHit = reply.outcome === 'hit'
      if (answer.isHit && this.#copiesNow) answer.copy = copyRequest(reply, Date.now())
    }
    const inner = this.#relay.next(this.#olderRequest(), this.#noting(note, this.#copiesNow))
    inner.resolve = (value) => (answer.isHit ? this.#found(value, answer.copy) : this.#ask(index + 1, missed))
    inner.reject = (reason) => this.#onOlderFailure(reason, index)
    executor.dispatch(inner)
  }

  get #copiesNow(): boolean {
    return this.#copies || this.#placeholder !== undefined
  }

  #olderRequest(): Request {
    const { request } = this.#relay.outer
    return this.#copiesNow ? copyingRead(request) : plainRead(request)
  }

  /** It counts as a miss, unless the call itself is over. */
  #onOlderFailure(reason: unknown, index: number): void {
    const { outer } = this.#relay
    if (!(reason instanceof MemcacheError) || this.#relay.aborted) return this.#end(() => outer.fail(reason))
    this.#context.options.onError(reason, outer)
    this.#ask(index + 1, this.#missed!)
  }

  #found(value: unknown, copy: StoreRequest | undefined): void {
    const { outer } = this.#relay
    const calledOff = this.#copyUnderWay?.calledOff === true
    if (this.#placeholder !== undefined) {
      // The winner of a placeholder fills it with what was found, or loads the value as if nothing had been.
      drop(value)
      if (copy === undefined || calledOff) return this.#end(this.#missed!)
      return this.#copyAndReadAgain(this.#fillRequest(copy, this.#placeholder))
    }
    if (copy === undefined || calledOff) return this.#end(() => outer.succeed(value))
    if (this.#wantsCas) {
      drop(value)
      return this.#copyAndReadAgain(copy)
    }
    this.#dispatchCopy(copy, 0, () => undefined)
    this.#end(() => outer.succeed(value))
  }

  #fillRequest(copy: StoreRequest, placeholder: bigint): StoreRequest {
    return placeholder === 0n ? { ...copy, command: 'set' } : { ...copy, command: 'cas', cas: placeholder }
  }

  /** The first cluster's own answer is what counts: the cas number, and whoever was faster. */
  #copyAndReadAgain(copy: StoreRequest): void {
    const { outer } = this.#relay
    // The call waits for it, and no longer than it may take.
    this.#dispatchCopy(copy, outer.deadline, () => {
      const inner = this.#relay.next()
      inner.resolve = (value) => outer.succeed(value)
      inner.reject = (reason) => outer.fail(reason)
      this.#end(() => this.#context.first.dispatch(inner))
    })
  }

  /** @param deadline - 0: it has a time of its own. */
  #dispatchCopy(request: StoreRequest, deadline: number, done: () => void): void {
    const { outer } = this.#relay
    const operation = new Operation(request, outer.key, outer.callerKey, outer.timeoutMs, () => undefined)
    operation.deadline = deadline
    operation.routingKey = outer.routingKey
    operation.homeOnly = outer.homeOnly
    operation.resolve = done
    operation.reject = (reason) => {
      if (reason instanceof MemcacheError) this.#context.options.onError(reason, outer)
      done()
    }
    this.#context.first.dispatch(operation)
  }

  #end(settle: () => void): void {
    if (this.#copyUnderWay !== undefined) this.#context.copies.end(this.#relay.outer.key, this.#copyUnderWay)
    this.#copyUnderWay = undefined
    settle()
  }
}

/** Bad input is no cluster's failure, nor is the end of the client. */
function isOutage(reason: unknown): boolean {
  return reason instanceof MemcacheError && !(reason instanceof InvalidInputError) && !(reason instanceof ClosedError)
}

/** A value that nobody gets; if it is still being decompressed, nobody hears of its failure either. */
function drop(value: unknown): void {
  if (value instanceof Promise) value.catch(() => undefined)
}
