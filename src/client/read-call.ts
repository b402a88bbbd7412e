// Not the global one, which fake timers put theirs in the place of: reads leave all the same.
import { setImmediate } from 'node:timers'
import { whenAborted } from '../abort-listener.ts'
import type { Key, WireKey } from '../protocol/key.ts'
import { describeRequest, type Interpret, NEEDS_OPERATION, Operation } from '../protocol/operation.ts'
import { Patience } from '../protocol/patience.ts'
import type { Reply } from '../protocol/reply.ts'
import type { ReadBatch, ReadHolder } from '../seam/read-batch.ts'
import { MAX_SLICE } from './slices.ts'

/** Stands for a read that is neither settled nor detached. */
const OPEN = Symbol('open')
/** Stands for a read that an operation carries out. */
const DETACHED = Symbol('detached')

/** The reads of a call, by index. */
export interface ReadCallInit {
  readonly request: ReadBatch['request']
  readonly callerKeys: readonly Key[]
  readonly keys: readonly WireKey[]
  /** Keys that servers are chosen by; undefined: the caller's keys. */
  readonly routingKeys: readonly Key[] | undefined
  readonly timeoutMs: number
  /** The reads may have been carried out before: no failure says that one was not sent. */
  readonly writtenBefore: boolean
  readonly interpret: Interpret
  /** Result of a read that failed, or of a key that is not there. */
  readonly missing: unknown
  /** Most reads under way at a time. */
  readonly window: number
  /** Takes the reads. */
  readonly dispatch: (batch: ReadBatch) => void
}

/**
 * Many reads as one call: handed over in slices, one deadline, one promise, which settles when every read has;
 * only an abort ends it earlier. Reads that fit into the window leave in the turn of the call, so that a later call
 * for one of its keys comes after it; a read beyond the window may see what a later call wrote.
 */
export class ReadCall {
  readonly init: ReadCallInit
  /** Reads that failed, and why. */
  readonly failed: Map<number, unknown> = new Map()
  /** Wait of the caller, where it gave a signal. */
  patience: Patience | undefined = undefined
  /** End of the time of every read. */
  deadline = 0
  #results: unknown[]
  #slices: ReadSlice[] | undefined
  #next = 0
  #underWay = 0
  #isFeeding = false
  #isScheduled = false
  #finish: () => void = () => undefined

  constructor(init: ReadCallInit) {
    this.init = init
    this.#results = init.keys.map(() => OPEN)
  }

