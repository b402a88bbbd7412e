import { ConnectionClosedError, type MemcacheError } from '../errors.ts'
import type { WireKey } from '../protocol/key.ts'
import { Operation } from '../protocol/operation.ts'
import { isIdempotent, VERSION } from '../protocol/request.ts'
import type { DeadlineSweep } from '../seam/deadline-sweep.ts'
import type { ObservedConnection, WrittenBatch } from '../seam/observer.ts'
import type { ConnectionTarget } from './connection-target.ts'
import type { Liveness } from './liveness.ts'
import type { Pipeline } from './pipeline.ts'
import type { Transport } from './transport.ts'
import type { UnsentEntry, UnsentQueue } from './unsent-queue.ts'
import type { ReadRoom, UnsentReads } from './unsent-reads.ts'

/** Size from which a batch is written before more is encoded, in bytes: a stalled socket is noticed in between. */
const MAX_BATCH_BYTES = 262_144

/**
 * Most bytes of a batch that is one TLS record: less than the 16,384 that fit.
 *
 * memcached takes what it needs of a record and then waits for the socket, though the rest of the record has left the
 * socket already: after a body whose tail it read from a record (1.6.18, 1.6.38), or when it yields after 20 commands
 * (1.6.45 too). The commands in that rest are not answered before the socket has more to read. So a batch is one
 * record, which memcached reads as a whole, or one command, which ends its last record; or another write follows it:
 * while that is unread, the socket wakes memcached as often as needed (seen on 1.6.18, 1.6.38 and 1.6.45, with `-R`
 * from 1 to 500).
 */
const TLS_BATCH_BYTES = 16_000

/**
 * Size from which a batch of several TLS records takes no more commands, in bytes. Four or more joined sets of 10 kB
 * cost half of what one record each costs; a write of more than 128 kB costs five times as much (Node 20).
 */
const JOINED_RECORDS_BYTES = 65_536

/** Upper bound of a command's bytes besides its key and its body. */
const ROUGH_LINE_BYTES = 128

/** Parts of a connection that a writer works with. */
export interface WriterInit {
  readonly connection: ObservedConnection
  readonly target: ConnectionTarget
  readonly unsent: UnsentQueue
  readonly pipeline: Pipeline
  readonly transport: Transport
  readonly liveness: Liveness
  readonly sweep: DeadlineSweep
  /**
   * Time on the monotonic clock from which the server is to be asked, on a new connection, which protocol it speaks.
   */
  readonly renewAt: number
  /** Called when an idle connection has shown that it lives: more may be written. */
  readonly onProbed: () => void
}

/**
 * Decides what a connection writes and when: batches of limited size, nothing while the socket is congested, and a
 * probe of an idle connection before commands that may not be repeated.
 */
export class Writer implements WrittenBatch {
  readonly #init: WriterInit
  readonly #room: ReadRoom
  #probe: Operation | undefined
  #probeFirst = false
  /** Whether another write must follow the last one, which is more than a TLS record and more than a command. */
  #owesWrite = false
  /** Numbers of the pipeline at the last write reported to observers. */
  #sent = 0
  #bytesSent = 0
  #joinedReads = 0
  /** Next write to report to observers: number of entries that were in the queue before it. */
  #entriesBefore = 0
  #startedAt = 0

  constructor(init: WriterInit) {
    this.#init = init
    this.#room = roomIn(init.pipeline, init.transport)
  }

  /** Probe of an idle connection, while it is not answered. */
  get probe(): Operation | undefined {
    return this.#probe
  }

  /** Whether nothing else is written until the probe is answered. */
  get isProbeFirst(): boolean {
    return this.#probeFirst
  }

  /** Checks whether the connection is to be replaced by a new one, for a turn that began at this time. */
  isOutdated(turnStartedAt: number): boolean {
    return turnStartedAt >= this.#init.renewAt
  }

  /**
   * Writes waiting commands, as far as they may leave now.
   *
   * @param mayRenew - Whether the connection may be replaced by a new one once it is outdated.
   * @returns why the connection cannot go on, or undefined while it can.
   */
  write(turnStartedAt: number, mayRenew: boolean): MemcacheError | undefined {
    try {
      return this.#writeUnsent(turnStartedAt, mayRenew)
    } catch (cause) {
      const server = this.#init.target.server.name
      const message = `the connection to ${server} was given up: it cannot be written to: ${String(cause)}`
      return new ConnectionClosedError(message, { server, delivery: 'unknown', cause })
    }
  }

  #writeUnsent(turnStartedAt: number, mayRenew: boolean): MemcacheError | undefined {
    const fault = this.#writeWaiting(turnStartedAt, mayRenew)
    if (this.#owesWrite && fault === undefined && !this.#init.transport.congested) this.#writeBarrier()
    return fault
  }

