import { Connection } from '../connection/connection.ts'
import type { ConnectionDecisions, ConnectionEnd, FlushPolicy } from '../connection/connection-decisions.ts'
import type { ConnectionTarget } from '../connection/connection-target.ts'
import { AuthError, ClosedError, type MemcacheError, ServerDownError } from '../errors.ts'
import type { Operation } from '../protocol/operation.ts'
import type { Executor } from '../seam/executor.ts'
import type { ReadBatch } from '../seam/read-batch.ts'
import { detachAll, dispatchReads } from '../seam/reads.ts'
import { backoffMs, idleLossMs } from './backoff.ts'

/**
 * Longest wait of a command for the next attempt, in milliseconds: a lost connection, or a server that restarts
 * quickly, then costs a short delay and no error.
 */
const WORTH_WAITING_MS = 100

/**
 * Number of connections in a row without a command answered in time that counts as evidence against the server, though
 * each connection was given up too early to be evidence.
 */
const UNPROVEN_RUN = 3

/** Decisions about the server of a pool, made by the cluster. A pool without them decides itself. */
export interface PoolDecisions {
  /** Number of servers that share the keys. */
  readonly servers: number
  /** Called when a connection ended in a way that speaks against the server, before its operations go anywhere. */
  onEvidence(error: MemcacheError): void
  /**
   * Takes operations that may be sent again, because their connection was lost or never made, to another server.
   *
   * @returns those that no other server takes.
   */
  takeOver(operations: readonly Operation[], neverReady: boolean): readonly Operation[]
}

/** Parts of a slot, shared by all slots of a pool. */
export interface SlotInit extends ConnectionTarget {
  readonly flushPolicy: FlushPolicy
  readonly decisions: PoolDecisions | undefined
}

/** State of a slot, as seen by the pool. */
export interface SlotStatus {
  /** Whether the slot has a connection that is ready. */
  readonly open: boolean
  /** Whether the slot has no connection and commands fail at once until the next attempt is due. */
  readonly down: boolean
  readonly pending: number
  readonly lastError: MemcacheError | undefined
}

/**
 * One connection of a pool, made when a command comes, and again after a loss. At most one attempt runs at a time,
 * however many commands wait. Between a failed attempt and the next one commands fail at once: waiting for a server
 * that is down would only slow the caller.
 */
export class Slot implements Executor, ConnectionDecisions<Connection> {
  readonly #init: SlotInit
  #connection: Connection | undefined
  #closed: MemcacheError | undefined
  /** Attempts that failed in a row. */
  #failures = 0
  /** Whether an ended connection has answered a command in time since failures were last forgiven. */
  #answered = false
  #nextAttemptAt = 0
  #lastError: MemcacheError | undefined
  /** Settles when disconnecting connections have finished; new connections wait for it, to keep the order. */
  #drained: Promise<void> | undefined
  readonly #ends: Map<Connection, () => void> = new Map()
  /** Timers of attempts that are not due yet. */
  readonly #pauses: Set<NodeJS.Timeout> = new Set()
  readonly #waiters: Map<Connection, { resolve: () => void; reject: (error: MemcacheError) => void }[]> = new Map()

  constructor(init: SlotInit) {
    this.#init = init
  }

  /** State of the slot at this moment. */
  get status(): SlotStatus {
    const connection = this.#connection
    const lastError = connection?.proven === true ? undefined : this.#lastError
    return {
      open: connection?.open === true && connection.ready,
      down: connection === undefined && this.#isDown(this.#nextAttemptAt - performance.now()),
      pending: this.pending,
      lastError,
    }
  }

  /** Number of commands that wait, written or not. */
  get pending(): number {
    return this.#connection?.pending ?? 0
  }

  dispatch(operation: Operation): void {
    const connection = this.#connection
    if (connection?.open) connection.dispatch(operation)
    else this.#dispatchUnconnected(operation)
  }

  dispatchReads(batch: ReadBatch): void {
    const connection = this.#connection
    // Without a connection each read waits for one or fails at once, as a single read does.
    if (connection?.open) dispatchReads(connection, batch)
    else detachAll(batch, this)
  }

  #dispatchUnconnected(operation: Operation): void {
    if (this.#closed !== undefined) return operation.fail(closedFor(operation, this.#closed))
    const waitMs = this.#nextAttemptAt - performance.now()
    if (this.#isDown(waitMs)) return operation.fail(this.#downError(operation, waitMs))
    this.#connect(this.#untilNextAttempt()).dispatch(operation)
  }

  /** After a loss alone nothing is known against the server: commands wait for the attempt, however long the delay. */
  #isDown(waitMs: number): boolean {
    return waitMs > WORTH_WAITING_MS && this.#failures > 0
  }

  #downError(operation: Operation, waitMs: number): ServerDownError {
    const { name } = this.#init.server
    const why = this.#lastError === undefined ? '' : `: ${this.#lastError.message}`
    return new ServerDownError(
      `${operation.describe()}: ${name} is down, next attempt in ${Math.ceil(waitMs)} ms${why}`,
      { server: name, cause: this.#lastError, delivery: operation.unsentDelivery, ...operation.about },
    )
  }

