import { addCaller, type CallerStack } from '../caller-stack.ts'
import { type Delivery, type ErrorSubject, errorOf, isOurs, type MemcacheError } from '../errors.ts'
import { ignore } from '../ignore.ts'
import { throwLater } from '../throw-later.ts'
import { type Key, quoteKey, type WireKey } from './key.ts'
import type { Patience } from './patience.ts'
import type { Outcome, Reply } from './reply.ts'
import { type Command, commandName, isStore, nameOfRequest, type Request, withoutData } from './request.ts'

/** Holder of an operation, which can release it. */
export interface Holder {
  /** Name of the server that the operation is for. */
  readonly server: string
  /** Ends the operation with `reason`: takes it back if no byte of it was written, else keeps a place for its reply. */
  cancel(operation: Operation, reason: unknown): void
}

/** Counts how operations end for their callers. */
export interface OperationWatch {
  /**
   * Called once, before the caller gets the outcome: a result, which may be a promise, or with `hasFailed` a reason.
   * Must not throw.
   */
  settled(operation: Operation, outcome: unknown, hasFailed: boolean): void
}

/** Result of {@link Interpret.direct} for a reply that it does not read. */
export const NEEDS_OPERATION: unique symbol = Symbol('needs an operation')

/**
 * Turns a reply into the call's result. Called once, while the reply's bytes are valid; a thrown error is the result.
 */
export interface Interpret {
  (reply: Reply, operation: Operation): unknown
  /** Checks whether a value with these client flags is read without keeping its bytes; without it, they may be kept. */
  readonly borrows?: (clientFlags: number) => boolean
  /**
   * Makes the result of a reply whose value was too large to be read; the reply has everything but its value. Without
   * it, the operation fails with the error.
   */
  readonly passedOver?: (reply: Reply, error: MemcacheError) => unknown
  /**
   * Reads the value of a classic line without an operation, for reads in batches; returns `NEEDS_OPERATION` for a reply
   * that is more than a plain value. Must have no effects: an error thrown here is thrown again by the call with an
   * operation.
   */
  readonly direct?: (reply: Reply) => unknown
  /** Serde that makes the value, of reads that give the value and nothing else. */
  readonly madeBy?: object | undefined
  /** Serde that makes the value, of reads that say more of an item than its value: those of `getOrSet`. */
  readonly looksBy?: object | undefined
  /** Makes the caller's value of a result; left out if the result is that value. */
  readonly present?: (result: unknown) => unknown
  /** Makes the stored form of a value, as the call's serde does; left out if the call reads no value. */
  readonly serialize?: (
    value: unknown,
    key: Key,
  ) => { readonly data: string | Uint8Array; readonly clientFlags: number }
}

/**
 * One command: the request, the key, and the functions that settle it. Made by the client, passed down from layer to
 * layer by plain calls, and settled exactly once by the layer that finishes it. One shape for every command, and
 * mutable, because an object or a promise per layer would cost more than the command itself.
 * an object or a promise per layer would cost more than the command itself.
 */
export class Operation {
  #request: Request
  /**
   * Command of the request, kept here: requests have many shapes, and reading one costs as much as all of these fields.
   */
  #command: Command
  /** Client's note of work that must settle before this is dispatched. */
  preparing: unknown
  /** Key on the wire; empty for commands without one. */
  readonly key: WireKey
  /** Key as the caller gave it: for results, serdes and messages. */
  readonly callerKey: Key
  /** Time for the whole operation, in milliseconds; may be Infinity. */
  readonly timeoutMs: number
  /** Reads the reply; a wrapper that reads replies replaces it. */
  interpret: Interpret
  /** Length of its data block; before it is prepared, of the block that it is made of. */
  bodyBytes: number
  /** Settles with the result. The second argument identifies the operation in batches. */
  resolve: (value: unknown, operation: Operation) => void = ignore
  /** Settles with a failure: a `MemcacheError`, or a signal's reason. */
  reject: (reason: unknown, operation: Operation) => void = ignore
  /** Key that decides the server, if that is not the caller's key. */
  routingKey: Key | undefined = undefined
  /** Position in its batch. */
  index = 0
  /** Deadline on the monotonic clock; 0 before an executor has started the operation. */
  deadline = 0
  /** Whether no reply is wanted: the operation settles when the caller's bytes are no longer needed. */
  quiet = false
  /** Whether a quiet operation's outcome is wanted: the reply of the next barrier settles commands without a reply. */
  awaitsBarrier = false
  /** Whether its failure is no event: the failure leaves no old value. */
  failsQuietly = false
  /**
   * Whether only the key's own server may carry it out: it fails while that server is out. Set for the client's
   * bookkeeping, which would be lost if it were kept in two places.
   */
  homeOnly = false
  /**
   * With several zones, the zone that carries it out; made by that layer, or `NEAR_ZONE`. Undefined: the zones decide. A
   * command about what a reply said goes to the zone of the reply.
   */
  zone: unknown = undefined
  /** Waiting time of its caller, if shorter than its timeout; the caller may have left before the operation settles. */
  patience: Patience | undefined = undefined
  /**
   * Whether the operation belongs to a single call: a shared error is copied, so that the call's error names its
   * command.
   */
  namesErrors = false
  /** Stack of the call, if the client records stacks. */
  caller: CallerStack | undefined = undefined
  /** Whether the operation has its result. */
  settled = false
  /**
   * Meaning of the reply; undefined for an operation that got none. A reader corrects it if the reply alone does not
   * show it: a placeholder is a miss.
   */
  outcome: Outcome | undefined = undefined
  /** Present holder. */
  holder: Holder | undefined = undefined
  /** Counter of its end, if the operation is all of a public call. */
  watch: OperationWatch | undefined = undefined

  // The connection's notes.

