import { type MemcacheError, ServerError } from '../errors.ts'
import { LAST_OPAQUE } from '../protocol/meta/encode.ts'
import { Operation } from '../protocol/operation.ts'
import { answersOperation, interpretReply } from '../protocol/outcome.ts'
import { NO_CALLER } from '../protocol/patience.ts'
import type { Reply } from '../protocol/reply.ts'
import { keyFits } from '../protocol/reply-key.ts'
import { isLineRead, NOOP } from '../protocol/request.ts'
import { isErrorReply, serverReplyError, staysInStep } from '../protocol/server-reply-error.ts'
import type { CommandEncoder } from './command-encoder.ts'
import { desyncError } from './out-of-step.ts'
import { isRun, type SentQueue } from './sent-queue.ts'
import type { Settler } from './settler.ts'
import type { Wire } from './wire.ts'

/** Server of quiet runs, and the callback for failed runs without a waiting caller. */
export interface QuietRunsInit {
  readonly server: string
  /** Time limit of the barrier after quiet commands, in milliseconds. */
  readonly timeoutMs: number
  /** Called when a command of a quiet run was refused, with all commands of the run that have no waiting caller. */
  readonly onQuietError: (error: MemcacheError, operations: readonly Operation[]) => void
}

/** Makes a question that every server answers and no caller waits for. */
export function createBarrier(timeoutMs: number): Operation {
  const barrier = new Operation(NOOP, '', '', timeoutMs, () => undefined)
  barrier.patience = NO_CALLER
  return barrier
}

/**
 * Runs of quiet commands: each ends in a barrier before any other command, because error lines carry no opaque and none
 * may reach the next command. Takes the replies while a run is at the head of the queue; the barrier's reply ends it.
 */
export class QuietRuns {
  readonly #init: QuietRunsInit
  readonly #wire: Wire
  readonly #sent: SentQueue
  readonly #encoder: CommandEncoder
  readonly #settler: Settler
  /** Commands written since the last barrier. */
  #open = 0
  /** First error line to the run at the head. */
  #error: MemcacheError | undefined
  /** Position in the run at the head where the last reply was found. */
  #cursor = 0
  /** Whether an error line to the run at the head ends the connection: the commands after the run are not to blame. */
  #outOfStep = false

  constructor(init: QuietRunsInit, wire: Wire, sent: SentQueue, encoder: CommandEncoder, settler: Settler) {
    this.#init = init
    this.#wire = wire
    this.#sent = sent
    this.#encoder = encoder
    this.#settler = settler
  }

  /** Whether the last run still needs its barrier. */
  get isOpen(): boolean {
    return this.#open > 0
  }

