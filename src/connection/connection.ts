import type { Buffer } from 'node:buffer'
// Not the global one, which fake timers put theirs in the place of: commands leave all the same.
import { setImmediate } from 'node:timers'
import {
  ClosedError,
  ConnectError,
  ConnectionClosedError,
  type Delivery,
  MemcacheError,
  OverloadedError,
  ProtocolError,
  TimeoutError,
} from '../errors.ts'
import { type Holder, Operation } from '../protocol/operation.ts'
import { ReplyParser } from '../protocol/reply-parser.ts'
import { isIdempotent, VERSION } from '../protocol/request.ts'
import type { Executor } from '../seam/executor.ts'
import { MAX_TIMER_MS } from '../timer-limit.ts'
import { Attempt } from './attempt.ts'
import type { ConnectionDecisions, Pace } from './connection-decisions.ts'
import type { ConnectionTarget } from './connection-target.ts'
import { DeadlineSweep } from './deadline-sweep.ts'
import { type Established, establish } from './establish.ts'
import { failureReason } from './failure-reason.ts'
import { Liveness } from './liveness.ts'
import { type Loss, lostError, repeatedError, settleLost } from './lost-operations.ts'
import { type Leftovers, Pipeline } from './pipeline.ts'
import { MIN_STALL_MS, SilenceLimit } from './silence-limit.ts'
import type { Transport } from './transport.ts'
import { UnsentQueue } from './unsent-queue.ts'

/** One batch is written before the next is encoded from this size on, so that a stalled socket is noticed. */
const MAX_BATCH_BYTES = 262_144

/**
 * What leaves in one TLS record, in bytes: less than the 16,384 that fit. memcached (1.6.18 among others) takes what it
 * needs of a record and then waits for the socket, though the rest of the record has left the socket already: a record
 * that ends within a command would leave the commands behind it unanswered.
 */
const TLS_BATCH_BYTES = 16_000

/** More than a command takes besides its key and its body, in bytes. */
const ROUGH_LINE_BYTES = 128

/** A turn of the caller's own that took longer does not count against the calls that it made, in milliseconds. */
const LONG_TURN_MS = 20

/** So long reads travel alone behind a refused read line, in milliseconds. */
const UNSHARED_MS = 30_000

/** An attempt to connect that ends this much later than its time is no evidence against the server, in milliseconds. */
const LATE_ATTEMPT_MS = 50

/** Idle connections are looked at no more often than this, in milliseconds. */
const MIN_IDLE_CHECK_MS = 10

/** Of a connection that never became ready. */
const NOTHING_LEFT: Leftovers = { unanswered: [], again: [], innocent: [] }

/** What a connection is made of. */
export interface ConnectionInit extends ConnectionTarget {
  readonly pace: Pace
  readonly owner: ConnectionDecisions<Connection>
  /** Settles when dialling may begin; commands can be handed over before. */
  readonly startAfter: Promise<void> | undefined
}

/**
 * One connection to one server, from before it is dialled to its end: socket, parser and queue are born and die
 * together, and its end settles everything on it. Commands of one turn of the event loop leave in one write.
 */
export class Connection implements Executor, Holder {
  /** Name of the server. */
  readonly server: string
  readonly #init: ConnectionInit
  readonly #attempt: Attempt = new Attempt()
  readonly #parser: ReplyParser = new ReplyParser()
  readonly #sweep: DeadlineSweep
  readonly #liveness: Liveness = new Liveness()
  #state: 'opening' | 'ready' | 'ended' = 'opening'
  #draining = false
  #transport: Transport | undefined
  #pipeline: Pipeline | undefined
  readonly #unsent: UnsentQueue = new UnsentQueue()
  /** The shortest timeout handed over since the last flush. */
  #shortestMs = Number.POSITIVE_INFINITY
  #flushScheduled = false
  /** When the current turn's first command was handed over. */
  #turnStartedAt = 0
  /** Commands wait, so the socket keeps the process alive. */
  #active = false
  /** The question whether an idle connection still lives. */
  #probe: Operation | undefined
  /** Nothing else is written until the probe is answered. */
  #probeFirst = false
  #idleTimer: NodeJS.Timeout | undefined
  /** The server closed on `gat`, which it does not know. */
  #refusedGat = false
  /** The server closed on `gat`, which it may not know. */
  #suspectsGat = false
  /** When the server is to be asked again which protocol it speaks, on the monotonic clock: on another connection. */
  #renewAt = Number.POSITIVE_INFINITY
  /** The connection's end says nothing against the server. */
  #excused = false

