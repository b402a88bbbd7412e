import { Buffer } from 'node:buffer'
import { whenAborted } from '../abort-listener.ts'
import { captureCaller } from '../caller-stack.ts'
import { ClosedError, errorOf, InvalidInputError, MemcacheError } from '../errors.ts'
import type { Key, WireKey } from '../protocol/key.ts'
import { keyBytes } from '../protocol/key.ts'
import { type Interpret, Operation } from '../protocol/operation.ts'
import { Patience } from '../protocol/patience.ts'
import { commandName, type Request } from '../protocol/request.ts'
import type { Backend, Executor } from '../seam/executor.ts'
import { PerKeyQueue } from '../seam/per-key-queue.ts'
import type { ReadBatch } from '../seam/read-batch.ts'
import { divideReads } from '../seam/read-part.ts'
import { dispatchReads } from '../seam/reads.ts'
import { type CallOptions, type HandedOnOptions, type KeyOptions, WRITTEN_BEFORE } from './call-options.ts'
import { type BatchStart, CallQueue } from './call-queue.ts'
import type { Tally } from './calls/tally.ts'
import type { Command, FailureKind } from './commands/command.ts'
import type { CommandErrorEvent } from './events.ts'
import type { Failures } from './failures.ts'
import type { LargeValues, PrepareStore } from './large-values.ts'
import { checkTimeout } from './numbers.ts'
import type { ResolvedClientOptions } from './options.ts'
import { readNothing } from './results.ts'
import { MAX_SLICE, type Slices } from './slices.ts'

/** Makes operations out of calls: key, deadline, abort signal, absorbed failures; and one promise for each. */
export class Dispatcher {
  readonly #options: ResolvedClientOptions
  readonly #backend: Backend
  readonly #report: (event: CommandErrorEvent) => void
  readonly #failures: Failures
  readonly #queue: PerKeyQueue
  readonly #calls: CallQueue = new CallQueue()
  readonly #dispatchNext = (operation: Operation): void => this.dispatch(operation)
  readonly #dispatchReadsNext = (batch: ReadBatch): void => this.dispatchReads(batch)
  /** Values in chunks; undefined: the client has none. */
  large: LargeValues | undefined = undefined
  /** The time of a call that does not say otherwise, in milliseconds. */
  readonly timeoutMs: number

  constructor(options: ResolvedClientOptions, backend: Backend, report: (event: CommandErrorEvent) => void) {
    this.#options = options
    this.#backend = backend
    this.#report = report
    this.#failures = options.failures
    this.#queue = new PerKeyQueue((operation) => backend.dispatch(operation), options.connection)
    this.timeoutMs = options.connection.timeoutMs
  }