  /**
   * Carries the reads out; resolves with the result of each. Failures are in `failed`.
   *
   * @param startedAt - When the time of the call began.
   */
  run(signal: AbortSignal | undefined, startedAt: number): Promise<readonly unknown[]> {
    this.deadline = startedAt + this.init.timeoutMs
    return new Promise((resolve, reject) => {
      this.#finish = () => {
        const results = this.#results
        this.#forget()
        resolve(results)
      }
      // An error thrown here rejects the call before any read is handed over.
      if (signal !== undefined) this.#abortWith(signal, reject)
      this.#feed(this.init.window)
    })
  }

  #abortWith(signal: AbortSignal, reject: (reason: unknown) => void): void {
    signal.throwIfAborted()
    const patience = new Patience(performance.now())
    const slices: ReadSlice[] = []
    const finish = this.#finish
    this.patience = patience
    this.#slices = slices
    const leave = whenAborted(signal, () => {
      patience.leave(performance.now())
      reject(signal.reason)
      this.#next = this.init.keys.length
      this.#forget()
      for (const slice of slices) slice.cancel(signal.reason)
    })
    this.#finish = () => {
      leave()
      finish()
    }
  }

  /** Forgets the results, after which no read is open. Places in a queue outlive the call, and must not hold its values. */
  #forget(): void {
    this.#results = []
    this.#finish = () => undefined
  }

  /** Hands over what there is room for, up to `most` reads. */
  #feed(most: number): void {
    const total = this.init.keys.length
    const end = Math.min(total, this.#next + most)
    this.#isFeeding = true
    while (this.#next < end && this.#room > 0) this.#start(Math.min(end - this.#next, this.#room, MAX_SLICE))
    this.#isFeeding = false
    this.#goOn()
  }

  get #room(): number {
    return this.init.window - this.#underWay
  }

  #start(count: number): void {
    const from = this.#next
    this.#next += count
    this.#underWay += count
    const slice = new ReadSlice(this, from, count)
    this.#slices?.push(slice)
    this.init.dispatch(slice)
  }

  /** Called when reads have settled: finishes the call, or hands over more once there is room for a slice. */
  #goOn(): void {
    const left = this.init.keys.length - this.#next
    if (left === 0) {
      if (this.#underWay === 0) this.#finish()
    } else if (!this.#isScheduled && this.#room >= Math.min(left, MAX_SLICE, Math.ceil(this.init.window / 2))) {
      this.#isScheduled = true
      setImmediate(() => {
        this.#isScheduled = false
        this.#feed(MAX_SLICE)
      })
    }
  }

  isOpen(index: number): boolean {
    return this.#results[index] === OPEN
  }

  answer(index: number, reply: Reply): boolean {
    const { direct } = this.init.interpret
    if (direct === undefined) return false
    let value: unknown
    try {
      value = direct(reply)
    } catch {
      // The operation says what was wrong, and with which key.
      return false
    }
    if (value === NEEDS_OPERATION) return false
    this.settle(index, value)
    return true
  }

  settle(index: number, result: unknown): void {
    if (!this.#isUnderWay(index)) return
    this.#results[index] = result
    this.#underWay--
    if (!this.#isFeeding) this.#goOn()
  }

  fail(index: number, reason: unknown): void {
    if (!this.#isUnderWay(index)) return
    this.failed.set(index, reason)
    this.settle(index, this.init.missing)
  }

  /** Whether a read has not settled, and the call was not given up. */
  #isUnderWay(index: number): boolean {
    const result = this.#results[index]
    return result === OPEN || result === DETACHED
  }

  detach(index: number): Operation {
    const { request, keys, callerKeys, routingKeys, timeoutMs, writtenBefore, interpret } = this.init
    const operation = new Operation(request, keys[index]!, callerKeys[index]!, timeoutMs, interpret)
    operation.index = index
    operation.routingKey = routingKeys?.[index]
    operation.patience = this.patience
    operation.repeated = writtenBefore
    operation.resolve = this.#resolveOne
    operation.reject = this.#rejectOne
    this.#results[index] = DETACHED
    return operation
  }

  // Two functions for all operations, not two for each: the second argument says which one it is.
  readonly #resolveOne = (value: unknown, operation: Operation): void => {
    if (value instanceof Promise) this.#follow(value, operation)
    else this.settle(operation.index, value)
  }

  readonly #rejectOne = (reason: unknown, { index }: Operation): void => this.fail(index, reason)

  /** Waits for what follows a reply: a value that is decompressed, a second look at an item, a win token given back. */
  #follow(result: Promise<unknown>, operation: Operation): void {
    // Through `operation.reject`, which a middleware may have wrapped to see the failure.
    const { reject } = operation
    result.then(
      (value) => this.#resolveOne(value, operation),
      (reason: unknown) => reject(reason, operation),
    )
  }
}

/** Reads of a call that are handed over together. */
class ReadSlice implements ReadBatch {
  readonly request: ReadBatch['request']
  readonly keys: readonly WireKey[]
  readonly timeoutMs: number
  readonly patience: Patience | undefined
  deadline: number
  holder: ReadHolder | undefined = undefined
  readonly call: ReadCall
  readonly #from: number
  /** Operations to cancel when the call is given up; none are kept for a call without a signal. */
  readonly #detached: Operation[] = []

  constructor(call: ReadCall, from: number, count: number) {
    const { request, keys, timeoutMs } = call.init
    this.call = call
    this.#from = from
    this.request = request
    this.keys = count === keys.length ? keys : keys.slice(from, from + count)
    this.timeoutMs = timeoutMs
    this.patience = call.patience
    this.deadline = call.deadline
  }

  get madeBy(): object | undefined {
    return this.call.init.interpret.madeBy
  }

  routingKey(index: number): Key {
    const { callerKeys, routingKeys } = this.call.init
    return (routingKeys ?? callerKeys)[this.#from + index]!
  }

  isOpen(index: number): boolean {
    return this.call.isOpen(this.#from + index)
  }

  answer(index: number, reply: Reply): boolean {
    return this.call.answer(this.#from + index, reply)
  }

  borrows(clientFlags: number): boolean {
    return this.call.init.interpret.borrows?.(clientFlags) === true
  }

  miss(index: number): void {
    this.call.settle(this.#from + index, this.call.init.missing)
  }

  fail(index: number, error: unknown): void {
    this.call.fail(this.#from + index, error)
  }

  detach(index: number): Operation {
    const operation = this.call.detach(this.#from + index)
    operation.deadline = this.deadline
    if (this.patience !== undefined) this.#detached.push(operation)
    return operation
  }

  describe(index: number): string {
    return describeRequest(this.request, this.call.init.callerKeys[this.#from + index]!)
  }

  /** Gives the reads up. */
  cancel(reason: unknown): void {
    this.holder?.cancelReads(this)
    for (const operation of this.#detached) operation.cancel(reason)
  }
}
