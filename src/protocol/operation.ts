import { addCaller, type CallerStack } from '../caller-stack.ts'
import { type Delivery, type ErrorSubject, errorOf, isOurs, type MemcacheError } from '../errors.ts'
import { throwLater } from '../throw-later.ts'
import { type Key, quoteKey, type WireKey } from './key.ts'
import type { Patience } from './patience.ts'
import type { Outcome, Reply } from './reply.ts'
import { type Command, commandName, isStore, nameOfRequest, type Request, withoutData } from './request.ts'

/** Holds an operation, and can let go of it. */
export interface Holder {
  /** Name of the server that it is for. */
  readonly server: string
  /** Ends the operation with `reason`: takes it back if nothing of it was written, else leaves a place for its reply. */
  cancel(operation: Operation, reason: unknown): void
}

/** Counts how operations end for their callers. */
export interface OperationWatch {
  /**
   * Called once, before the caller learns of the outcome: a result, which may have to be waited for, or with `hasFailed` a
   * reason. Must not throw.
   */
  settled(operation: Operation, outcome: unknown, hasFailed: boolean): void
}

/** What {@link Interpret.direct} gives for a reply that it does not read. */
export const NEEDS_OPERATION: unique symbol = Symbol('needs an operation')

/** What turns a reply into the call's result. Called once, while the reply's bytes are valid; what it throws is the result. */
export interface Interpret {
  (reply: Reply, operation: Operation): unknown
  /** Whether a value with these client flags is read without keeping its bytes; without it, they may be kept. */
  readonly borrows?: (clientFlags: number) => boolean
  /**
   * Makes the result of a reply whose value was too large to be read; the reply has all but its value. Without it, the
   * operation fails with the error.
   */
  readonly passedOver?: (reply: Reply, error: MemcacheError) => unknown
  /**
   * Reads the value of a classic line without an operation, for reads in batches; gives `NEEDS_OPERATION` for a reply that
   * is more than a plain value. What it throws is thrown again by the call with an operation, so it must have no effects.
   */
  readonly direct?: (reply: Reply) => unknown
  /** Makes the value that the caller of the call sees of a result; left out where the result is that value. */
  readonly present?: (result: unknown) => unknown
  /** Makes the stored form of a value, as the call's serde does; left out where the call reads no value. */
  readonly serialize?: (
    value: unknown,
    key: Key,
  ) => { readonly data: string | Uint8Array; readonly clientFlags: number }
}

/**
 * One command on its way: what to do, the key, and how to settle. Made by the client, passed down from layer to layer
 * by plain calls, and settled exactly once by the layer that finishes it. One shape for every command, and mutable, because
 * an object or a promise per layer would cost more than the command itself.
 */
export class Operation {
  #request: Request
  /** The request's command, kept here because requests have many shapes and a look into one costs as much as all of these. */
  #command: Command
  /** A note of the client's: what has to settle before this is dispatched. */
  preparing: unknown
  /** The key on the wire; empty for commands without one. */
  readonly key: WireKey
  /** The key as the caller gave it: for results, serdes and messages. */
  readonly callerKey: Key
  /** The time for the whole of it, in milliseconds; may be Infinity. */
  readonly timeoutMs: number
  /** Reads the reply; a wrapper that looks at replies puts its own in the place. */
  interpret: Interpret
  /** Length of the data block that it sends; before it is prepared, of the block that it is made of. */
  bodyBytes: number
  /** Settles with the result. The second argument tells batches which operation it is. */
  resolve: (value: unknown, operation: Operation) => void = ignore
  /** Settles with what went wrong: a `MemcacheError`, or a signal's reason. */
  reject: (reason: unknown, operation: Operation) => void = ignore
  /** What decides which server it goes to, where that is not the caller's key. */
  routingKey: Key | undefined = undefined
  /** Position in its batch. */
  index = 0
  /** When its time is up, on the monotonic clock; 0 before an executor has started it. */
  deadline = 0
  /** No reply is wanted: it settles when its bytes are out of the caller's hands. */
  quiet = false
  /** Quiet, but its outcome is wanted: the reply of the barrier behind it settles what said nothing. */
  awaitsBarrier = false
  /** Its failure is no event: it leaves no old value behind. */
  failsQuietly = false
  /**
   * It is about what its key's own server knows, and no other: while that one is out it fails, nothing stands in. The
   * client's bookkeeping, which would be lost if it were kept in two places.
   */
  homeOnly = false
  /** How long its caller waits, where that may be shorter than its time; it can have left before the operation settles. */
  patience: Patience | undefined = undefined
  /** Whether it is a call's own: an error that others share is copied, so that the call's names its command. */
  namesErrors = false
  /** Where the call was made, where the client notes that. */
  caller: CallerStack | undefined = undefined
  /** It has its result. */
  settled = false
  /**
   * Meaning of the reply; undefined for an operation that got none. A reader corrects it where the reply alone does not tell:
   * a placeholder is a miss.
   */
  outcome: Outcome | undefined = undefined
  /** What holds it now. */
  holder: Holder | undefined = undefined
  /** Counts how it ends, where it is all of a public call. */
  watch: OperationWatch | undefined = undefined

