import { ClosedError, ConnectError, InvalidInputError, MemcacheError, UnknownCommandError } from '../errors.ts'
import { ignore } from '../ignore.ts'
import type { ServerPool } from '../pool/server-pool.ts'
import { Operation } from '../protocol/operation.ts'
import { DELETE } from '../protocol/request.ts'
import type { OutdatedKey, OutdatedKeys } from './outdated-keys.ts'

/** Rounds beyond those that the keys need at first: under load new keys keep coming. */
const SPARE_ROUNDS = 8

/** Server that took commands for a server that was out. */
export interface CopyHolder<S> {
  /** Removes the copy of a key: the copy is outdated as soon as the key's own server is back. */
  removeCopy(outdated: OutdatedKey<S>): void
}

/** Parts and limits of a {@link Rejoin}. */
export interface RejoinInit<S> {
  readonly pool: ServerPool
  readonly outdated: OutdatedKeys<S>
  /** Time for the probe's question, in milliseconds. */
  readonly probeMs: number
  /** Time for each removal of a key, in milliseconds. */
  readonly timeoutMs: number
  /** Number of keys removed at a time. */
  readonly perRound: number
  /** Lets the server take commands. */
  admit(): void
  /** Reports evidence against the server. */
  mistrust(error: MemcacheError): void
}

/** Return of a server to the cluster: the server is probed, outdated keys are removed, and the server is admitted. */
export class Rejoin<S extends CopyHolder<S>> {
  readonly #init: RejoinInit<S>
  /** Operations of the rejoin itself, bound to this server. */
  readonly #own: Set<Operation> = new Set()
  /** Number of keys removed since the server was last probed. */
  removed = 0

  constructor(init: RejoinInit<S>) {
    this.#init = init
  }

  /** Runs the rejoin. Rejects when the server is not back, or a removal failed; outdated keys stay remembered. */
  async run(): Promise<void> {
    const { pool, probeMs } = this.#init
    this.removed = 0
    await pool.probe(probeMs)
    pool.forgive()
    await this.#removeMost()
    this.#handOver()
  }

  /** Checks whether the operation is a removal of this rejoin: carried out here or not at all. */
  owns(operation: Operation): boolean {
    return this.#own.has(operation)
  }

  /** Removes keys in rounds, until few enough are left for the hand-over. */
  async #removeMost(): Promise<void> {
    const { outdated, perRound } = this.#init
    let rounds = Math.ceil(outdated.size / perRound) + SPARE_ROUNDS
    while (outdated.size > perRound && rounds-- > 0) {
      await Promise.all(outdated.take(perRound).map((key) => this.#removeAwaited(key)))
    }
  }

  #removeAwaited(key: OutdatedKey<S>): Promise<void> {
    return new Promise((resolve, reject) => this.remove(key, resolve, reject))
  }

  /**
   * Removes the rest and admits the server at the same moment: commands for a key follow its removal on the same
   * connection. If a removal then fails, the server is out again before any later command is carried out.
   */
  #handOver(): void {
    const { outdated } = this.#init
    let failure: MemcacheError | undefined
    for (const key of outdated.take(Number.POSITIVE_INFINITY)) {
      this.remove(key, ignore, (error) => {
        failure ??= error
        this.#init.mistrust(error)
      })
    }
    if (failure !== undefined) throw failure
    outdated.forgiveOverflow()
    this.#init.admit()
  }

  /** Removes a key that was taken out of the outdated keys, and its copies; puts the key back where that fails. */
  remove(key: OutdatedKey<S>, done: () => void, failed: (error: MemcacheError) => void): void {
    const { outdated } = this.#init
    for (const holder of key.copies) holder.removeCopy(key)
    this.removed++
    const succeed = (): void => {
      outdated.removed(key)
      done()
    }
    this.delete(key, succeed, (error) => {
      outdated.restore(key)
      failed(error)
    })
  }

  /** Removes a key from this server. The callbacks run before any later command is carried out. */
  delete(key: OutdatedKey<S>, done: () => void, failed: (error: MemcacheError) => void): void {
    const { pool, timeoutMs } = this.#init
    const operation = new Operation(DELETE, key.key, key.callerKey, timeoutMs, ignore)
    operation.resolve = () => {
      this.#own.delete(operation)
      done()
    }
    operation.reject = (reason) => {
      this.#own.delete(operation)
      // A key that this connection cannot carry cannot be on the server either.
      if (isUncarried(reason) || reason instanceof ClosedError) done()
      else failed(asMemcacheError(reason, pool.name))
    }
    this.#own.add(operation)
    pool.dispatch(operation)
  }
}

/** Checks whether the connection could not carry the command: its server speaks text, for good or for now. */
function isUncarried(reason: unknown): boolean {
  return (
    reason instanceof InvalidInputError || (reason instanceof UnknownCommandError && reason.delivery === 'not-sent')
  )
}

/** Returns the error of a failed probe. */
export function asMemcacheError(error: unknown, server: string): MemcacheError {
  if (error instanceof MemcacheError) return error
  return new ConnectError(`${server} cannot be asked whether it is back: ${String(error)}`, { server, cause: error })
}