  /** Writes a question if no command follows a write that another one must follow. */
  #writeBarrier(): void {
    const { pipeline } = this.#init
    this.#owesWrite = false
    if (pipeline.length === 0) return
    const { sent } = pipeline
    this.#entriesBefore = pipeline.length
    pipeline.sendBarrier()
    this.#writeBatch(sent)
  }

  #writeWaiting(turnStartedAt: number, mayRenew: boolean): MemcacheError | undefined {
    const { target, unsent, pipeline, transport } = this.#init
    if ((unsent.length === 0 && !pipeline.owesBarrier) || this.#probeFirst || transport.congested) return undefined
    if (mayRenew && !pipeline.owesBarrier && this.isOutdated(turnStartedAt)) return this.#renew()
    this.#entriesBefore = pipeline.length
    if (pipeline.length === 0) this.#leaveIdle(turnStartedAt)
    pipeline.sharesLines = turnStartedAt >= target.memory.shareLinesFrom
    this.#startedAt = turnStartedAt
    this.#writeBatches()
    return undefined
  }

  #writeBatches(): void {
    const { unsent, pipeline, transport } = this.#init
    const goesOn = (next: Operation, isLast: boolean): boolean =>
      this.#mayFollowProbe(next) && (hasRoom(pipeline, transport, next.key, next.bodyBytes) || this.#mayJoin(isLast))
    const send = (operation: Operation): void => pipeline.send(operation)
    const sendReads = (reads: UnsentReads): void => {
      if (this.#mayFollowProbe(reads)) pipeline.sendReads(reads, this.#room)
    }
    do {
      const { sent } = pipeline
      unsent.take(goesOn, send, sendReads)
      this.#writeBatch(sent)
    } while (this.#goesOnWriting() && !transport.congested)
  }

  /** @param sent - Number of commands that were sent before this batch. */
  #writeBatch(sent: number): void {
    const { target, pipeline, transport } = this.#init
    const isLong = transport.keepsRecords && pipeline.batchLength > TLS_BATCH_BYTES
    // memcached would not see a barrier that shares its TLS record with the end of a large body.
    const chunks = pipeline.finish(isLong)
    if (chunks.length === 0) return
    this.#owesWrite = isLong && pipeline.sent - sent > 1
    transport.write(chunks)
    if (target.observer.batchWritten !== undefined) this.#tellBatch()
  }

  /** Checks whether a command may share a batch of several TLS records: another one follows in the next write. */
  #mayJoin(isLast: boolean): boolean {
    const { transport, pipeline } = this.#init
    return transport.keepsRecords && !isLast && pipeline.batchLength < JOINED_RECORDS_BYTES
  }

  #tellBatch(): void {
    const { connection, target, pipeline } = this.#init
    const { sent, bytesSent } = pipeline
    target.observer.batchWritten?.(connection, sent - this.#sent, bytesSent - this.#bytesSent, this)
    this.#sent = sent
    this.#bytesSent = bytesSent
    this.#joinedReads = pipeline.joinedReads
    this.#entriesBefore = pipeline.length
  }

  // Facts about the present write, for observers.

  get startedAt(): number {
    return this.#startedAt
  }

  get coalescedReads(): number {
    return this.#init.pipeline.joinedReads - this.#joinedReads
  }

  get firstCommand(): string {
    const { pipeline } = this.#init
    return this.#entriesBefore < pipeline.length ? pipeline.at(this.#entriesBefore).command : ''
  }

  get reads(): number {
    return this.#init.pipeline.readsFrom(this.#entriesBefore)
  }

  /** Ends the connection as soon as every written command is answered. */
  #renew(): MemcacheError | undefined {
    if (this.#init.pipeline.length > 0) return undefined
    const server = this.#init.target.server.name
    const message = `the connection to ${server} was closed: the server is to be asked again which protocol it speaks`
    return new ConnectionClosedError(message, { server, delivery: 'not-sent' })
  }

  #goesOnWriting(): boolean {
    if (this.#init.pipeline.owesBarrier) return true
    const next = this.#init.unsent.first
    return next !== undefined && this.#mayFollowProbe(next)
  }

  /** Checks whether the command may be written during a probe: only if it may be sent again when the probe fails. */
  #mayFollowProbe(next: UnsentEntry): boolean {
    return this.#probe === undefined || (!this.#probeFirst && isIdempotent(next.request))
  }

  /** Called before the first write after a pause; sends a probe if the connection may have died meanwhile. */
  #leaveIdle(turnStartedAt: number): void {
    const { target, liveness } = this.#init
    const idleMs = turnStartedAt - liveness.receivedAt
    liveness.leaveIdle(turnStartedAt)
    if (idleMs >= target.options.validateAfterIdleMs) this.#sendProbe(turnStartedAt)
  }

  #sendProbe(turnStartedAt: number): void {
    const { target, unsent, pipeline, sweep, onProbed } = this.#init
    const timeoutMs = Math.min(target.options.connectTimeoutMs, target.options.timeoutMs)
    const probe = new Operation(VERSION, '', '', timeoutMs, () => undefined)
    probe.resolve = () => {
      this.#probe = undefined
      this.#probeFirst = false
      onProbed()
    }
    // Any line is a sign of life: proxies without a live backend answer `version` with an error.
    probe.reject = probe.resolve
    this.#probe = probe
    this.#probeFirst = !unsent.every((operation) => isIdempotent(operation.request))
    probe.deadline = turnStartedAt + timeoutMs
    sweep.watch(timeoutMs)
    pipeline.send(probe)
  }
}

/** Checks whether a command still fits into the batch; one always does. If records matter, its whole size counts. */
function hasRoom(pipeline: Pipeline, transport: Transport, key: WireKey, bodyBytes: number): boolean {
  if (!transport.keepsRecords) return pipeline.batchLength < MAX_BATCH_BYTES
  const bytes = bodyBytes + (typeof key === 'string' ? key.length : key.echo.length) + ROUGH_LINE_BYTES
  return pipeline.batchLength === 0 || pipeline.batchLength + bytes <= TLS_BATCH_BYTES
}

/** Returns the room for reads of a batch in the present write. */
function roomIn(pipeline: Pipeline, transport: Transport): ReadRoom {
  const most = transport.keepsRecords ? TLS_BATCH_BYTES - ROUGH_LINE_BYTES : MAX_BATCH_BYTES
  return {
    fits: (key) => hasRoom(pipeline, transport, key, 0),
    get bytes() {
      return most - pipeline.batchLength
    },
  }
}