  /** Adds a quiet command to the open run. */
  add(operation: Operation): void {
    // Within a run an opaque must name one command.
    if (this.#open === LAST_OPAQUE) this.close()
    if (!this.#encoder.encode(operation)) return
    this.#sent.push(operation)
    this.#open++
    // A large body settles its call when the socket has released it; anything smaller was copied.
    if (!operation.bodyPending && !operation.awaitsBarrier) operation.succeed(undefined)
  }

  /** Ends the open run by a barrier. */
  close(): void {
    this.#open = 0
    const barrier = createBarrier(this.#init.timeoutMs)
    this.#encoder.encode(barrier)
    this.#sent.push(barrier)
  }

  /** Returns the command of the run at the head whose opaque the reply carries. */
  find(reply: Reply): Operation | undefined {
    if (reply.opaque <= 0) return undefined
    // Replies come in order: the command is after the last one that was found.
    const operation = this.#findFrom(this.#cursor, reply.opaque) ?? this.#findFrom(0, reply.opaque)
    return operation !== undefined && keyFits(reply, operation.key) ? operation : undefined
  }

  #findFrom(start: number, opaque: number): Operation | undefined {
    for (let position = start; position < this.#sent.length; position++) {
      const operation = this.#sent.at(position)
      if (!operation.quiet) return undefined
      if (operation.opaque !== opaque) continue
      this.#cursor = position
      return operation
    }
    return undefined
  }

  /**
   * Takes a reply while a run is at the head of the queue.
   *
   * @param owner - The command that was found when the header of the reply's large data block came.
   * @returns why the connection cannot go on, or undefined while it can.
   */
  receive(reply: Reply, owner: Operation | undefined): MemcacheError | undefined {
    if (reply.type === this.#wire.barrierReply) return this.#end(reply)
    if (isErrorReply(reply)) return this.#noteError(reply)
    // With `q` refusals still come, and hits of an mg; they carry an opaque of the run.
    const operation = owner ?? this.find(reply)
    if (operation === undefined || !answersOperation(reply, operation)) {
      return desyncError(this.#init.server, reply, 'not an answer to a quiet command')
    }
    if (operation.awaitsBarrier) this.#settler.settle(reply, operation)
    return undefined
  }

  #noteError(reply: Reply): MemcacheError | undefined {
    this.#settler.answeredInTime = true
    this.#error ??= serverReplyError(reply, 'a quiet command', this.#init.server)
    if (this.#staysInStep(reply)) return undefined
    this.#outOfStep = true
    return this.#error
  }

  /** Checks that an error line, which does not name its command, is harmless after any command of the run. */
  #staysInStep(reply: Reply): boolean {
    for (let position = this.#length() - 1; position >= 0; position--) {
      const operation = this.#sent.at(position)
      if (!operation.quiet) continue
      if (operation.bodyPending || !staysInStep(reply, operation, this.#wire.skipsRefusedBlock)) return false
    }
    return true
  }

  /** Returns the number of quiet commands at the head. Their barrier may still have to be written. */
  #length(): number {
    let length = 0
    while (length < this.#sent.length && this.#sent.at(length).quiet) length++
    return length
  }

  #end(reply: Reply): MemcacheError | undefined {
    const length = this.#length()
    const barrier = length === this.#sent.length ? undefined : this.#sent.at(length)
    if (barrier === undefined || isRun(barrier)) {
      return desyncError(this.#init.server, reply, 'the answer to a barrier that was not written')
    }
    const run = this.#takeRun()
    this.#sent.shift()
    this.#cursor = 0
    interpretReply(barrier.command, reply)
    this.#settler.answeredInTime = true
    barrier.settle(reply)
    // Last, because it notifies listeners, which may destroy the client.
    this.#settle(run)
    return undefined
  }

  #takeRun(): Operation[] {
    const run: Operation[] = []
    for (let head = this.#sent.at(0); head.quiet; head = this.#sent.at(0)) {
      this.#sent.shift()
      run.push(head)
    }
    return run
  }

  /**
   * Settles a run after its barrier's reply. Commands without a reply succeeded, unless an error line came, which may
   * be about any of them.
   */
  #settle(run: readonly Operation[]): void {
    const error = this.#error
    this.#error = undefined
    for (const operation of run) {
      if (!operation.awaitsBarrier || operation.settled) continue
      const reply = error === undefined ? this.#wire.impliedReply(operation.command) : undefined
      if (reply === undefined) operation.fail(this.#unknownError(operation, error))
      else this.#settler.settle(reply, operation)
    }
    const unclaimed = run.filter((operation) => !operation.awaitsBarrier)
    if (error !== undefined && unclaimed.length > 0) this.#init.onQuietError(error, unclaimed)
  }

  #unknownError(operation: Operation, cause: MemcacheError | undefined): ServerError {
    const { server } = this.#init
    const message = `${operation.describe()}: ${server} refused a quiet command of the same run, and does not say which`
    return new ServerError(message, { server, delivery: 'unknown', cause })
  }

  /**
   * Checks whether the connection ended by a refusal of a run before the operation, and the operation may be sent
   * again.
   */
  isInnocent({ quiet, settled, repeated, request }: Operation): boolean {
    // A plain read changes nothing but its item's time.
    return this.#outOfStep && !quiet && !settled && !repeated && isLineRead(request)
  }
}
