import { neverAborts } from '../abort-listener.ts'
import { askServers } from '../client/admin.ts'
import type { ClientAccess } from '../client/client-access.ts'
import { isAbsorbable } from '../client/dispatcher.ts'
import { withPrefix } from '../client/entries.ts'
import { readDeleted } from '../client/results.ts'
import { InvalidInputError, UnknownCommandError } from '../errors.ts'
import type { Operation } from '../protocol/operation.ts'
import { DELETE, type Request } from '../protocol/request.ts'
import type { ServerExecutor } from '../seam/executor.ts'
import { KeyListing } from './key-listing.ts'
import { checkOwner, findKeyRange, type KeyRange } from './key-range.ts'
import type { ListedKey } from './listed-key.ts'
import {
  type DeleteMatchingOptions,
  type KeyMatch,
  type KeyOwner,
  type ResolvedListOptions,
  resolveDeleteOptions,
} from './options.ts'

/** So many deletes are under way at a time. */
const BATCH_KEYS = 1000

/**
 * Deletes the items whose keys match: it lists the keys of every server and deletes each key on the server that listed it,
 * while the item is the one that was listed. Costs a walk over all items of all servers, whatever matches.
 *
 * A server that fails does not keep the others from being cleaned. Middleware, `retry` and `fallback` do not see the deletes.
 *
 * @returns how many items were deleted.
 * @throws `InvalidInputError` - neither a prefix that is not empty, nor a filter, nor `all: true` was given.
 * @throws `BatchError` - servers failed, or keep keys that cannot be sent, as those with white space in the classic protocol:
 * `failed` has an error for each, `found` how many items each of the others deleted.
 *
 * @example
 * ```ts
 * const deleted = await deleteMatching(cache, { prefix: 'session:' })
 * ```
 */
export async function deleteMatching(
  cache: KeyOwner,
  match: KeyMatch,
  options?: DeleteMatchingOptions,
): Promise<number> {
  const access = checkOwner('deleteMatching', cache)
  const { listing, unchanged } = resolveDeleteOptions(match, options)
  const range = await findKeyRange(access, listing, listing.signal ?? neverAborts())
  const requestOf = unchanged ? deleteUnchanged : deleteAny
  const clean = inTurn((server: ServerExecutor) => new ServerCleaning(access, server, range, requestOf).run(listing))
  const counts = await askServers('deleteMatching', range.servers, clean)
  return [...counts.values()].reduce((sum, count) => sum + count, 0)
}

/**
 * Returns a function whose calls run one after the other: listings of many servers at a time would take memory for each. A
 * failure that is no server's (an abort, a filter that throws) is the failure of all that follow.
 */
function inTurn<T, R>(run: (argument: T) => Promise<R>): (argument: T) => Promise<R> {
  let last: Promise<unknown> = Promise.resolve()
  return (argument) => {
    const result = last.then(() => run(argument))
    last = result.catch((error: unknown) => {
      if (!isAbsorbable(error)) throw error
    })
    // The last of them is followed by none.
    last.catch(() => undefined)
    return result
  }
}

function deleteUnchanged({ cas }: ListedKey): Request {
  // A server without cas numbers has nothing to compare.
  if (cas === 0n) return DELETE
  return { command: 'md', label: 'deleteMatching', flags: { compareCas: cas }, text: DELETE }
}

function deleteAny(): Request {
  return DELETE
}

/** The deletes on one server. */
class ServerCleaning {
  readonly #access: ClientAccess
  readonly #server: ServerExecutor
  readonly #range: KeyRange
  readonly #requestOf: (item: ListedKey) => Request
  #deleted = 0
  /** Keys that cannot be sent: with white space, in the classic protocol. */
  #unsendable = 0
  /** Error of the first of them. */
  #refusal: InvalidInputError | undefined

  constructor(access: ClientAccess, server: ServerExecutor, range: KeyRange, requestOf: (item: ListedKey) => Request) {
    this.#access = access
    this.#server = server
    this.#range = range
    this.#requestOf = requestOf
  }

  /** Returns how many items were deleted. */
  async run(options: ResolvedListOptions): Promise<number> {
    const range: KeyRange = { ...this.#range, servers: [this.#server] }
    let batch: ListedKey[] = []
    for await (const item of new KeyListing('deleteMatching', this.#access, options, range)) {
      batch.push(item)
      if (batch.length < BATCH_KEYS) continue
      await this.#deleteAll(batch)
      options.signal?.throwIfAborted()
      batch = []
    }
    await this.#deleteAll(batch)
    if (this.#refusal !== undefined) throw this.#unsendableError(this.#refusal)
    return this.#deleted
  }

  /** Not `InvalidInputError`: the other keys and servers are cleaned all the same. */
  #unsendableError(cause: InvalidInputError): UnknownCommandError {
    const { name: server } = this.#server
    const message = `${server} keeps ${this.#unsendable} of the keys that match, and ${this.#deleted} others are deleted: ${cause.message}`
    return new UnknownCommandError(message, { server, delivery: 'answered', cause })
  }

  async #deleteAll(items: readonly ListedKey[]): Promise<void> {
    const outcomes = await Promise.allSettled(items.map((item) => this.#delete(item)))
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') this.#deleted += Number(outcome.value)
      else this.#noteFailure(outcome.reason)
    }
  }

  #noteFailure(reason: unknown): void {
    if (!(reason instanceof InvalidInputError)) throw reason
    this.#unsendable++
    this.#refusal ??= reason
  }

  #delete(item: ListedKey): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const operation = this.#operationFor(item)
      operation.resolve = (deleted) => resolve(deleted === true)
      operation.reject = reject
      this.#server.dispatch(operation)
    })
  }

  #operationFor(item: ListedKey): Operation {
    const { dispatcher } = this.#access.parts
    const key = withPrefix(this.#range.namespacePrefix, item.key)
    const operation = dispatcher.operation(
      this.#requestOf(item),
      key,
      dispatcher.encodeKey(key),
      readDeleted,
      undefined,
    )
    operation.homeOnly = true
    return operation
  }
}
