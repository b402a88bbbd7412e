import type { Buffer } from 'node:buffer'
// Not the global one, which fake timers replace: commands must leave all the same.
import { setImmediate } from 'node:timers'
import { ClosedError, ConnectError, MemcacheError, OverloadedError, TimeoutError } from '../errors.ts'
import type { Holder, Operation } from '../protocol/operation.ts'
import { DeadlineSweep } from '../seam/deadline-sweep.ts'
import type { Executor } from '../seam/executor.ts'
import type { ReadBatch, ReadHolder } from '../seam/read-batch.ts'
import { Attempt } from './attempt.ts'
import type { ConnectionDecisions, FlushPolicy } from './connection-decisions.ts'
import type { ConnectionTarget } from './connection-target.ts'
import { causeOfClose, type EndCause, endOperations } from './ending.ts'
import { type Established, establish } from './establish.ts'
import { Expiry } from './expiry.ts'
import { IdleTimer } from './idle-timer.ts'
import { Liveness } from './liveness.ts'
import { createReadyParts, type ReadyParts } from './ready-parts.ts'
import { tlsOf } from './tls-of.ts'
import { UnsentQueue } from './unsent-queue.ts'
import { UnsentReads } from './unsent-reads.ts'

/** A turn of the caller's code longer than this, in milliseconds, does not count against the calls that it made. */
const LONG_TURN_MS = 20

/** An attempt to connect that ends this long after its time is no evidence against the server, in milliseconds. */
const LATE_ATTEMPT_MS = 50

/** Parts of a connection. */
export interface ConnectionInit extends ConnectionTarget {
  readonly flushPolicy: FlushPolicy
  readonly owner: ConnectionDecisions<Connection>
  /** Settles when dialling may begin; commands can be dispatched before. */
  readonly startAfter: Promise<void> | undefined
}

/**
 * One connection to one server, from before dialling to its end: socket, parser and queue have the same lifetime, and
 * the end of the connection settles every operation on it. Commands of one turn of the event loop leave in one write.
 */
export class Connection implements Executor, Holder, ReadHolder {
  /** Name of the server. */
  readonly server: string
  readonly #init: ConnectionInit
  readonly #attempt: Attempt = new Attempt()
  readonly #sweep: DeadlineSweep
  readonly #liveness: Liveness = new Liveness()
  readonly #expiry: Expiry
  readonly #idleTimer: IdleTimer
  #state: 'opening' | 'ready' | 'ended' = 'opening'
  #draining = false
  /** Whether observers know the connection, and must be notified of its end. */
  #isObserved = false
  /** Undefined before the handshake is over. */
  #parts: ReadyParts | undefined
  readonly #unsent: UnsentQueue = new UnsentQueue()
  /** Shortest timeout dispatched since the last flush. */
  #shortestMs = Number.POSITIVE_INFINITY
  #flushScheduled = false
  /** Time at which the current turn's first command was dispatched. */
  #turnStartedAt = 0
  /** Whether commands wait, so that the socket keeps the process alive. */
  #active = false

