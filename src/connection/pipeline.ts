import { type MemcacheError, type ProtocolError, UnknownCommandError } from '../errors.ts'
import { isBase64Key, type WireKey } from '../protocol/key.ts'
import type { Operation } from '../protocol/operation.ts'
import { answersOperation, mayAnswerLargeBlock } from '../protocol/outcome.ts'
import type { Reply } from '../protocol/reply.ts'
import { isGat, isLineRead } from '../protocol/request.ts'
import { isErrorReply, serverReplyError, staysInStep } from '../protocol/server-reply-error.ts'
import { CommandEncoder, type EncoderInit } from './command-encoder.ts'
import { createWire } from './create-wire.ts'
import { HeldBodies } from './held-bodies.ts'
import { desyncError, unsolicitedError } from './out-of-step.ts'
import { OutgoingBatch, type OutgoingChunk } from './outgoing-batch.ts'
import { createBarrier, QuietRuns, type QuietRunsInit } from './quiet-runs.ts'
import type { LineRequest } from './read-line.ts'
import { ReadLines, type ReadLinesInit } from './read-lines.ts'
import { isRun, type SentEntry, SentQueue } from './sent-queue.ts'
import { type BlockUse, Settler, type SettlerInit } from './settler.ts'
import type { ReadRoom, UnsentReads } from './unsent-reads.ts'
import type { Wire, WireTarget } from './wire.ts'

/** Parameters of a {@link Pipeline}. */
export interface PipelineInit extends WireTarget, EncoderInit, ReadLinesInit, QuietRunsInit, SettlerInit {}

/** Operations left when a connection ends. */
export interface Leftovers {
  readonly unanswered: Operation[]
  /** Reads that shared a refused line: to be sent again, each alone. */
  readonly again: Operation[]
  /** Reads after a refused quiet command: to be sent again. */
  readonly innocent: Operation[]
  /** Number of runs of reads without their end, though all of their reads had settled. */
  givenUp: number
}

/**
 * Commands and replies of one connection: which commands are pending, in what form, and which reply answers which
 * command. Puts commands into an outgoing batch and takes replies; uses no socket and no clock. Replies come in the
 * order of the commands, and every reply is checked against the command at the head: by the key of a classic read, by
 * the opaque of a meta command, by kind for the rest. A reply that does not fit is a `ProtocolError`, and ends the
 * connection.
 */
export class Pipeline {
  readonly #init: PipelineInit
  readonly #wire: Wire
  readonly #sent: SentQueue = new SentQueue()
  readonly #batch: OutgoingBatch = new OutgoingBatch()
  readonly #held: HeldBodies = new HeldBodies()
  readonly #settler: Settler
  readonly #encoder: CommandEncoder
  readonly #lines: ReadLines
  readonly #quiet: QuietRuns
  /** Entry whose large data block is being read. */
  #blockOwner: SentEntry | undefined
  /** Whether neighbouring reads may share a line at present. */
  sharesLines = true
  /** Whether a read with a line of its own, after its shared line was refused, was refused itself. */
  refusedAlone = false

  constructor(init: PipelineInit) {
    this.#init = init
    this.#wire = createWire(init)
    this.#settler = new Settler(init, this.#held)
    this.#encoder = new CommandEncoder(init, this.#batch, this.#wire, this.#held)
    this.#lines = new ReadLines(init, this.#batch, this.#sent, this.#settler)
    this.#quiet = new QuietRuns(init, this.#wire, this.#sent, this.#encoder, this.#settler)
  }

  /** Bytes of the bodies of commands written and not answered. */
  get bytes(): number {
    return this.#sent.bytes
  }

  /** Entries of the queue: commands, and runs of reads, written and not answered. */
  get length(): number {
    return this.#sent.length
  }

  /** Number of commands answered since the beginning. */
  get answered(): number {
    return this.#sent.answered
  }

  /** Number of commands put into batches since the beginning, answered or not. */
  get sent(): number {
    return this.#sent.answered + this.#sent.commands
  }

  /** Number of reads that joined the line of another one, since the beginning. */
  get joinedReads(): number {
    return this.#lines.joined
  }

  /** Bytes put into batches since the beginning. */
  get bytesSent(): number {
    return this.#batch.taken
  }

  /** Commands written and not settled: not answered, or answered before the socket released their bodies. */
  get pending(): number {
    return this.#sent.commands + this.#held.length
  }

