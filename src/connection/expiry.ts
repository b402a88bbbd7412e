import { ConnectionClosedError, type Delivery, type MemcacheError, TimeoutError } from '../errors.ts'
import type { Operation } from '../protocol/operation.ts'
import type { Liveness } from './liveness.ts'
import type { Pipeline } from './pipeline.ts'
import type { ReadRun } from './read-run.ts'
import { isRun } from './sent-queue.ts'
import { MIN_STALL_MS, SilenceLimit } from './silence-limit.ts'
import type { UnsentQueue } from './unsent-queue.ts'

/** Reason for giving up a connection that did not end by itself. */
export interface GivenUp {
  readonly error: MemcacheError
  /** Whether the reason says nothing against the server. */
  readonly excused: boolean
}

/** Fails the expired operations of one connection, and detects a server that has been silent for too long. */
export class Expiry {
  readonly #server: string
  readonly #leastSilenceMs: number
  readonly #liveness: Liveness

  /** @param timeoutMs - The connection's own limit, for callers that give none. */
  constructor(server: string, timeoutMs: number, liveness: Liveness) {
    this.#server = server
    this.#leastSilenceMs = Math.min(timeoutMs, MIN_STALL_MS)
    this.#liveness = liveness
  }

  /**
   * Fails expired operations that were not written.
   *
   * @param where - Returns the stage of the operations, for messages.
   */
  expireUnsent(unsent: UnsentQueue, now: number, where: () => string): void {
    unsent.expire(now, (operation) => {
      operation.fail(this.#timeoutError(operation, where(), operation.unsentDelivery))
    })
  }

  /**
   * Fails expired operations that were written.
   *
   * @param probe - Probe of an idle connection.
   * @returns why the connection is given up; undefined while it goes on.
   */
  expireWritten(pipeline: Pipeline, now: number, probe: Operation | undefined): GivenUp | undefined {
    const silentMs = this.#liveness.silentMs(now)
    const limit = new SilenceLimit(this.#leastSilenceMs, now, silentMs)
    let expired = 0
    for (let position = 0; position < pipeline.length; position++) {
      const entry = pipeline.at(position)
      if (isRun(entry)) {
        expired += this.#expireRun(entry, limit, now)
        continue
      }
      const operation = entry
      // The time of a barrier after quiet commands starts here: no caller waits for it.
      if (operation.deadline === 0) operation.deadline = now + operation.timeoutMs
      limit.add(operation)
      if (operation.settled || operation.deadline > now) continue
      if (operation === probe) return this.#giveUp('an idle connection did not answer "version"')
      const error = this.#timeoutError(operation, 'waiting for the reply', 'unknown')
      if (operation.bodyPending) return this.giveUpBody(operation, error)
      operation.fail(error)
      expired++
    }
    const overdue = pipeline.overdueBody(now)
    if (overdue !== undefined) return this.#giveUpPart(overdue)
    if (pipeline.length > 0 && silentMs >= limit.ms) {
      return this.#giveUp(`no byte came for ${Math.round(limit.ms)} ms`, limit.isFlimsy)
    }
    if (expired > 0) this.#liveness.sweptLate()
    return this.#liveness.isAlwaysLate(now) ? this.#giveUp('every reply came too late') : undefined
  }

  /** Fails the reads of an expired run; returns the number of reads. */
  #expireRun(run: ReadRun, limit: SilenceLimit, now: number): number {
    const { batch } = run
    limit.addReads(batch, run.keys.length, run.openReads)
    if (batch.deadline > now) return 0
    const operations = run.detachOpen()
    for (const operation of operations) {
      operation.fail(this.#timeoutError(operation, 'waiting for the reply', 'unknown'))
    }
    return operations.length
  }

  /**
   * Gives up an operation whose body the socket still reads: it may only settle, with `reason`, once the socket is destroyed.
   *
   * @returns why the connection is given up.
   */
  giveUpBody(operation: Operation, reason: unknown): GivenUp {
    operation.earlyError = reason
    return this.#giveUpPart(operation)
  }

  #giveUpPart(operation: Operation): GivenUp {
    return this.#giveUp(`the body of ${operation.describe()} was written only in part`)
  }

  #giveUp(why: string, excused = false): GivenUp {
    const server = this.#server
    const error = new ConnectionClosedError(`the connection to ${server} was given up: ${why}`, {
      server,
      delivery: 'unknown',
    })
    return { error, excused: excused || !this.#liveness.isSilenceEvident(performance.now()) }
  }

  #timeoutError(operation: Operation, where: string, delivery: Delivery): TimeoutError {
    const server = this.#server
    const message = `${operation.describe()} on ${server} timed out after ${operation.timeoutMs} ms, ${where}`
    return new TimeoutError(message, { server, delivery, ...operation.about })
  }
}