  constructor(init: ConnectionInit) {
    this.#init = init
    this.server = init.server.name
    this.#expiry = new Expiry(this.server, init.options.timeoutMs, this.#liveness)
    this.#sweep = new DeadlineSweep(
      (now) => this.#expire(now),
      () => this.#liveness.receivedAt,
    )
    this.#idleTimer = new IdleTimer(
      init.options.idleTimeoutMs,
      this.#liveness,
      () => this.pending === 0,
      () => this.#drain('idle'),
    )
    void this.#open()
  }

  /** Whether the connection takes commands. */
  get open(): boolean {
    return this.#state !== 'ended' && !this.#draining
  }

  get ready(): boolean {
    return this.#state === 'ready'
  }

  /** Whether the connection has answered a command in time since it was last doubted. */
  get proven(): boolean {
    return this.#liveness.proven
  }

  /** Discards the proof given by earlier answers. */
  doubt(): void {
    this.#liveness.doubt()
  }

  /** Number of commands that wait, written or not, and of those given up whose replies are still due. */
  get pending(): number {
    return this.#unsent.length + (this.#parts?.pipeline.pending ?? 0)
  }

  /** Takes a command; it leaves at the end of this turn of the event loop. */
  dispatch(operation: Operation): void {
    // A wrapper dispatched it twice, or too late: in two queues, or counted by one, it would harm other commands.
    if (operation.settled || operation.holder instanceof Connection) return
    const { maxPending, maxPendingBytes } = this.#init.options
    if (this.pending >= maxPending) return this.#refuse(operation, `${maxPending} commands wait (maxPending)`)
    const bytes = operation.bodyBytes
    if (bytes > 0) {
      const waiting = this.#unsent.bytes + (this.#parts?.pipeline.bytes ?? 0)
      // One command always fits, however large: the limit concerns the sum of waiting bytes.
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

  dispatchReads(batch: ReadBatch): void {
    // The call was given up while another part of it was dispatched.
    if (!batch.isOpen(0)) return
    const { maxPending } = this.#init.options
    const end = Math.max(0, Math.min(batch.keys.length, maxPending - this.pending))
    if (end > 0) this.#takeReads(batch, end)
    for (let index = end; index < batch.keys.length && batch.isOpen(index); index++) {
      this.#refuse(batch.detach(index), `${maxPending} commands wait (maxPending)`)
    }
  }

  #takeReads(batch: ReadBatch, end: number): void {
    if (!this.#flushScheduled) this.#scheduleFlush()
    if (batch.deadline === 0) batch.deadline = this.#turnStartedAt + batch.timeoutMs
    if (batch.timeoutMs < this.#shortestMs) this.#shortestMs = batch.timeoutMs
    batch.holder = this
    this.#unsent.pushReads(new UnsentReads(batch, end, this))
  }

  /** Takes back unwritten reads; written reads keep their place in the queue for their replies. */
  cancelReads(batch: ReadBatch): void {
    this.#unsent.dropReads(batch)
    this.#checkDrained()
  }

  /** Takes commands from an earlier connection: they are older than those that wait here already. */
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
    operation.fail(new OverloadedError(message, { server, delivery: operation.unsentDelivery, ...operation.about }))
  }

  #scheduleFlush(): void {
    this.#flushScheduled = true
    this.#turnStartedAt = performance.now()
    if (!this.#active) {
      this.#active = true
      this.#parts?.transport.ref()
    }
    if (this.#flushesAfterReading) setImmediate(flush, this)
    else process.nextTick(flush, this)
  }

  /**
   * Whether to flush after reading. True for TLS as well: it reads received bytes in 16 kB pieces, each in its own
   * turn.
   */
  get #flushesAfterReading(): boolean {
    return this.#init.flushPolicy.afterReading || this.#parts?.transport.keepsRecords === true
  }

  /** Runs at the end of a turn: all commands of the turn leave together. */
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

  /** Ends an operation from outside: takes it back, or keeps its place in the queue for the reply that will come. */
  cancel(operation: Operation, reason: unknown): void {
    if (operation.bodyPending) {
      const { error, excused } = this.#expiry.giveUpBody(operation, reason)
      return this.#end(error, { excused })
    }
    if (!operation.written) this.#unsent.drop(operation)
    operation.fail(reason)
    this.#checkDrained()
  }

  /** Takes no more commands, finishes the pending ones, and closes. */
  drain(): void {
    this.#drain('closed')
  }

  #drain(why: 'idle' | 'closed'): void {
    this.#draining = true
    this.#checkDrained(why)
  }

  /** Ends the connection now; every operation on it fails. */
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
      // Deferred: this may still be the constructor, and the owner must know the connection before observers do. A
      // promise, because test runners fake `queueMicrotask`.
      void Promise.resolve().then(() => this.#tellStarted())
      this.#onEstablished(await establish(this.#init, this.#attempt), startedAt)
    } catch (error) {
      // Our own event loop was blocked when the time was up: the answer may be there, unread.
      const lateMs = performance.now() - startedAt - options.connectTimeoutMs
      const excused = error instanceof TimeoutError && lateMs > LATE_ATTEMPT_MS
      this.#end(
        error instanceof MemcacheError ? error : new ConnectError(String(error), { server: server.name, cause: error }),
        { excused },
      )
    }
  }

  #tellStarted(): void {
    if (this.#hasEnded()) return
    this.#isObserved = true
    const { server, options, observer } = this.#init
    observer.connectionStarted(this, server.endpoint, tlsOf(server, options) !== undefined)
  }

  #onEstablished(established: Established, startedAt: number): void {
    const { options, observer, owner } = this.#init
    if (this.#state === 'ended') return established.transport.destroy()
    const early = { target: this.#init, unsent: this.#unsent, liveness: this.#liveness, sweep: this.#sweep }
    this.#parts = createReadyParts(established, { ...early, connection: this }, () => this.#write())
    this.#state = 'ready'
    this.#liveness.begin(performance.now())
    established.transport.setListener({
      receive: (bytes, start, end) => this.#receive(bytes, start, end),
      drained: () => this.#write(),
      closed: (error) => this.#onClosed(error),
    })
    // `setListener` reports at once that the stream has ended since the handshake.
    if (this.#hasEnded()) return
    if (!this.#active && !options.keepProcessAlive) established.transport.unref()
    this.#idleTimer.start()
    observer.connectionOpened(this, {
      protocol: established.protocol,
      version: established.version.text,
      encrypted: established.transport.keepsRecords,
      createMs: performance.now() - startedAt,
    })
    owner.onReady(this)
    this.#write()
    this.#checkDrained()
  }

  #hasEnded(): boolean {
    return this.#state === 'ended'
  }

  /** Writes. A failed write ends this connection and every operation on it, and nothing else. */
  #write(): void {
    if (this.#state !== 'ready') return
    const fault = this.#parts?.writer.write(this.#turnStartedAt, !this.#draining)
    // Only for a connection that is being replaced is it certain that nothing was sent.
    if (fault !== undefined) this.#end(fault, { why: fault.delivery === 'not-sent' ? 'renewed' : 'failed' })
  }

  #receive(bytes: Buffer, start: number, end: number): number {
    const { pipeline, receiver, writer } = this.#parts!
    this.#liveness.received(performance.now())
    const { repliesReceived } = this.#init.observer
    const answered = repliesReceived === undefined ? 0 : pipeline.answered
    const fault = receiver.receive(bytes, start, end)
    if (fault !== undefined) this.#end(fault)
    if (this.#hasEnded()) return end
    repliesReceived?.(this, pipeline.answered - answered, receiver.rest - start, this.#liveness.receivedAt)
    if (pipeline.takeAnsweredInTime()) this.#liveness.answeredInTime()
    if (this.#draining) this.#checkDrained()
    if (!this.#draining && writer.isOutdated(this.#turnStartedAt)) this.#write()
    return this.#hasEnded() ? end : receiver.rest
  }

  #onClosed(cause: Error | undefined): void {
    const { unknownCommands } = this.#init.memory
    const { error, ...details } = causeOfClose(this.server, cause, this.#liveness, this.#parts, unknownCommands)
    this.#end(error, details)
  }

  /** Fails due operations, and ends a connection that has been silent for too long. */
  #expire(now: number): void {
    this.#expiry.expireUnsent(this.#unsent, now, () => this.#whyUnsent())
    const written = this.#parts
    const givenUp = written && this.#expiry.expireWritten(written.pipeline, now, written.writer.probe)
    if (givenUp !== undefined) this.#end(givenUp.error, { excused: givenUp.excused })
    if (this.#state === 'ended') return
    if (this.pending === 0) this.#becomeIdle()
    this.#checkDrained()
  }

  #whyUnsent(): string {
    if (this.#state === 'opening') return `before a connection was made: ${this.#attempt.stage}`
    return this.#parts?.writer.isProbeFirst === true
      ? 'before it was written: the idle connection had not answered "version" yet'
      : 'before it was written: the server takes in no more bytes'
  }

  #becomeIdle(): void {
    this.#active = false
    this.#sweep.stop()
    if (!this.#init.options.keepProcessAlive) this.#parts?.transport.unref()
  }

  #checkDrained(why: 'idle' | 'closed' = 'closed'): void {
    if (!this.#draining || this.#state === 'ended' || this.pending > 0) return
    const { server } = this
    this.#end(new ClosedError(`the connection to ${server} was closed`, { server, delivery: 'not-sent' }), { why })
  }

  #end(error: MemcacheError, details: Partial<EndCause> = {}): void {
    if (this.#state === 'ended') return
    const neverReady = this.#state === 'opening'
    const { pending } = this
    this.#state = 'ended'
    this.#sweep.stop()
    this.#idleTimer.stop()
    this.#parts?.receiver.stop()
    this.#attempt.abort(error)
    this.#parts?.transport.destroy()
    const why = error instanceof ClosedError ? 'closed' : 'failed'
    endOperations(
      {
        connection: this,
        target: this.#init,
        owner: this.#init.owner,
        liveness: this.#liveness,
        unsent: this.#unsent,
        parts: this.#parts,
        pending,
        isObserved: this.#isObserved,
      },
      { why, excused: false, refusedGat: false, suspectsGat: false, ...details, error, neverReady },
    )
  }
}

/** Flushes a connection. One function for all connections, because a closure per turn costs more. */
function flush(connection: Connection): void {
  connection.flush()
}