  #connect(startAfter: Promise<void> | undefined): Connection {
    const { server, options, memory, flushPolicy, observer } = this.#init
    const connection = new Connection({ server, options, memory, flushPolicy, observer, owner: this, startAfter })
    this.#connection = connection
    return connection
  }

  /** Connects now, whatever happened before. */
  connect(): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    const connection = this.#connection?.open ? this.#connection : this.#connect(this.#drained)
    if (connection.ready) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const waiters = this.#waiters.get(connection) ?? []
      waiters.push({ resolve, reject })
      this.#waiters.set(connection, waiters)
    })
  }

  /** Whether a command was answered in time since failed attempts were last forgiven. */
  get answered(): boolean {
    return this.#answered || this.#connection?.proven === true
  }

  /** Forgets failed attempts and past answers: the next command connects at once, and shows the state of the server. */
  forgive(): void {
    this.#answered = false
    this.#connection?.doubt()
    this.#failures = 0
    this.#nextAttemptAt = 0
    this.#lastError = undefined
  }

  /** Lets the connection finish and closes it. Settles when it is closed; the next command makes a new one. */
  disconnect(): Promise<void> {
    const connection = this.#connection
    const before = this.#drained
    if (connection === undefined) return before ?? Promise.resolve()
    this.#connection = undefined
    const ended = new Promise<void>((resolve) => this.#ends.set(connection, resolve))
    const drained = this.#untilDrained(before, ended)
    this.#drained = drained
    connection.drain()
    return drained
  }

  async #untilDrained(before: Promise<void> | undefined, ended: Promise<void>): Promise<void> {
    await before
    await ended
  }

  /** Disconnects as `disconnect` does, and never connects again. */
  close(error: MemcacheError): Promise<void> {
    this.#closed ??= error
    return this.disconnect()
  }

  /** Ends all connections now. */
  destroy(error: MemcacheError): void {
    this.#closed ??= error
    for (const connection of this.#ends.keys()) connection.destroy(error)
    this.#connection?.destroy(error)
    for (const timer of this.#pauses) clearTimeout(timer)
    this.#pauses.clear()
  }

  onReady(connection: Connection): void {
    for (const waiter of this.#waiters.get(connection) ?? []) waiter.resolve()
    this.#waiters.delete(connection)
  }

  onEnd(connection: Connection, end: ConnectionEnd): void {
    if (this.#connection === connection) this.#connection = undefined
    for (const waiter of this.#waiters.get(connection) ?? []) waiter.reject(end.error)
    this.#waiters.delete(connection)
    this.#ends.get(connection)?.()
    this.#ends.delete(connection)
    this.#takeEvidence(end)
  }

  onLeftOver(operations: readonly Operation[]): void {
    this.#dispatchAgain(this.#init.decisions?.takeOver(operations, false) ?? operations)
  }

  onNeverSent(operations: readonly Operation[]): readonly Operation[] {
    return this.#init.decisions?.takeOver(operations, true) ?? operations
  }

  #takeEvidence(end: ConnectionEnd): void {
    if (end.proven) this.#answered = true
    const servers = this.#init.decisions?.servers ?? 1
    // The connection was closed on purpose, or worked and was closed while no operation waited.
    if (end.error instanceof ClosedError || (end.proven && !end.failed)) {
      const isLoss = end.error.delivery !== 'not-sent'
      this.#failures = 0
      this.#nextAttemptAt = isLoss ? performance.now() + idleLossMs(servers) : 0
      return
    }
    this.#lastError = end.error
    // A connection lost before its first answer counts as one that never became ready, whichever side is at fault:
    // without a pause the next one may be lost at once, too.
    this.#failures = end.proven ? 0 : this.#failures + 1
    this.#nextAttemptAt = performance.now() + backoffMs(this.#failures, end.error instanceof AuthError, servers)
    if (end.evident || (end.failed && this.#failures >= UNPROVEN_RUN)) this.#init.decisions?.onEvidence(end.error)
  }

  /** Keeps repeatable and newly arriving commands for the next attempt, within their own time. */
  #dispatchAgain(operations: readonly Operation[]): void {
    if (operations.length === 0) return
    if (this.#closed !== undefined) {
      for (const operation of operations) operation.fail(closedFor(operation, this.#closed))
      return
    }
    const connection = this.#connection?.open ? this.#connection : this.#connect(this.#untilNextAttempt())
    connection.dispatchFirst(operations)
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#pauses.delete(timer)
        resolve()
      }, milliseconds)
      this.#pauses.add(timer)
    })
  }

  #untilNextAttempt(): Promise<void> | undefined {
    const waitMs = this.#nextAttemptAt - performance.now()
    if (waitMs <= 0) return this.#drained
    const pause = this.#pause(waitMs)
    return this.#drained === undefined ? pause : Promise.all([this.#drained, pause]).then(() => undefined)
  }
}

/** Makes the error of a command after the end: one that was written on a lost connection may have been carried out. */
export function closedFor(operation: Operation, closed: MemcacheError): MemcacheError {
  if (!operation.repeated) return closed
  return new ClosedError('the client is closed', { delivery: 'unknown', cause: closed })
}