  /** Sequence number on the wire, for meta commands; 0 before. */
  opaque = 0
  /** Whether the operation was written, at least in part. */
  written = false
  /** Whether it was sent in a classic read line, alone or with neighbours. */
  inLine = false
  /** Whether it is the last of its read line: END follows its value. */
  endsLine = false
  /** Whether its value came already; END then does not concern it. */
  answered = false
  /** Whether the socket still reads its large body from the caller's bytes. */
  bodyPending = false
  /** Whether it must have a line of its own, because the line that it shared was refused. */
  alone = false
  /** Whether it was repeated once already. */
  repeated = false
  /** Error that came before its body was written; reported once the connection is destroyed. */
  earlyError: unknown = undefined
  /** Settles with the result that came before the socket released its body. */
  release: (() => void) | undefined = undefined

  constructor(request: Request, key: WireKey, callerKey: Key, timeoutMs: number, interpret: Interpret) {
    this.#request = request
    this.#command = request.command
    this.key = key
    this.callerKey = callerKey
    this.timeoutMs = timeoutMs
    this.interpret = interpret
    const store = isStore(request) ? request : undefined
    this.bodyBytes = store === undefined ? 0 : store.bytes
    this.preparing = store?.preparing
  }

  /** Present request. Another may replace it: its compressed form, its classic form, one with another ttl. */
  get request(): Request {
    return this.#request
  }

  set request(request: Request) {
    // The call was given up while its request was made.
    if (this.settled) return
    this.#request = request
    this.#command = request.command
  }

  /** Sets the finished request, and the length of its data block. */
  takePrepared(request: Request): void {
    if (this.settled) return
    this.request = request
    this.bodyBytes = isStore(request) ? request.bytes : 0
  }

  /** Name of the command. */
  get command(): Command {
    return this.#command
  }

  /**
   * Delivery of an operation not written this time: unknown after an earlier write, as it may have been carried out.
   */
  get unsentDelivery(): Delivery {
    return this.repeated ? 'unknown' : 'not-sent'
  }

  /** Settles by a reply. */
  settle(reply: Reply): void {
    if (this.settled) return
    this.settled = true
    this.outcome = reply.outcome
    let value: unknown
    try {
      value = this.interpret(reply, this)
    } catch (error) {
      this.#refuse(error)
      return
    }
    this.#tell(this.resolve, value, false)
  }

  /** Settles by a reply whose value was too large to be read. */
  settlePassedOver(reply: Reply, error: MemcacheError): void {
    const { passedOver } = this.interpret
    if (passedOver === undefined) this.fail(error)
    else this.succeed(passedOver(reply, error))
  }

  /**
   * Takes the result of a reply that came before the socket released the body, and settles after the release: until
   * then the socket may still read bytes that belong to the caller again once the call has settled.
   */
  settleWhenReleased(reply: Reply): void {
    this.outcome = reply.outcome
    let value: unknown
    try {
      value = this.interpret(reply, this)
    } catch (error) {
      this.release = () => this.fail(error)
      return
    }
    this.release = () => this.succeed(value)
  }

  /** Releases the body: its bytes are with the kernel, or the socket is destroyed. */
  releaseBody(): void {
    this.bodyPending = false
    if (this.quiet && !this.awaitsBarrier) this.succeed(undefined)
    else this.release?.()
  }

  /** Forgets its connection, to be sent on another. */
  prepareAgain(): void {
    this.holder = undefined
    this.opaque = 0
    this.written = false
    this.inLine = false
    this.endsLine = false
    this.answered = false
    this.bodyPending = false
  }

  /** Settles with the result of an operation sent in its place. */
  succeedAs(other: Operation, value: unknown): void {
    this.outcome = other.outcome
    this.succeed(value)
  }

  /** Settles with a value made elsewhere. */
  succeed(value: unknown): void {
    if (this.settled) return
    this.settled = true
    this.#tell(this.resolve, value, false)
  }

  /** Settles with a failure. */
  fail(reason: unknown): void {
    if (this.settled) return
    this.settled = true
    this.#refuse(reason)
  }

  #refuse(reason: unknown): void {
    const own = this.namesErrors ? errorOf(reason, this) : reason
    if (this.caller !== undefined && isOurs(own)) addCaller(own, this.caller)
    this.#tell(this.reject, own, true)
  }

  /**
   * Settles the caller and drops the callbacks: a place in a queue outlives the call, and must not keep its value
   * alive.
   */
  #tell(settle: (outcome: unknown, operation: Operation) => void, outcome: unknown, hasFailed: boolean): void {
    this.watch?.settled(this, outcome, hasFailed)
    this.holder = undefined
    try {
      settle(outcome, this)
    } catch (error) {
      throwLater(error)
    }
    this.interpret = ignore
    this.resolve = ignore
    this.reject = ignore
    if (this.bodyBytes > 0) this.#forgetBody()
  }

  #forgetBody(): void {
    this.#request = withoutData(this.#request)
    this.preparing = undefined
    this.release = undefined
  }

  /** Ends the operation from outside: the call was aborted. */
  cancel(reason: unknown): void {
    if (this.holder === undefined) this.fail(reason)
    else this.holder.cancel(this, reason)
  }

  /** Command and key, for errors about the operation. */
  get about(): ErrorSubject {
    return { command: commandName(this.#request), key: this.callerKey }
  }

  /** Names the operation in messages: `get "user:1"`. */
  describe(): string {
    return this.key === '' ? nameOfRequest(this.#request) : describeRequest(this.#request, this.callerKey)
  }
}

/** Names a command about a key in messages: `get "user:1"`. */
export function describeRequest(request: Request, callerKey: Key): string {
  return `${nameOfRequest(request)} ${quoteKey(callerKey)}`
}
