import { ClosedError, ConnectError, InvalidInputError, MemcacheError, UnknownCommandError } from '../errors.ts'
import type { ServerPool } from '../pool/server-pool.ts'
import { Operation } from '../protocol/operation.ts'
import { DELETE } from '../protocol/request.ts'
import type { OutdatedKey, OutdatedKeys } from './outdated-keys.ts'

/** Rounds beyond those that the keys need at first: under load new ones keep coming. */
const SPARE_ROUNDS = 8

/** Who took commands for a server that was out. */
export interface CopyHolder<S> {
  /** Removes the copy of a key: outdated as soon as the key's own server is back. */
  removeCopy(outdated: OutdatedKey<S>): void
}

/** What the way back needs. */
export interface RejoinInit<S> {
  readonly pool: ServerPool
  readonly outdated: OutdatedKeys<S>
  /** Time for the probe's question, in milliseconds. */
  readonly probeMs: number
  /** Time for each removal of a key, in milliseconds. */
  readonly timeoutMs: number
  /** How many keys are removed at a time. */
  readonly perRound: number
  /** Lets the server take commands. */
  admit(): void
  /** Evidence against the server. */
  mistrust(error: MemcacheError): void
}

/** The way of a server back into the cluster: it is asked whether it is there, forgets what is outdated, and is admitted. */
export class Rejoin<S extends CopyHolder<S>> {
  readonly #init: RejoinInit<S>
  /** Commands of its own, which are about this server and no other. */
  readonly #own: Set<Operation> = new Set()
  /** Keys removed since the server was last asked. */
  removed = 0

  constructor(init: RejoinInit<S>) {
    this.#init = init
  }

  /** Rejects when the server is not back, or a removal failed; what is outdated stays in mind. */
  async run(): Promise<void> {
    const { pool, probeMs } = this.#init
    this.removed = 0
    await pool.probe(probeMs)
    pool.forgive()
    await this.#removeMost()
    this.#handOver()
  }

  /** Whether the command is a removal of its own: done here or not at all. */
  owns(operation: Operation): boolean {
    return this.#own.has(operation)
  }

  /** In rounds, until few enough are left for the hand-over. */
  async #removeMost(): Promise<void> {
    const { outdated, perRound } = this.#init
    let rounds = Math.ceil(outdated.size / perRound) + SPARE_ROUNDS
    while (outdated.size > perRound && rounds-- > 0) {
      await Promise.all(outdated.take(perRound).map((key) => this.#removeAwaited(key)))
    }
  }

  #removeAwaited(key: OutdatedKey<S>): Promise<void> {
    return new Promise((resolve, reject) => this.#remove(key, resolve, reject))
  }

  /**
   * Removes the rest and admits the server in the same moment: commands for a key come behind its removal, on the same
   * connection. Should a removal fail after that, the server is out again before anything behind it is carried out.
   */
  #handOver(): void {
    const { outdated } = this.#init
    let failure: MemcacheError | undefined
    for (const key of outdated.take(Number.POSITIVE_INFINITY)) {
      this.#remove(key, ignore, (error) => {
        failure ??= error
        this.#init.mistrust(error)
      })
    }
    if (failure !== undefined) throw failure
    outdated.forgiveOverflow()
    this.#init.admit()
  }

  #remove(key: OutdatedKey<S>, done: () => void, failed: (error: MemcacheError) => void): void {
    for (const holder of key.copies) holder.removeCopy(key)
    this.removed++
    this.delete(key, done, (error) => {
      this.#init.outdated.restore(key)
      failed(error)
    })
  }

  /** Removes a key from this server. The callbacks are called before anything that came behind is carried out. */
  delete(key: OutdatedKey<S>, done: () => void, failed: (error: MemcacheError) => void): void {
    const { pool, timeoutMs } = this.#init
    const operation = new Operation(DELETE, key.key, key.callerKey, timeoutMs, ignore)
    operation.resolve = () => {
      this.#own.delete(operation)
      done()
    }
    operation.reject = (reason) => {
      this.#own.delete(operation)
      // A key that this connection cannot carry cannot be there either.
      if (isUncarried(reason) || reason instanceof ClosedError) done()
      else failed(asMemcacheError(reason, pool.name))
    }
    this.#own.add(operation)
    pool.dispatch(operation)
  }
}

/** Whether the connection could not carry the command: its server speaks text, for good or for the present. */
function isUncarried(reason: unknown): boolean {
  return (
    reason instanceof InvalidInputError || (reason instanceof UnknownCommandError && reason.delivery === 'not-sent')
  )
}

/** What a probe failed with. */
export function asMemcacheError(error: unknown, server: string): MemcacheError {
  if (error instanceof MemcacheError) return error
  return new ConnectError(`${server} cannot be asked whether it is back: ${String(error)}`, { server, cause: error })
}

function ignore(): void {}
