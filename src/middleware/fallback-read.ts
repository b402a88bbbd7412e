import { ClosedError, InvalidInputError, MemcacheError } from '../errors.ts'
import { ignore } from '../ignore.ts'
import type { StoreRequest } from '../protocol/classic-request.ts'
import { type Interpret, Operation } from '../protocol/operation.ts'
import { type Reply, Returned } from '../protocol/reply.ts'
import type { Request } from '../protocol/request.ts'
import { DerivedOperation } from '../seam/derived-operation.ts'
import type { Executor } from '../seam/executor.ts'
import type { FallbackContext } from './fallback-context.ts'
import { ItemCopy, isPlaceholder } from './item-copy.ts'
import { copyingRead, copyRequest, plainRead, wantsCas } from './older-read.ts'

/** Answer of the first cluster; noted while its reply is valid. */
interface FirstAnswer {
  isHit: boolean
}

/** Answer of an older cluster. */
interface OlderAnswer extends FirstAnswer {
  /** Request that copies the item, if it may be copied. */
  copy: StoreRequest | undefined
}

/** One read: the first cluster, then the older ones until one has the key. */
export class FallbackRead {
  readonly #derived: DerivedOperation
  readonly #context: FallbackContext
  readonly #copies: boolean
  readonly #wantsCas: boolean
  /** The result of the call when no older cluster has the key. */
  #missed: () => void = () => undefined
  /** The cas number of the placeholder that this read has made and won in the first cluster. */
  #won: bigint | undefined
  /** Another client is copying the item. */
  #isBeingCopied = false

  constructor(operation: Operation, context: FallbackContext) {
    this.#derived = new DerivedOperation(operation)
    this.#context = context
    // Bookkeeping, too, is of use where its own server in the first cluster has it.
    this.#wantsCas = operation.homeOnly || wantsCas(operation.request)
    this.#copies = context.options.refill || this.#wantsCas
  }

  start(): void {
    this.#context.first.dispatch(this.derive())
  }