  /** Returns an answered command whose time is up, and whose body the socket still reads. */
  overdueBody(now: number): Operation | undefined {
    return this.#held.overdue(now)
  }

  /** Returns the entry at a position, counted from the oldest. */
  at(position: number): SentEntry {
    return this.#sent.at(position)
  }

  /** Returns the number of commands that read a value, from a position of the queue on. */
  readsFrom(position: number): number {
    let reads = 0
    for (let at = position; at < this.#sent.length; at++) {
      const entry = this.#sent.at(at)
      if (isRun(entry)) reads += entry.keys.length
      else if (entry.inLine || entry.command === 'mg') reads++
    }
    return reads
  }

  /** Approximate number of bytes in the batch. */
  get batchLength(): number {
    return this.#batch.length
  }

  /** Whether a server that closes now may have closed on a `gat` that it does not know. */
  get gatAtHead(): boolean {
    return this.#sent.length > 0 && this.#wire.mayCloseOn(this.#sent.at(0).command)
  }

  /**
   * Puts a command into the batch. Neighbouring plain reads share a line; any other command closes it, to keep the
   * order. A command that cannot be encoded fails alone: no part of it is in the batch or in the queue.
   */
  send(operation: Operation): void {
    try {
      this.#send(operation)
    } catch (error) {
      this.#encoder.refuse(operation, error)
    }
  }

  #send(operation: Operation): void {
    if (operation.quiet) {
      this.#lines.close()
      return this.#quiet.add(operation)
    }
    if (this.#quiet.isOpen) this.#quiet.close()
    const { request } = operation
    if (isLineRead(request) && !isBase64Key(operation.key)) this.#sendRead(operation, request)
    else this.#sendAlone(operation)
  }

  #sendRead(operation: Operation, request: LineRequest): void {
    if (isGat(request.command) && this.#init.unknownCommands.has('gat')) operation.fail(this.#refusedBefore(operation))
    else this.#lines.add(operation, request, this.sharesLines)
  }

  /** Puts reads of a batch into the outgoing batch, as `send` does one after the other, while there is room. */
  sendReads(reads: UnsentReads, room: ReadRoom): void {
    if (this.#quiet.isOpen) this.#quiet.close()
    for (let key = reads.nextKey; key !== undefined && room.fits(key); key = reads.nextKey) {
      if (this.#isLineKey(key, reads.request)) this.#addReads(reads, room.bytes)
      else this.#sendNext(reads)
    }
  }

  /** Checks whether the key travels on a read line. Every other key needs an operation. */
  #isLineKey(key: WireKey, { command }: LineRequest): boolean {
    return !isBase64Key(key) && !(isGat(command) && this.#init.unknownCommands.has('gat'))
  }

  #addReads(reads: UnsentReads, maxBytes: number): void {
    try {
      this.#lines.addReads(reads, this.sharesLines, maxBytes)
    } catch (error) {
      this.#encoder.refuse(reads.detachNext(), error)
    }
  }

  #sendNext(reads: UnsentReads): void {
    const operation = reads.detachNext()
    operation.holder = reads.holder
    this.send(operation)
  }

  #sendAlone(operation: Operation): void {
    this.#lines.close()
    const replacement = this.#wire.replacementFor(operation.request)
    if (replacement !== undefined) {
      operation.request = replacement
      return this.#send(operation)
    }
    if (this.#encoder.encode(operation)) this.#sent.push(operation)
  }