  constructor(init: ConnectionInit) {
    this.#init = init
    this.server = init.server.name
    this.#sweep = new DeadlineSweep(
      (now) => this.#expire(now),
      () => this.#liveness.receivedAt,
    )
    void this.#open()
  }

  /** Whether it takes commands. */
  get open(): boolean {
    return this.#state !== 'ended' && !this.#draining
  }

  get ready(): boolean {
    return this.#state === 'ready'
  }

  /** Whether it has answered a command in time, since it was last doubted. */
  get proven(): boolean {
    return this.#liveness.proven
  }

  /** Its answers so far prove nothing any more. */
  doubt(): void {
    this.#liveness.doubt()
  }

  /** Commands that wait, written or not, and those that were given up and whose replies are still due. */
  get pending(): number {
    return this.#unsent.length + (this.#pipeline?.pending ?? 0)
  }

  /** Takes a command; it leaves at the end of this turn of the event loop. */
  dispatch(operation: Operation): void {
    // A wrapper handed it on twice, or too late: in two queues, or in one that counts it, it would harm others.
    if (operation.settled || operation.holder instanceof Connection) return
    const { maxPending, maxPendingBytes } = this.#init.options
    if (this.pending >= maxPending) return this.#refuse(operation, `${maxPending} commands wait (maxPending)`)
    const bytes = operation.bodyBytes
    if (bytes > 0) {
      const waiting = this.#unsent.bytes + (this.#pipeline?.bytes ?? 0)
      // One command always fits, however large: the limit is for what piles up.
      if (waiting > 0 && waiting + bytes > maxPendingBytes) {
        return this.#refuse(operation, `${waiting} bytes wait (maxPendingBytes is ${maxPendingBytes})`)
      }
    }
    if (!this.#flushScheduled) this.#scheduleFlush()
    if (operation.deadline === 0) operation.deadline = this.#turnStartedAt + operation.timeoutMs
    if (operation.timeoutMs < this.#shortestMs) this.#shortestMs = operation.timeoutMs
    operation.holder = this
    this.#unsent.push(operation)
  }

  /** Takes commands that were on another connection before: they are older than what waits here already. */
  dispatchFirst(operations: readonly Operation[]): void {
    if (!this.#flushScheduled) this.#scheduleFlush()
    for (const operation of operations) {
      if (operation.timeoutMs < this.#shortestMs) this.#shortestMs = operation.timeoutMs
      operation.holder = this
    }
    this.#unsent.unshift(operations)
  }

  #refuse(operation: Operation, why: string): void {
    const { server } = this
    const message = `${operation.describe()}: ${why} on the connection to ${server}`
    operation.fail(new OverloadedError(message, { server, delivery: operation.unsentDelivery }))
  }

  #scheduleFlush(): void {
    this.#flushScheduled = true
    this.#turnStartedAt = performance.now()
    if (!this.#active) {
      this.#active = true
      this.#transport?.ref()
    }
    if (this.#init.pace.afterReading) setImmediate(flush, this)
    else process.nextTick(flush, this)
  }

  /** Runs at the end of a turn: everything that the turn asked for leaves together. */
  flush(): void {
    this.#flushScheduled = false
    if (this.#state === 'ended') return
    const took = performance.now() - this.#turnStartedAt
    if (took > LONG_TURN_MS) {
      this.#unsent.forgive(took)
      // The server's silence counts from here as well.
      this.#turnStartedAt += took
    }
    this.#sweep.watch(this.#shortestMs)
    this.#shortestMs = Number.POSITIVE_INFINITY
    this.#write()
    this.#unsent.endTurn()
  }

  /** Ends an operation from outside: takes it back, or leaves its place in the queue for the reply that will come. */
  cancel(operation: Operation, reason: unknown): void {
    if (operation.bodyPending) return this.#endHalfWritten(operation, reason)
    if (!operation.written) this.#unsent.drop(operation)
    operation.fail(reason)
    this.#checkDrained()
  }

  /** Takes no more commands, finishes those it has, and closes. */
  drain(): void {
    this.#draining = true
    this.#checkDrained()
  }

  /** Ends it now; everything on it fails. */
  destroy(error: MemcacheError): void {
    this.#end(error)
  }

  async #open(): Promise<void> {
    const { server, options, startAfter } = this.#init
    let startedAt = performance.now()
    try {
      this.#attempt.stage = `waiting for the next attempt to connect to ${server.name}`
      if (startAfter !== undefined) await this.#attempt.race(startAfter)
      startedAt = performance.now()
      this.#onEstablished(await establish(this.#init, this.#attempt))
    } catch (error) {
      // Our own event loop was blocked when the time was up: the answer may be there, unread.
      const lateMs = performance.now() - startedAt - options.connectTimeoutMs
      this.#excused = error instanceof TimeoutError && lateMs > LATE_ATTEMPT_MS
      this.#end(
        error instanceof MemcacheError ? error : new ConnectError(String(error), { server: server.name, cause: error }),
      )
    }
  }

  #onEstablished(established: Established): void {
    const { server, options, memory, observer, owner } = this.#init
    if (this.#state === 'ended') return established.transport.destroy()
    this.#pipeline = new Pipeline({
      server: server.name,
      protocol: established.protocol,
      version: established.version,
      doubt: established.doubt,
      probeKey: established.probeKey,
      coalesce: options.coalesceReads,
      maxValueBytes: options.maxValueBytes,
      timeoutMs: options.timeoutMs,
      unknownCommands: memory.unknownCommands,
      onQuietError: observer.unclaimedError,
    })
    this.#renewAt = established.doubt?.until ?? Number.POSITIVE_INFINITY
    this.#transport = established.transport
    this.#state = 'ready'
    this.#liveness.begin(performance.now())
    established.transport.setListener({
      receive: (bytes, start, end) => this.#receive(bytes, start, end),
      drained: () => this.#write(),
      closed: (error) => this.#onClosed(error),
    })
    // It may have ended between the handshake and here, and been told so just now.
    if (this.#hasEnded()) return
    if (!this.#active && !options.keepProcessAlive) established.transport.unref()
    this.#watchIdle()
    owner.onReady(this)
    this.#write()
    this.#checkDrained()
  }

  #hasEnded(): boolean {
    return this.#state === 'ended'
  }

  /** Whatever goes wrong in writing ends this connection, with all that is on it, and nothing else. */
  #write(): void {
    try {
      this.#writeUnsent()
    } catch (cause) {
      const { server } = this
      const message = `the connection to ${server} was given up: it cannot be written to: ${String(cause)}`
      this.#end(new ConnectionClosedError(message, { server, delivery: 'unknown', cause }))
    }
  }

  #writeUnsent(): void {
    const pipeline = this.#pipeline
    const transport = this.#transport
    if (this.#state !== 'ready' || pipeline === undefined || transport === undefined) return
    if ((this.#unsent.length === 0 && !pipeline.owesBarrier) || this.#probeFirst || transport.congested) return
    if (this.#isOutdated && !pipeline.owesBarrier) return this.#renew(pipeline)
    if (pipeline.length === 0) this.#leaveIdle(pipeline)
    pipeline.sharesLines = this.#turnStartedAt >= this.#init.memory.shareLinesFrom
    const goesOn = (next: Operation): boolean => this.#mayFollowProbe(next) && hasRoom(pipeline, transport, next)
    const send = (operation: Operation): void => pipeline.send(operation)
    do {
      this.#unsent.take(goesOn, send)
      // memcached would not see a barrier that shares its TLS record with the end of a large body.
      const chunks = pipeline.finish(transport.keepsRecords && pipeline.batchLength > TLS_BATCH_BYTES)
      if (chunks.length > 0) transport.write(chunks)
    } while (this.#goesOnWriting(pipeline) && !transport.congested)
  }

  get #isOutdated(): boolean {
    return this.#turnStartedAt >= this.#renewAt && !this.#draining
  }

  /** Gives its place to a new connection as soon as everything that was written is answered. */
  #renew(pipeline: Pipeline): void {
    if (pipeline.length > 0) return
    const { server } = this
    const message = `the connection to ${server} was closed: the server is to be asked again which protocol it speaks`
    this.#end(new ConnectionClosedError(message, { server, delivery: 'not-sent' }))
  }

  #goesOnWriting(pipeline: Pipeline): boolean {
    if (pipeline.owesBarrier) return true
    const next = this.#unsent.first
    return next !== undefined && this.#mayFollowProbe(next)
  }

  /** Behind the question whether an idle connection lives travels only what may be sent again if it does not. */
  #mayFollowProbe(next: Operation): boolean {
    return this.#probe === undefined || (!this.#probeFirst && isIdempotent(next.request))
  }

  /** The first write behind a pause: was the pause so long that the connection may be dead? */
  #leaveIdle(pipeline: Pipeline): void {
    const idleMs = this.#turnStartedAt - this.#liveness.receivedAt
    this.#liveness.leaveIdle(this.#turnStartedAt)
    const { validateAfterIdleMs, connectTimeoutMs, timeoutMs } = this.#init.options
    if (idleMs < validateAfterIdleMs) return
    const probe = new Operation(VERSION, '', '', Math.min(connectTimeoutMs, timeoutMs), () => undefined)
    probe.resolve = () => {
      this.#probe = undefined
      this.#probeFirst = false
      this.#write()
    }
    // Any line is a sign of life: proxies without a live backend answer `version` with an error.
    probe.reject = probe.resolve
    this.#probe = probe
    this.#probeFirst = !this.#unsent.every((operation) => isIdempotent(operation.request))
    probe.deadline = this.#turnStartedAt + probe.timeoutMs
    this.#sweep.watch(probe.timeoutMs)
    pipeline.send(probe)
  }

  #receive(bytes: Buffer, start: number, end: number): number {
    const pipeline = this.#pipeline!
    const parser = this.#parser
    this.#liveness.received(performance.now())
    parser.feed(bytes, start, end)
    for (;;) {
      const found = parser.next()
      if (found === 'more') break
      const fault = found === 'reply' ? pipeline.receive(parser.reply) : this.#receiveHeader(pipeline)
      if (fault !== undefined) {
        if (fault instanceof ProtocolError) this.#init.observer.desync(fault)
        this.#end(fault)
      }
      // Also when a serde of the caller's destroyed the client meanwhile.
      if (this.#hasEnded()) return end
    }
    // Not even the beginning of a reply may come when none is due.
    if (pipeline.length === 0 && parser.rest < end) {
      const fault = pipeline.unsolicited(end - parser.rest)
      this.#init.observer.desync(fault)
      this.#end(fault)
      return end
    }
    if (pipeline.takeAnsweredInTime()) this.#liveness.answeredInTime()
    if (this.#draining) this.#checkDrained()
    if (this.#isOutdated) this.#write()
    return this.#hasEnded() ? end : parser.rest
  }

  #receiveHeader(pipeline: Pipeline): MemcacheError | undefined {
    const decision = pipeline.receiveHeader(this.#parser.reply)
    if (typeof decision !== 'string') return decision
    if (decision === 'skip') this.#parser.skipBody()
    else this.#parser.acceptBody(decision === 'borrow')
    return undefined
  }

  #onClosed(cause: Error | undefined): void {
    const { server } = this
    if (cause === undefined && this.#pipeline?.gatAtHead === true) this.#suspectGat()
    // What was idle may have been closed for that before the command came.
    this.#excused = this.#liveness.maybeDead || this.#refusedGat
    const why = cause === undefined ? 'the server closed it' : failureReason(cause)
    this.#end(
      new ConnectionClosedError(`the connection to ${server} was lost: ${why}`, { server, delivery: 'unknown', cause }),
    )
  }

  #suspectGat(): void {
    const { unknownCommands } = this.#init.memory
    unknownCommands.closedOn('gat')
    this.#refusedGat = unknownCommands.has('gat')
    this.#suspectsGat = !this.#refusedGat
  }

  /** Fails what is due, and ends a connection that has gone silent. */
  #expire(now: number): void {
    this.#unsent.expire(now, (operation) => {
      operation.fail(this.#timeoutError(operation, this.#whyUnsent(), operation.unsentDelivery))
    })
    if (this.#pipeline !== undefined) this.#expireWritten(this.#pipeline, now)
    if (this.#state === 'ended') return
    if (this.pending === 0) this.#becomeIdle()
    this.#checkDrained()
  }

  #whyUnsent(): string {
    if (this.#state === 'opening') return `before a connection was made: ${this.#attempt.stage}`
    return this.#probeFirst
      ? 'before it was written: the idle connection had not answered "version" yet'
      : 'before it was written: the server takes in no more bytes'
  }

  #expireWritten(pipeline: Pipeline, now: number): void {
    const silentMs = this.#liveness.silentMs(now)
    const limit = new SilenceLimit(Math.min(this.#init.options.timeoutMs, MIN_STALL_MS), now, silentMs)
    let expired = 0
    for (let position = 0; position < pipeline.length; position++) {
      const operation = pipeline.at(position)
      // The barrier behind quiet commands starts its time here: nobody waits for it but us.
      if (operation.deadline === 0) operation.deadline = now + operation.timeoutMs
      limit.add(operation)
      if (operation.settled || operation.deadline > now) continue
      if (operation === this.#probe) return this.#endSilent('an idle connection did not answer "version"')
      const error = this.#timeoutError(operation, 'waiting for the reply', 'unknown')
      if (operation.bodyPending) return this.#endHalfWritten(operation, error)
      operation.fail(error)
      expired++
    }
    const overdue = pipeline.overdueBody(now)
    if (overdue !== undefined) return this.#endSilent(`the body of ${overdue.describe()} was written only in part`)
    if (pipeline.length > 0 && silentMs >= limit.ms) {
      return this.#endSilent(`no byte came for ${Math.round(limit.ms)} ms`, limit.isFlimsy)
    }
    if (expired > 0) this.#liveness.sweptLate()
    if (this.#liveness.isAlwaysLate(now)) this.#endSilent('every reply came too late')
  }

  #timeoutError(operation: Operation, where: string, delivery: Delivery): TimeoutError {
    const { server } = this
    const message = `${operation.describe()} on ${server} timed out after ${operation.timeoutMs} ms, ${where}`
    return new TimeoutError(message, { server, delivery })
  }

  #endSilent(why: string, excused = false): void {
    const { server } = this
    this.#excused = excused || !this.#liveness.isSilenceEvident(performance.now())
    this.#end(
      new ConnectionClosedError(`the connection to ${server} was given up: ${why}`, { server, delivery: 'unknown' }),
    )
  }

  /** The socket still reads the caller's bytes: the call may only settle once the socket is destroyed. */
  #endHalfWritten(operation: Operation, reason: unknown): void {
    operation.earlyError = reason
    this.#endSilent(`the body of ${operation.describe()} was written only in part`)
  }

  #becomeIdle(): void {
    this.#active = false
    this.#sweep.stop()
    if (!this.#init.options.keepProcessAlive) this.#transport?.unref()
  }

  #watchIdle(): void {
    const { idleTimeoutMs } = this.#init.options
    if (idleTimeoutMs === 0 || this.#state !== 'ready') return
    const idleMs = performance.now() - this.#liveness.receivedAt
    if (this.pending === 0 && idleMs >= idleTimeoutMs) return this.drain()
    this.#idleTimer = setTimeout(
      () => this.#watchIdle(),
      Math.min(Math.max(idleTimeoutMs - idleMs, MIN_IDLE_CHECK_MS), MAX_TIMER_MS),
    ).unref()
  }

  #checkDrained(): void {
    if (!this.#draining || this.#state === 'ended' || this.pending > 0) return
    const { server } = this
    this.#end(new ClosedError(`the connection to ${server} was closed`, { server, delivery: 'not-sent' }))
  }

  #end(error: MemcacheError): void {
    if (this.#state === 'ended') return
    const neverReady = this.#state === 'opening'
    this.#state = 'ended'
    this.#sweep.stop()
    clearTimeout(this.#idleTimer)
    this.#attempt.abort(error)
    this.#transport?.destroy()
    // Only now, with the socket destroyed, may calls settle whose bodies it was reading.
    const { unanswered, again: neighbours, innocent } = this.#pipeline?.drain() ?? NOTHING_LEFT
    if (neighbours.length > 0) this.#init.memory.shareLinesFrom = performance.now() + UNSHARED_MS
    for (const operation of neighbours) operation.alone = true
    for (const operation of innocent) operation.repeated = true
    // What was answered by the same bytes that ended it counts.
    const proven = this.#liveness.proven || this.#pipeline?.takeAnsweredInTime() === true
    const failed = (neverReady || unanswered.length > 0) && !this.#refusedGat && !(error instanceof ClosedError)
    const evident = failed && !this.#excused
    this.#init.owner.onEnd(this, { error, neverReady, failed, evident, proven })
    const again = [
      ...neighbours,
      ...innocent,
      ...this.#settleWritten(unanswered, error),
      ...this.#settleUnsent(error, neverReady),
    ]
    for (const operation of again) operation.prepareAgain()
    if (again.length > 0) this.#init.owner.onLeftOver(again)
  }

  #settleWritten(unanswered: readonly Operation[], error: MemcacheError): Operation[] {
    const { server } = this
    const refusedAlone = this.#pipeline?.refusedAlone === true
    const loss: Loss = {
      server,
      error,
      maybeDeadBefore: this.#liveness.maybeDead,
      refusedAlone,
      refusedGat: this.#refusedGat,
      suspectsGat: this.#suspectsGat,
    }
    const { again, quiet } = settleLost(
      unanswered.filter((operation) => operation !== this.#probe),
      loss,
    )
    if (quiet.length > 0) this.#init.observer.unclaimedError(lostError(quiet[0]!, loss), quiet)
    return again
  }

  /** Nothing of these was written: they go to the next connection, unless there was none or will be none. */
  #settleUnsent(error: MemcacheError, neverReady: boolean): Operation[] {
    const unsent = this.#unsent.drain()
    if (!neverReady && !(error instanceof ClosedError)) return unsent
    for (const operation of this.#left(unsent, error))
      operation.fail(operation.repeated ? repeatedError(operation, this.server, error) : error)
    return []
  }

  /** Those for which there is no other server. */
  #left(unsent: readonly Operation[], error: MemcacheError): readonly Operation[] {
    if (unsent.length === 0 || error instanceof ClosedError) return unsent
    for (const operation of unsent) operation.prepareAgain()
    return this.#init.owner.onNeverSent(unsent)
  }
}

/** Whether a command still fits into the batch; one always does. Where records matter, its whole size counts. */
function hasRoom(pipeline: Pipeline, transport: Transport, operation: Operation): boolean {
  if (!transport.keepsRecords) return pipeline.batchLength < MAX_BATCH_BYTES
  const { key } = operation
  const bytes = operation.bodyBytes + (typeof key === 'string' ? key.length : key.echo.length) + ROUGH_LINE_BYTES
  return pipeline.batchLength === 0 || pipeline.batchLength + bytes <= TLS_BATCH_BYTES
}

/** One function for every connection's flush: a closure per turn costs more. */
function flush(connection: Connection): void {
  connection.flush()
}