  // The connection's notes.

  /** Sequence number on the wire, for meta commands; 0 before. */
  opaque = 0
  /** It was written, at least in part. */
  written = false
  /** It travels in a classic read line, by itself or with neighbours. */
  inLine = false
  /** It is the last of its read line: behind its value comes END. */
  endsLine = false
  /** Its value came already; END says nothing about it. */
  answered = false
  /** Its large body is still in the hands of the socket, which reads the caller's bytes. */
  bodyPending = false
  /** It must travel alone, because the line that it shared was refused. */
  alone = false
  /** It was repeated once already. */
  repeated = false
  /** The error that came before its body was out; told once the connection is destroyed. */
  earlyError: unknown = undefined
  /** Settles it with the result that came before the socket let go of its body. */
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

  /** What to do. Another request may take its place: its compressed form, its classic form, one with another ttl. */
  get request(): Request {
    return this.#request
  }

  set request(request: Request) {
    // The call was given up while its request was made.
    if (this.settled) return
    this.#request = request
    this.#command = request.command
  }

  /** Takes the request that was being made, and the length of its data block. */
  takePrepared(request: Request): void {
    if (this.settled) return
    this.request = request
    this.bodyBytes = isStore(request) ? request.bytes : 0
  }

  /** The name of what to do. */
  get command(): Command {
    return this.#command
  }

  /** Whether it may have been carried out, though nothing of it was written this time: it may have been before. */
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
   * Takes the result of a reply that came before the socket let go of the body, and settles when it has: until then
   * the socket may still read bytes that belong to the caller again once the call has settled.
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

  /** The socket has let go of the body: its bytes are with the kernel, or the socket is destroyed. */
  releaseBody(): void {
    this.bodyPending = false
    if (this.quiet && !this.awaitsBarrier) this.succeed(undefined)
    else this.release?.()
  }

  /** Forgets the connection that it was on, to be sent on another. */
  prepareAgain(): void {
    this.holder = undefined
    this.opaque = 0
    this.written = false
    this.inLine = false
    this.endsLine = false
    this.answered = false
    this.bodyPending = false
  }

  /** Settles with the result of an operation that stood for this one. */
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

  /** Tells the outcome, and forgets who was told: a place in a queue outlives the call, and must not keep its value alive. */
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

  /** Ends it from outside: the call was aborted. */
  cancel(reason: unknown): void {
    if (this.holder === undefined) this.fail(reason)
    else this.holder.cancel(this, reason)
  }

  /** Command and key, for errors about it. */
  get about(): ErrorSubject {
    return { command: commandName(this.#request), key: this.callerKey }
  }

  /** For messages: `get "user:1"`. */
  describe(): string {
    return this.key === '' ? nameOfRequest(this.#request) : describeRequest(this.#request, this.callerKey)
  }
}

/** Names a command about a key in messages: `get "user:1"`. */
export function describeRequest(request: Request, callerKey: Key): string {
  return `${nameOfRequest(request)} ${quoteKey(callerKey)}`
}

function ignore(): void {}