  #refusedBefore(operation: Operation): UnknownCommandError {
    const { server } = this.#init
    return new UnknownCommandError(
      `${operation.describe()}: ${server} does not know this command: it closed the connection on it before`,
      { server, delivery: operation.unsentDelivery, ...operation.about },
    )
  }

  /** Puts a question without a waiting caller into the batch. */
  sendBarrier(): void {
    this.send(createBarrier(this.#init.timeoutMs))
  }

  /** Whether the barrier after a quiet run has still to be written. */
  get owesBarrier(): boolean {
    return this.#quiet.isOpen
  }

  /**
   * Closes the open line or run and returns all there is to write.
   *
   * @param barrierAlone - Leaves the barrier after a quiet run to the next write, because of the contents of this one.
   */
  finish(barrierAlone: boolean): OutgoingChunk[] {
    this.#lines.close()
    if (this.#quiet.isOpen && !(barrierAlone && this.#batch.length > 0)) this.#quiet.close()
    return this.#batch.take()
  }

  /**
   * Gives a whole reply to the command that it answers.
   *
   * @returns why the connection cannot go on, or undefined while it can.
   */
  receive(reply: Reply): MemcacheError | undefined {
    const sent = this.#sent
    if (sent.length === 0) return this.#desync(reply, 'a reply that nobody waits for')
    const owner = this.#blockOwner
    this.#blockOwner = undefined
    if (reply.type === 'VALUE') return this.#lines.receiveValue(reply, owner)
    const head = sent.at(0)
    if (head.quiet) return this.#quiet.receive(reply, owner !== undefined && isRun(owner) ? undefined : owner)
    if (head.inLine && reply.type === 'END') return this.#lines.receiveEnd(reply)
    if (isErrorReply(reply)) return this.#receiveError(reply, head)
    if (isRun(head)) return this.#desync(reply, `not an answer to ${head.describe()}`)
    // The owner of a large data block was found when its header came.
    const fits = owner === head || this.#wire.fits(reply, head)
    if (head.inLine || !fits || !(answersOperation(reply, head) || this.#wire.isSignOfLife(reply, head))) {
      return this.#desync(reply, `not an answer to ${head.describe()}`)
    }
    sent.shift()
    this.#settler.settle(reply, head)
    return undefined
  }

  /**
   * Decides about a large data block when its header has come, before anything is allocated for it; or returns why the
   * connection cannot go on.
   */
  receiveHeader(reply: Reply): BlockUse | MemcacheError {
    const owner = reply.type === 'VALUE' ? this.#lines.find(reply) : this.#findMeta(reply)
    if (owner === undefined || !mayAnswerLargeBlock(owner.command, reply)) {
      return this.#desync(reply, 'a value that no command asked for')
    }
    this.#blockOwner = owner
    return this.#settler.useOfBlock(reply, owner)
  }

  #receiveError(reply: Reply, head: SentEntry): MemcacheError | undefined {
    if (head.inLine && this.#lines.isShared) return this.#lines.refuse(reply)
    return isRun(head) ? this.#lines.refuseRun(reply, head) : this.#refuse(reply, head)
  }

  /** Returns the meta command that a data block answers: the one at the head, or one of the quiet run there. */
  #findMeta(reply: Reply): Operation | undefined {
    if (this.#sent.length === 0) return undefined
    const head = this.#sent.at(0)
    if (head.quiet) return this.#quiet.find(reply)
    return !isRun(head) && this.#wire.fits(reply, head) ? head : undefined
  }

  /** Handles an error line for a command that stands alone. */
  #refuse(reply: Reply, operation: Operation): MemcacheError | undefined {
    const error = serverReplyError(reply, operation.describe(), this.#init.server, operation.about)
    if (!operation.settled) this.#settler.answeredInTime = true
    // An answer while the body is still being written: the server would take the rest of the body for commands.
    if (operation.bodyPending) {
      operation.earlyError = error
      return error
    }
    this.#sent.shift()
    if (operation.alone) this.refusedAlone = true
    operation.fail(error)
    return staysInStep(reply, operation, this.#wire.skipsRefusedBlock) ? undefined : error
  }

  /** Returns whether a reply settled an operation that was still waiting, since the last call. */
  takeAnsweredInTime(): boolean {
    const { answeredInTime } = this.#settler
    if (answeredInTime) this.#settler.answeredInTime = false
    return answeredInTime
  }

  /** Returns what is left when the connection has ended and its socket is destroyed; each list has the oldest first. */
  drain(): Leftovers {
    this.#held.close()
    const left: Leftovers = { unanswered: [], again: this.#lines.again, innocent: [], givenUp: 0 }
    while (this.#sent.length > 0) {
      const entry = this.#sent.shift()
      const operations = isRun(entry) ? entry.detachOpen() : [entry]
      if (operations.length === 0) left.givenUp++
      for (const operation of operations) {
        if (this.#quiet.isInnocent(operation)) left.innocent.push(operation)
        else left.unanswered.push(operation)
      }
    }
    return left
  }

  /** Makes the error for bytes that came when no reply was due. */
  unsolicited(bytes: number): ProtocolError {
    return unsolicitedError(this.#init.server, bytes)
  }

  #desync(reply: Reply, what: string): ProtocolError {
    return desyncError(this.#init.server, reply, what)
  }
}
