import { type MemcacheError, ProtocolError, ServerError, UnknownCommandError, ValueTooLargeError } from '../errors.ts'
import { isBase64Key } from '../protocol/key.ts'
import { LAST_OPAQUE } from '../protocol/meta/encode.ts'
import { Operation } from '../protocol/operation.ts'
import { impliedReply, interpretReply, lacksValue, mayAnswerLargeBlock } from '../protocol/outcome.ts'
import { NO_CALLER } from '../protocol/patience.ts'
import { MISS, type Reply } from '../protocol/reply.ts'
import { isGat, isLineRead, NOOP } from '../protocol/request.ts'
import { OPAQUE_ON_MISS_SINCE } from '../protocol/server-version.ts'
import { CommandEncoder, type EncodingTarget, isQuestion } from './command-encoder.ts'
import { OutgoingBatch, type OutgoingChunk } from './outgoing-batch.ts'
import { type LineLimits, ReadLine } from './read-line.ts'
import { keyFits, keyMatches } from './reply-key.ts'
import { RingQueue } from './ring-queue.ts'
import { isErrorReply, serverReplyError, staysInStep } from './server-reply-error.ts'
import type { UnknownCommands } from './unknown-commands.ts'

/** What a pipeline needs to know. */
export interface PipelineInit extends EncodingTarget {
  /** Undefined: every read travels on a line of its own. */
  readonly coalesce: LineLimits | undefined
  readonly maxValueBytes: number
  /** Commands that this server does not know: they are not sent. */
  readonly unknownCommands: UnknownCommands
  /** Time that the barrier behind quiet commands may take. */
  readonly timeoutMs: number
  /** A quiet run was refused, in part: its commands are told here, for nobody waits for them. */
  readonly onQuietError: (error: MemcacheError, operations: readonly Operation[]) => void
}

/** What is left of a conversation. */
export interface Leftovers {
  readonly unanswered: Operation[]
  /** Reads that shared a refused line: to be asked again, each alone. */
  readonly again: Operation[]
  /** Reads behind a quiet command that was refused: to be asked again. */
  readonly innocent: Operation[]
}

/** Whether it is a plain read, which changes nothing but its item's time, and was sent once. */
function mayAskAgain({ quiet, settled, repeated, request }: Operation): boolean {
  return !quiet && !settled && !repeated && isLineRead(request)
}

/**
 * The conversation on one connection: which commands are under way, in what form, and which reply is whose. It puts
 * commands into an outgoing batch and takes replies; it knows no socket and no clock. Replies come in the order of the
 * commands, and every one is checked against the command at the head: by the key of a classic read, by the opaque of
 * a meta command, by kind for the rest. What does not fit is a {@link ProtocolError}, and the connection's end.
 */
export class Pipeline {
  readonly #init: PipelineInit
  readonly #sent: RingQueue<Operation> = new RingQueue<Operation>()
  readonly #batch: OutgoingBatch = new OutgoingBatch()
  readonly #line: ReadLine
  readonly #encoder: CommandEncoder
  #bytes = 0
  /** Quiet commands since the last barrier. */
  #openQuiet = 0
  #quietError: MemcacheError | undefined
  /** An error line to the quiet run at the head ends the connection: its neighbours are not to blame. */
  #quietOutOfStep = false
  /** Where in the quiet run at the head the last reply was found. */
  #quietCursor = 0
  /** Where in the line at the head the next value is expected. */
  #cursor = 0
  /** Whose large data block is under way. */
  #bodyOwner: Operation | undefined
  /** Reads that shared a refused line and may be asked again, each alone. */
  readonly #again: Operation[] = []
  /** Answered, but the socket has not let go of their bodies. */
  #held: Operation[] = []
  /** Its connection has ended. */
  #drained = false
  /** Whether neighbouring reads may share a line at present. */
  sharesLines = true
  /** A read that travelled alone, because its line was refused before, was refused itself. */
  refusedAlone = false
  /** A reply settled somebody who was still waiting since this was last cleared. */
  answeredInTime = false

