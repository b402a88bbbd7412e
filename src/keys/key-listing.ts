import { whenAborted } from '../abort-listener.ts'
import type { ClientAccess } from '../client/client-access.ts'
import { errorOf, InvalidInputError } from '../errors.ts'
import type { ServerExecutor } from '../seam/executor.ts'
import { showValue } from '../show-value.ts'
import { DumpReader } from './dump-reader.ts'
import { findKeyRange, type KeyRange } from './key-range.ts'
import type { ListedKey } from './listed-key.ts'
import type { ResolvedListOptions } from './options.ts'
import { dumpServer, readClock } from './server-dump.ts'

type Result = IteratorResult<ListedKey, undefined>

const DONE: Result = Object.freeze({ done: true, value: undefined })

/** Reason by which the connection of a listing closes when its reader leaves. */
const ENDED = new Error('the listing is over')

/**
 * One walk over the keys of servers, one server after the other. A generator would do, at several times the cost for each key:
 * keys of a piece that is here are given without a wait.
 */
export class KeyListing implements AsyncIterableIterator<ListedKey, undefined> {
  readonly #command: string
  readonly #filter: ResolvedListOptions['filter']
  readonly #controller: AbortController = new AbortController()
  readonly #stopListening: (() => void) | undefined
  /** Gives a reader each time that it has taken a piece. */
  readonly #readers: AsyncIterator<DumpReader, void>
  #reader: DumpReader | undefined
  /** Calls of `next` that wait for a piece, and the last of them. */
  #waiting = 0
  #last: Promise<void> = Promise.resolve()
  #ended = false

  /** @param range - Where to look; without it, where the options say. */
  constructor(command: string, access: ClientAccess, options: ResolvedListOptions, range?: KeyRange) {
    this.#command = command
    this.#filter = options.filter
    const { signal } = options
    if (signal?.aborted === true) this.#abort(signal)
    else if (signal !== undefined) this.#stopListening = whenAborted(signal, () => this.#abort(signal))
    this.#readers = walk(access, { ...options, signal: this.#controller.signal }, range)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Returns the next key; rejects once with what went wrong. */
  next(): Promise<Result> {
    if (this.#waiting === 0) {
      try {
        const item = this.#nextOfPiece()
        if (item !== undefined) return Promise.resolve({ done: false, value: item })
      } catch (error) {
        return Promise.reject(this.#fail(error))
      }
    }
    this.#waiting++
    const result = this.#last.then(() => this.#advance())
    const leave = (): void => void this.#waiting--
    this.#last = result.then(leave, leave)
    return result
  }

  /** Closes the connection at once. */
  return(): Promise<Result> {
    this.#end()
    return Promise.resolve(DONE)
  }

  async #advance(): Promise<Result> {
    try {
      while (!this.#ended) {
        const item = this.#nextOfPiece()
        if (item !== undefined) return { done: false, value: item }
        this.#controller.signal.throwIfAborted()
        const { done, value } = await this.#readers.next()
        if (done === true) this.#end()
        else this.#reader = value
      }
      return DONE
    } catch (error) {
      // The reader that left has been answered already.
      if (this.#ended) return DONE
      throw this.#fail(error)
    }
  }

  #nextOfPiece(): ListedKey | undefined {
    if (this.#ended) return undefined
    for (let item = this.#reader?.next(); item !== undefined; item = this.#reader?.next()) {
      if (this.#filter === undefined || passes(this.#filter, item)) return item
    }
    return undefined
  }

  /** Drops the keys that are held, too. */
  #abort(signal: AbortSignal): void {
    this.#reader = undefined
    this.#controller.abort(signal.reason)
  }

  #fail(error: unknown): unknown {
    this.#end()
    return errorOf(error, { about: { command: this.#command } })
  }

  #end(): void {
    this.#ended = true
    this.#reader = undefined
    this.#stopListening?.()
    this.#controller.abort(ENDED)
  }
}

/** A promise is no answer: it would let every key pass. */
function passes(filter: (item: ListedKey) => boolean, item: ListedKey): boolean {
  const answer: unknown = filter(item)
  if (typeof answer === 'boolean') return answer
  throw new InvalidInputError(`option filter must return true or false, got ${showValue(answer)}`)
}

async function* walk(
  access: ClientAccess,
  options: ResolvedListOptions & { readonly signal: AbortSignal },
  given: KeyRange | undefined,
): AsyncGenerator<DumpReader, void, undefined> {
  const range = given ?? (await findKeyRange(access, options, options.signal))
  for (const server of range.servers) yield* readServer(server, range, options)
}

async function* readServer(
  server: ServerExecutor,
  { ownPrefix, wantedPrefix, isNamespace }: KeyRange,
  limits: ResolvedListOptions & { readonly signal: AbortSignal },
): AsyncGenerator<DumpReader, void, undefined> {
  const clock = await readClock(server, limits)
  const prefixBytes = ownPrefix.length
  const reader = new DumpReader({ server: server.name, clock, prefixBytes, leavesOutChunks: !isNamespace })
  for await (const lines of dumpServer(server, wantedPrefix, limits)) {
    reader.take(lines)
    yield reader
  }
}