  /** Makes the operation that asks the first cluster. */
  derive(): Operation {
    const { outer } = this.#derived
    const answer: FirstAnswer = { isHit: false }
    const inner = this.#derived.next(outer.request, this.#readFirst(answer))
    inner.resolve = (value) => {
      this.#derived.keepDeadline(inner)
      if (answer.isHit) outer.succeedAs(inner, value)
      else this.#askAll(() => outer.succeedAs(inner, value))
    }
    inner.reject = (reason) => {
      this.#derived.keepDeadline(inner)
      if (this.#asksOlderAfter(reason)) this.#askAll(() => outer.fail(reason))
      else outer.fail(reason)
    }
    return inner
  }

  #asksOlderAfter(reason: unknown): boolean {
    // Bookkeeping belongs to its own server: an older cluster has none.
    if (this.#derived.aborted || this.#derived.outer.homeOnly) return false
    return this.#context.options.fallbackOn === 'missOrError' && isOutage(reason)
  }

  #readFirst(answer: FirstAnswer): Interpret {
    const read = this.#noting((reply) => {
      answer.isHit = this.#isHitInFirst(reply)
    })
    const { passedOver } = this.#derived.outer.interpret
    if (passedOver === undefined) return read
    const noteTooLarge: Interpret['passedOver'] = (reply, error) => {
      answer.isHit = true
      return passedOver(reply, error)
    }
    return Object.assign(read, { passedOver: noteTooLarge })
  }

  /** A placeholder is a miss: an older cluster may have the value. */
  #isHitInFirst(reply: Reply): boolean {
    if (reply.outcome === 'miss') return false
    const { request } = this.#derived.outer
    if (request.command !== 'mg' || request.flags.vivify === undefined) {
      this.#isBeingCopied = isPlaceholder(reply)
      return !this.#isBeingCopied
    }
    // A lease: of a placeholder that another client has made, the caller waits for the value.
    if (!reply.has(Returned.won)) return true
    const isEmpty = reply.type === 'HD' || reply.end === reply.start
    if (!isEmpty || reply.has(Returned.stale)) return true
    this.#won = reply.cas()
    return false
  }

  /** Reads as the call does, and looks at the reply before. */
  #noting(look: (reply: Reply) => void, keepsBytes = false): Interpret {
    const { interpret } = this.#derived.outer
    const note: Interpret = (reply, operation) => {
      look(reply)
      return interpret(reply, operation)
    }
    // A copied value must outlive the call; otherwise the caller's read knows whether it keeps the bytes.
    return keepsBytes || interpret.borrows === undefined ? note : Object.assign(note, { borrows: interpret.borrows })
  }

  /** @param missed - Settles the call when no older cluster has the key. */
  #askAll(missed: () => void): void {
    this.#missed = missed
    this.#ask(0)
  }

  #ask(index: number): void {
    const executor = this.#context.older[index]
    if (executor === undefined || this.#derived.remainingMs <= 0) return this.#missed()
    const answer: OlderAnswer = { isHit: false, copy: undefined }
    const inner = this.#derived.next(this.#olderRequest(), this.#readOlder(answer))
    inner.resolve = (value) => (answer.isHit ? this.#found(inner, value, answer.copy, executor) : this.#ask(index + 1))
    inner.reject = (reason) => this.#onOlderFailure(reason, index)
    executor.dispatch(inner)
  }

  #readOlder(answer: OlderAnswer): Interpret {
    const isFilled = this.#won !== undefined
    const note = (reply: Reply): void => {
      answer.isHit = reply.outcome === 'hit' && !isPlaceholder(reply)
      if (answer.isHit && this.#copiesNow) answer.copy = copyRequest(reply, Date.now(), isFilled)
      // The number of an older cluster compares with nothing.
      if (this.#wantsCas && this.#context.keepsNoCas) reply.dropCas()
    }
    return this.#noting(note, isFilled)
  }

  get #copiesNow(): boolean {
    return this.#copies || this.#won !== undefined
  }

  #olderRequest(): Request {
    const { request } = this.#derived.outer
    return this.#copiesNow ? copyingRead(request) : plainRead(request)
  }

  /** Counts the failure as a miss, unless the call itself is over. */
  #onOlderFailure(reason: unknown, index: number): void {
    const { outer } = this.#derived
    if (!(reason instanceof MemcacheError) || this.#derived.aborted) return outer.fail(reason)
    this.#context.options.onError(reason, outer)
    this.#ask(index + 1)
  }

  #found(inner: Operation, value: unknown, copy: StoreRequest | undefined, older: Executor): void {
    const { outer } = this.#derived
    if (this.#won !== undefined) {
      drop(value)
      return this.#fill(copy, this.#won)
    }
    if (copy === undefined || this.#context.keepsNoCas) return outer.succeedAs(inner, value)
    if (this.#wantsCas) {
      drop(value)
      return this.#copyAndReadAgain(older)
    }
    outer.succeedAs(inner, value)
    if (!this.#isBeingCopied) this.#copyFrom(older, performance.now() + outer.timeoutMs, () => undefined)
  }

  /** The winner of a placeholder fills it with what was found, or loads the value as if nothing had been. */
  #fill(copy: StoreRequest | undefined, cas: bigint): void {
    if (copy === undefined || cas === 0n) return this.#missed()
    const { outer } = this.#derived
    const operation = new Operation(
      { ...copy, command: 'cas', cas },
      outer.key,
      outer.callerKey,
      outer.timeoutMs,
      ignore,
    )
    operation.deadline = outer.deadline
    operation.routingKey = outer.routingKey
    operation.homeOnly = outer.homeOnly
    operation.patience = outer.patience
    operation.resolve = () => this.#readAgain()
    operation.reject = (reason) => {
      if (reason instanceof MemcacheError) this.#context.options.onError(reason, outer)
      this.#readAgain()
    }
    this.#context.first.dispatch(operation)
  }

  #copyAndReadAgain(older: Executor): void {
    // The call waits for it, and no longer than it may take.
    this.#copyFrom(older, this.#derived.outer.deadline, () => {
      if (this.#context.keepsNoCas) this.#ask(0)
      else this.#readAgain()
    })
  }

  #copyFrom(older: Executor, deadline: number, done: () => void): void {
    const { outer } = this.#derived
    new ItemCopy({ outer, older, context: this.#context, deadline, takesOver: this.#wantsCas, done }).start()
  }

  /** The first cluster's own answer is what counts: its cas number, and what another client stored before. */
  #readAgain(): void {
    const { outer } = this.#derived
    if (outer.settled) return
    const inner = this.#derived.next()
    inner.resolve = (value) => outer.succeedAs(inner, value)
    inner.reject = (reason) => outer.fail(reason)
    this.#context.first.dispatch(inner)
  }
}

/** Bad input is no cluster's failure, nor is the end of the client. */
function isOutage(reason: unknown): boolean {
  return reason instanceof MemcacheError && !(reason instanceof InvalidInputError) && !(reason instanceof ClosedError)
}

/** Leaves a value that no caller gets; if it is still being decompressed, its failure is not reported either. */
function drop(value: unknown): void {
  if (value instanceof Promise) value.catch(() => undefined)
}