  constructor(init: PipelineInit) {
    this.#init = init
    this.#line = new ReadLine(this.#batch, init.coalesce, init.version)
    this.#encoder = new CommandEncoder(this.#batch, init, (operation) => {
      // Late word of a socket that was destroyed says nothing about the next one that carries the body.
      if (!this.#drained) operation.releaseBody()
    })
  }

  /** Bytes of the bodies of commands written and not answered. */
  get bytes(): number {
    return this.#bytes
  }

  /** Commands written and not answered. */
  get length(): number {
    return this.#sent.length
  }

  /** Commands written and not settled: not answered, or answered before the socket let go of their bodies. */
  get pending(): number {
    if (this.#held.length > 0) this.#held = this.#held.filter((held) => !held.settled)
    return this.#sent.length + this.#held.length
  }

  /** A command that was answered, whose time is up, and whose body the socket still reads. */
  overdueBody(now: number): Operation | undefined {
    return this.#held.find((held) => !held.settled && held.deadline <= now)
  }

  /** The command at a position, counted from the oldest. */
  at(position: number): Operation {
    return this.#sent.at(position)
  }

  /** Roughly the bytes that wait in the batch. */
  get batchLength(): number {
    return this.#batch.length
  }

  /** Whether a `gat` or `gats` in text is to be answered next: a server that closes there may know neither. */
  get gatAtHead(): boolean {
    return this.#sent.length > 0 && this.#init.protocol === 'text' && isGat(this.#sent.at(0).command)
  }

  /**
   * Puts a command into the batch. Neighbouring plain reads share a line; any other command closes it, to keep the order.
   * What cannot be encoded fails, alone: nothing of it is in the batch or in the queue.
   */
  send(operation: Operation): void {
    try {
      this.#send(operation)
    } catch (error) {
      this.#encoder.refuse(operation, error)
    }
  }

  #send(operation: Operation): void {
    if (operation.quiet) return this.#sendQuiet(operation)
    if (this.#openQuiet > 0) this.#sendBarrier()
    const { request } = operation
    if (isLineRead(request) && !isBase64Key(operation.key)) {
      if (isGat(request.command) && this.#init.unknownCommands.has('gat'))
        return operation.fail(this.#refusedBefore(operation))
      this.#line.add(operation, request, this.sharesLines)
      return this.#push(operation)
    }
    this.#sendAlone(operation)
  }

  #sendAlone(operation: Operation): void {
    this.#line.close()
    const { request } = operation
    if (this.#init.protocol === 'text' && 'text' in request && request.text !== undefined) {
      operation.request = request.text
      return this.#send(operation)
    }
    if (this.#encoder.encode(operation)) this.#push(operation)
  }

  /** The barrier behind a quiet run has still to be written. */
  get owesBarrier(): boolean {
    return this.#openQuiet > 0
  }

  /**
   * Closes what is open and gives all there is to write.
   *
   * @param barrierAlone - Leaves the barrier behind a quiet run to the next write, because of what this one holds.
   */
  finish(barrierAlone: boolean): OutgoingChunk[] {
    this.#line.close()
    if (this.#openQuiet > 0 && !(barrierAlone && this.#batch.length > 0)) this.#sendBarrier()
    return this.#batch.take()
  }

  #push(operation: Operation): void {
    operation.written = true
    this.#bytes += operation.bodyBytes
    this.#sent.push(operation)
  }

  #shift(): Operation {
    const operation = this.#sent.shift()
    this.#bytes -= operation.bodyBytes
    return operation
  }

  #sendQuiet(operation: Operation): void {
    this.#line.close()
    // Within a run an opaque must name one command.
    if (this.#openQuiet === LAST_OPAQUE) this.#sendBarrier()
    if (!this.#encoder.encode(operation)) return
    this.#push(operation)
    this.#openQuiet++
    // A large body settles its call when the socket has let go of it; anything smaller was copied.
    if (!operation.bodyPending && !operation.awaitsBarrier) operation.succeed(undefined)
  }

  /** Ends a run of quiet commands: error lines carry no opaque, so none may reach the next command. */
  #sendBarrier(): void {
    this.#openQuiet = 0
    const { timeoutMs } = this.#init
    const barrier = new Operation(NOOP, '', '', timeoutMs, () => undefined)
    barrier.patience = NO_CALLER
    this.#encoder.encode(barrier)
    this.#push(barrier)
  }

  #refusedBefore(operation: Operation): UnknownCommandError {
    const { server } = this.#init
    return new UnknownCommandError(
      `${operation.describe()}: ${server} does not know this command: it closed the connection on it before`,
      { server, delivery: operation.unsentDelivery },
    )
  }

  /**
   * Gives a whole reply to the command that it answers.
   *
   * @returns why the connection cannot go on, or undefined while it can.
   */
  receive(reply: Reply): MemcacheError | undefined {
    if (this.#sent.length === 0) return this.#desync(reply, 'a reply that nobody waits for')
    const head = this.#sent.at(0)
    if (reply.type === 'VALUE') return this.#receiveValue(reply)
    if (head.quiet) return this.#receiveQuiet(reply)
    if (head.inLine && reply.type === 'END') return this.#endLine(reply)
    if (isErrorReply(reply)) return head.inLine ? this.#refuseLine(reply, head) : this.#refuse(reply, head)
    // Whose a large data block is was settled when its line was there to be read.
    const fits = this.#bodyOwner === head || this.#opaqueFits(reply, head)
    if (head.inLine || !fits || !(answers(reply, head) || this.#isSignOfLife(reply, head))) {
      return this.#desync(reply, `not an answer to ${head.describe()}`)
    }
    this.#shift()
    this.#bodyOwner = undefined
    return this.#settle(reply, head)
  }

  /** Whether it is the answer to the read in the place of a question that the server closes on. */
  #isSignOfLife(reply: Reply, head: Operation): boolean {
    return reply.type === 'END' && this.#init.probeKey !== undefined && isQuestion(head.request)
  }

  /**
   * Decides about a large data block when its header has come, before anything is allocated for it.
   *
   * @returns whether to read it into a buffer for the caller to keep, into one that is used again, or not at all; or why
   * the connection cannot go on.
   */
  receiveHeader(reply: Reply): 'keep' | 'borrow' | 'skip' | MemcacheError {
    const owner = reply.type === 'VALUE' ? this.#findInLine(reply) : this.#findMeta(reply)
    if (owner === undefined || !mayAnswerLargeBlock(owner.command, reply)) {
      return this.#desync(reply, 'a value that no command asked for')
    }
    this.#bodyOwner = owner
    if (owner.settled || reply.size > this.#init.maxValueBytes) return 'skip'
    return owner.interpret.borrows?.(reply.clientFlags) === true ? 'borrow' : 'keep'
  }

  /** Returns what is left when the connection has ended and its socket is destroyed; each list has the oldest first. */
  drain(): Leftovers {
    this.#drained = true
    for (const operation of this.#held) operation.releaseBody()
    this.#held = []
    const left: Leftovers = { unanswered: [], again: this.#again, innocent: [] }
    while (this.#sent.length > 0) {
      const operation = this.#shift()
      const isInnocent = this.#quietOutOfStep && mayAskAgain(operation)
      if (isInnocent) left.innocent.push(operation)
      else left.unanswered.push(operation)
    }
    return left
  }

  /** The meta command that a data block answers: the one at the head, or one of the quiet run there. */
  #findMeta(reply: Reply): Operation | undefined {
    if (this.#sent.length === 0) return undefined
    const head = this.#sent.at(0)
    if (head.quiet) return this.#findQuiet(reply)
    return this.#opaqueFits(reply, head) ? head : undefined
  }

  #settle(reply: Reply, operation: Operation): MemcacheError | undefined {
    if (operation.settled) return undefined
    this.answeredInTime = true
    if (reply.size > this.#init.maxValueBytes && (reply.type === 'VALUE' || reply.type === 'VA')) {
      operation.settlePassedOver(reply, this.#tooLarge(reply, operation))
    } else if (operation.bodyPending) {
      operation.settleWhenReleased(reply)
      this.#held = this.#held.filter((held) => !held.settled)
      this.#held.push(operation)
    } else operation.settle(reply)
    return undefined
  }

  #tooLarge(reply: Reply, operation: Operation): ValueTooLargeError {
    return new ValueTooLargeError(
      `${operation.describe()}: the value has ${reply.size} bytes, more than maxValueBytes (${this.#init.maxValueBytes})`,
      { server: this.#init.server, delivery: 'answered' },
    )
  }

  #receiveValue(reply: Reply): MemcacheError | undefined {
    const owner = this.#bodyOwner ?? this.#findInLine(reply)
    this.#bodyOwner = undefined
    if (owner === undefined) return this.#desync(reply, 'a value under a key that was not asked for')
    owner.answered = true
    reply.outcome = 'hit'
    return this.#settle(reply, owner)
  }

  /** The read of the line at the head that a VALUE answers: the next one as a rule, any other if a proxy reordered. */
  #findInLine(reply: Reply): Operation | undefined {
    if (this.#sent.length === 0 || !this.#sent.at(0).inLine) return undefined
    let position = this.#cursor
    for (;;) {
      const operation = this.#sent.at(position)
      if (!operation.answered && keyMatches(reply, operation.key)) {
        if (!operation.endsLine) this.#cursor = position + 1
        return operation
      }
      if (operation.endsLine) break
      position++
    }
    for (position = 0; position < this.#cursor; position++) {
      const operation = this.#sent.at(position)
      if (!operation.answered && keyMatches(reply, operation.key)) return operation
    }
    return undefined
  }

  #endLine(reply: Reply): MemcacheError | undefined {
    if (reply.opaque !== -1) return this.#desync(reply, 'not an answer to a read')
    this.#cursor = 0
    if (isGat(this.#sent.at(0).command)) this.#init.unknownCommands.answered('gat')
    for (;;) {
      const operation = this.#shift()
      if (!operation.answered && !operation.settled) {
        this.answeredInTime = true
        operation.settle(MISS)
      }
      if (operation.endsLine) return undefined
    }
  }

  #opaqueFits(reply: Reply, operation: Operation): boolean {
    if (operation.opaque === 0) return reply.opaque === -1
    if (reply.opaque === operation.opaque) return keyFits(reply, operation.key)
    return reply.type === 'EN' && reply.opaque === -1 && this.#init.version.order < OPAQUE_ON_MISS_SINCE
  }

  /** An error line for a command that stands alone. */
  #refuse(reply: Reply, operation: Operation): MemcacheError | undefined {
    const error = serverReplyError(reply, operation.describe(), this.#init.server)
    if (!operation.settled) this.answeredInTime = true
    // An answer while the body is still being written leaves the rest of it to be taken for commands.
    if (operation.bodyPending) {
      operation.earlyError = error
      return error
    }
    this.#shift()
    if (operation.alone) this.refusedAlone = true
    operation.fail(error)
    return staysInStep(reply, operation) ? undefined : error
  }

  /**
   * An error line where a read line's values are due. Servers frame it in three ways (memcached: it replaces the whole
   * reply; its proxy: one per key, then END; twemproxy: one, then it closes), so a shared line ends the connection.
   * Reads that were only neighbours are asked again, each alone.
   */
  #refuseLine(reply: Reply, head: Operation): MemcacheError | undefined {
    if (head.endsLine) return this.#refuse(reply, head)
    const error = serverReplyError(reply, 'a line of reads', this.#init.server)
    this.#cursor = 0
    for (;;) {
      const operation = this.#shift()
      if (!operation.answered && !operation.settled) {
        this.answeredInTime = true
        this.#again.push(operation)
      }
      if (operation.endsLine) return error
    }
  }

  #receiveQuiet(reply: Reply): MemcacheError | undefined {
    if (reply.type === this.#barrierReply) return this.#endQuiet(reply)
    if (isErrorReply(reply)) {
      this.answeredInTime = true
      this.#quietError ??= serverReplyError(reply, 'a quiet command', this.#init.server)
      if (this.#quietStaysInStep(reply)) return undefined
      this.#quietOutOfStep = true
      return this.#quietError
    }
    // With `q` refusals still come, and hits of an mg; they carry an opaque of the run.
    const operation = this.#bodyOwner ?? this.#findQuiet(reply)
    this.#bodyOwner = undefined
    if (operation === undefined || !answers(reply, operation)) {
      return this.#desync(reply, 'not an answer to a quiet command')
    }
    return operation.awaitsBarrier ? this.#settle(reply, operation) : undefined
  }

  /** What the barrier behind a quiet run is answered with. */
  get #barrierReply(): Reply['type'] {
    if (this.#init.protocol === 'meta') return 'MN'
    return this.#init.probeKey === undefined ? 'VERSION' : 'END'
  }

  #findQuiet(reply: Reply): Operation | undefined {
    if (reply.opaque <= 0) return undefined
    // Replies come in order: what is looked for lies behind the last one that was found.
    const operation = this.#findQuietFrom(this.#quietCursor, reply.opaque) ?? this.#findQuietFrom(0, reply.opaque)
    return operation !== undefined && keyFits(reply, operation.key) ? operation : undefined
  }

  #findQuietFrom(start: number, opaque: number): Operation | undefined {
    for (let position = start; position < this.#sent.length; position++) {
      const operation = this.#sent.at(position)
      if (!operation.quiet) return undefined
      if (operation.opaque !== opaque) continue
      this.#quietCursor = position
      return operation
    }
    return undefined
  }

  /** An error line says not which command of the run it is about: it must be harmless behind any of them. */
  #quietStaysInStep(reply: Reply): boolean {
    for (let position = this.#quietRunLength() - 1; position >= 0; position--) {
      const operation = this.#sent.at(position)
      if (operation.bodyPending || !staysInStep(reply, operation)) return false
    }
    return true
  }

  /** How many quiet commands are at the head. Their barrier may still have to be written. */
  #quietRunLength(): number {
    let length = 0
    while (length < this.#sent.length && this.#sent.at(length).quiet) length++
    return length
  }

  #endQuiet(reply: Reply): MemcacheError | undefined {
    const length = this.#quietRunLength()
    if (length === this.#sent.length) return this.#desync(reply, 'the answer to a barrier that was not written')
    const run = Array.from({ length }, () => this.#shift())
    const barrier = this.#shift()
    this.#quietCursor = 0
    interpretReply(barrier.command, reply)
    this.answeredInTime = true
    barrier.settle(reply)
    // Last, because it tells listeners, who may destroy the client.
    this.#settleQuiet(run)
    return undefined
  }

  /** The barrier's reply came: what said nothing succeeded, unless an error line came, which may be anybody's. */
  #settleQuiet(run: readonly Operation[]): void {
    const error = this.#quietError
    this.#quietError = undefined
    for (const operation of run) {
      if (!operation.awaitsBarrier || operation.settled) continue
      const reply = error === undefined ? impliedReply(operation.command) : undefined
      if (reply === undefined) operation.fail(this.#unknownError(operation, error))
      else this.#settle(reply, operation)
    }
    const unclaimed = run.filter((operation) => !operation.awaitsBarrier)
    if (error !== undefined && unclaimed.length > 0) this.#init.onQuietError(error, unclaimed)
  }

  #unknownError(operation: Operation, cause: MemcacheError | undefined): ServerError {
    const { server } = this.#init
    const message = `${operation.describe()}: ${server} refused a quiet command of the same run, and does not say which`
    return new ServerError(message, { server, delivery: 'unknown', cause })
  }

  /** The error for bytes that came when no reply was due. */
  unsolicited(bytes: number): ProtocolError {
    const message = `${this.#init.server} sent ${bytes} bytes that nobody waits for; the connection is out of step`
    return new ProtocolError(message, { server: this.#init.server, delivery: 'unknown' })
  }

  #desync(reply: Reply, what: string): ProtocolError {
    const excerpt = reply.type === 'GARBAGE' ? `: ${JSON.stringify(reply.line())}` : ` (${reply.type})`
    return new ProtocolError(`${this.#init.server} sent ${what}${excerpt}; the connection is out of step`, {
      server: this.#init.server,
      delivery: 'unknown',
    })
  }
}

/** Says what the reply means for the operation; false when it cannot be an answer to it. */
function answers(reply: Reply, operation: Operation): boolean {
  return interpretReply(operation.command, reply) && !lacksValue(operation.request, operation.quiet, reply)
}