  /**
   * Carries out one command. The only promise between the caller and the socket.
   *
   * @param kind - Which failures may be absorbed.
   * @param instead - What the call gives when its failure is absorbed.
   * @param tally - Counts how it ends; left out where it is not all of a public call.
   */
  run<T>(
    request: Request,
    key: Key,
    interpret: Interpret,
    kind: FailureKind,
    instead: unknown,
    call: KeyOptions | undefined,
    tally?: Tally,
    quiet = false,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let operation: Operation
      try {
        operation = this.operation(request, key, this.#options.keys.encode(key), interpret, call)
      } catch (error) {
        tally?.fail(error)
        return reject(errorOf(error, { about: { command: commandName(request), key } }))
      }
      if (tally !== undefined) tally.watch(operation)
      const settle = resolve as (value: unknown) => void
      operation.resolve = settle
      operation.reject = reject
      if (this.absorbs(kind, call)) this.#absorb(operation, instead, kind, tally)
      operation.quiet = quiet
      if (call?.signal !== undefined) abortWith(operation, call.signal, tally)
      if (!operation.settled) this.dispatch(operation)
    })
  }

  /** Returns the server that the next command for this key would go to. */
  serverFor(routingKey: Key): { readonly name: string } | undefined {
    return this.#backend.serverFor(routingKey)
  }

  /** Carries out a command, as {@link Dispatcher.run} does. */
  carry<T>({ request, key, interpret, kind, instead, options }: Command, tally?: Tally): Promise<T> {
    return this.run(request, key, interpret, kind, instead, options, tally)
  }

  /** Carries out a command without its answer. */
  carryQuietly({ request, key, options }: Command, tally?: Tally): Promise<void> {
    return this.run(request, key, readNothing, 'write', undefined, options, tally, true)
  }

  /** Carries out a command that only its key's own server may answer. Its failures are never absorbed. */
  runAtHome<T>(
    request: Request,
    key: Key,
    interpret: Interpret,
    call: CallOptions,
    patience?: Patience,
    tally?: Tally,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const operation = this.operation(request, key, this.#options.keys.encode(key), interpret, call)
      if (tally !== undefined) tally.watch(operation)
      operation.resolve = resolve as (value: unknown) => void
      operation.reject = reject
      operation.homeOnly = true
      operation.patience = patience
      this.dispatch(operation)
    })
  }

  /** Carries out a command without a key on one server. Its failures are never absorbed. */
  runKeyless<T>(server: Executor, request: Request, interpret: Interpret, call: CallOptions | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const operation = this.operation(request, '', '', interpret, call)
      operation.resolve = resolve as (value: unknown) => void
      operation.reject = reject
      if (call?.signal !== undefined) abortWith(operation, call.signal)
      if (this.#calls.isHolding) this.#calls.hold(operation, (next) => server.dispatch(next))
      else if (!operation.settled) server.dispatch(operation)
    })
  }

  /** Makes an operation, which settles no promise yet. */
  operation(
    request: Request,
    callerKey: Key,
    key: WireKey,
    interpret: Interpret,
    call: HandedOnOptions | undefined,
  ): Operation {
    const timeoutMs = call?.timeoutMs === undefined ? this.timeoutMs : checkTimeout(call.timeoutMs)
    const operation = new Operation(request, key, callerKey, timeoutMs, interpret)
    operation.namesErrors = true
    if (this.#options.callerStacks) operation.caller = captureCaller()
    if (call?.[WRITTEN_BEFORE] === true) operation.repeated = true
    if (call?.reportFailure === false) operation.failsQuietly = true
    if (call?.routingKey !== undefined) operation.routingKey = checkRoutingKey(call.routingKey)
    else if (callerKey !== '') {
      if (this.#options.keys.shortens) operation.routingKey = this.#options.keys.shortKey(callerKey)
      if (typeof callerKey !== 'string') operation.routingKey ??= ownKey(callerKey)
    }
    return operation
  }

  /** The key on the wire, or `InvalidInputError`. */
  encodeKey(key: Key): WireKey {
    return this.#options.keys.encode(key)
  }

  /** The key that decides about the server: the call's `routingKey`, or what stands for a long key, or the key. */
  routingKey(key: Key, call?: KeyOptions): Key {
    if (call?.routingKey !== undefined) return checkRoutingKey(call.routingKey)
    return (this.#options.keys.shortens ? this.#options.keys.shortKey(key) : undefined) ?? key
  }

  /** Whether keys choose their servers themselves: no other key has to be made for that. */
  routesPlainly(call?: KeyOptions): boolean {
    return call?.routingKey === undefined && !this.#options.keys.shortens
  }

  /** Takes no more commands; settles when those that are held back, and the rest of large batches, are on their way. */
  async drain(error: ClosedError): Promise<void> {
    if (this.#calls.isHolding) await this.#calls.drain(error)
    await this.#queue.drain(error)
  }

  /** Settles when what is held back, and the rest of large batches, is on its way; undefined when there is nothing. */
  prepared(): Promise<void> | undefined {
    return this.#calls.passed()?.then(() => this.#queue.passed()) ?? this.#queue.passed()
  }

  /** Ends what is held back, and the rest of large batches. */
  destroy(error: ClosedError): void {
    if (this.#calls.isHolding) this.#calls.destroy(error)
    this.#queue.destroy(error)
  }

  /**
   * Prepares a batch and starts it: at once, or over several turns of the event loop, in which later calls wait.
   *
   * @param count - Number of its keys.
   * @param start - Is given the time from which the time of the call counts.
   */
  startBatch<T>(count: number, preparation: Slices, signal: AbortSignal | undefined, start: BatchStart<T>): Promise<T> {
    if (count > MAX_SLICE) return this.#calls.run(preparation, signal, start)
    preparation.next()
    return start.dispatch(performance.now())
  }

  /** Keeps a place for a write that is dispatched later: later calls for its key are carried out after it. */
  reserve(operation: Operation): void {
    if (this.#calls.closed) this.#calls.hold(operation, (next) => this.#queue.reserve(next))
    else this.#queue.reserve(operation)
  }

  dispatch(operation: Operation): void {
    // An operation with a place came before the batch that others wait for.
    if (this.#calls.closed && operation.holder !== this.#queue) return this.#calls.hold(operation, this.#dispatchNext)
    const { preparing } = operation
    if (this.large !== undefined && operation.command !== 'get') this.large.watch(operation)
    if (preparing !== undefined) {
      const request = typeof preparing === 'function' ? (preparing as PrepareStore)(operation) : preparing
      return this.#queue.prepare(operation, request as Promise<Request>)
    }
    if (this.#queue.closed && this.#queue.hold(operation)) return
    this.#backend.dispatch(operation)
  }

  /** Hands over many reads of one call. */
  dispatchReads(batch: ReadBatch): void {
    if (this.#calls.closed) return this.#calls.holdReads(batch, this.#dispatchReadsNext)
    if (!this.#queue.closed) return dispatchReads(this.#backend, batch)
    const heldBack = (index: number): boolean => this.#queue.holdsBack(batch.keys[index]!)
    const { parts, rest } = divideReads(batch, (index) => (heldBack(index) ? undefined : this.#backend))
    for (const [backend, part] of parts) dispatchReads(backend, part)
    // Reads that are left wait for an earlier command for their key.
    for (const index of rest) if (batch.isOpen(index)) this.dispatch(batch.detach(index))
  }

  /**
   * Gives back the win token of a stale item that an mg took, so that the next `getOrSet` wins it. Settles when it is
   * done or has failed, which costs no more than a reload that comes later.
   */
  releaseWinToken(operation: Operation, cas: bigint): Promise<void> {
    const flags = cas === 0n ? { invalidate: true } : { invalidate: true, compareCas: cas }
    const request = { command: 'md', label: 'giving the win token back for', flags } as const
    const { key, callerKey, timeoutMs } = operation
    return new Promise((resolve) => {
      const again = new Operation(request, key, callerKey, timeoutMs, readNothing)
      again.routingKey = operation.routingKey
      again.zone = operation.zone
      again.patience = operation.patience
      again.namesErrors = true
      // The caller waits for it within the time of its own call.
      again.deadline = operation.deadline
      again.resolve = () => resolve()
      again.reject = (reason) => {
        if (isAbsorbable(reason)) this.report(reason, [callerKey])
        resolve()
      }
      this.dispatch(again)
    })
  }

  /** Whether failures of this kind are results of the call. */
  absorbs(kind: FailureKind, call: Pick<KeyOptions, 'failures'> | undefined): boolean {
    const failures = call?.failures ?? this.#failures
    // Nearly every call ends here.
    if (failures === 'throw' || kind === 'never') return false
    return failures === 'miss' || (kind === 'read' && failures === 'missReads')
  }

  /**
   * Reports a failure that is a result of the call, and throws any other.
   *
   * @param key - Key that the report names.
   */
  absorbOrThrow(kind: FailureKind, error: unknown, call: Pick<KeyOptions, 'failures'> | undefined, key: Key): void {
    if (!isAbsorbable(error) || !this.absorbs(kind, call)) throw error
    this.report(error, [key])
  }

  /** Reports a failure that no call rejects with. @param command - Name of the command, where the error has none. */
  report(error: MemcacheError, keys: readonly Key[], command: string | undefined = error.command): void {
    this.#report({ error, command, key: keys.length === 1 ? keys[0] : undefined, keys, server: error.server })
  }

  /** Makes a result of the operation's failure, also of one that comes after its reply: a value that cannot be decompressed. */
  #absorb(operation: Operation, instead: unknown, kind: FailureKind, tally: Tally | undefined): void {
    const { resolve, reject } = operation
    const refuse = (reason: unknown): void => {
      if (!isAbsorbable(reason)) return reject(reason, operation)
      this.report(reason, [operation.callerKey])
      tally?.absorb(kind === 'read')
      resolve(instead, operation)
    }
    operation.reject = refuse
    operation.resolve = (value) => {
      if (value instanceof Promise) value.then((settled: unknown) => resolve(settled, operation), refuse)
      else resolve(value, operation)
    }
  }
}

/** Bad input, an end of the client and an abort are the caller's own doing and never absorbed. */
export function isAbsorbable(reason: unknown): reason is MemcacheError {
  return reason instanceof MemcacheError && !(reason instanceof InvalidInputError) && !(reason instanceof ClosedError)
}

/** Makes a rejection of what a call throws while its request is made; an `async` function would cost a second promise. */
export function rejectThrown<T>(call: () => Promise<T>): Promise<T> {
  try {
    return call()
  } catch (error) {
    return Promise.reject(error)
  }
}

function checkRoutingKey(key: Key): Key {
  // Nearly every key, without a look at its bytes.
  if (typeof key === 'string' && key !== '' && key.isWellFormed()) return key
  if (keyBytes(key).length > 0) return ownKey(key)
  throw new InvalidInputError('routingKey must not be empty')
}

/** A server may be chosen later, and again: bytes that are the caller's may have changed by then. */
export function ownKey(key: Key): Key {
  return typeof key === 'string' ? key : Buffer.from(keyBytes(key))
}

/**
 * Ends the operation when the signal aborts, also while something follows its reply: a value that is decompressed, a win
 * token that is given back. The listener goes when all of it has settled.
 */
function abortWith(operation: Operation, signal: AbortSignal, tally?: Tally): void {
  if (signal.aborted) return operation.fail(signal.reason)
  const patience = new Patience(performance.now())
  operation.patience = patience
  const { resolve, reject } = operation
  const succeed = (value: unknown): void => {
    leave()
    resolve(value, operation)
  }
  const fail = (reason: unknown): void => {
    leave()
    reject(reason, operation)
  }
  const onAbort = (): void => {
    patience.leave(performance.now())
    if (operation.settled) {
      tally?.settled(operation, signal.reason, true)
      operation.watch = undefined
      fail(signal.reason)
    } else operation.cancel(signal.reason)
  }
  const leave = whenAborted(signal, onAbort)
  operation.resolve = (value) => {
    if (value instanceof Promise) value.then(succeed, fail)
    else succeed(value)
  }
  operation.reject = fail
}
