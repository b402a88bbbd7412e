import type { Memcache } from '../../client/memcache.ts'
import type { Context } from '../command.ts'
import { EXIT, explainError } from '../exit-code.ts'
import { showKeyText } from '../key-argument.ts'
import type { ChoiceOption, NumberOption, OneOf } from '../option-spec.ts'
import type { Item } from './item.ts'

/** Failures that are shown one by one. */
const SHOWN_FAILURES = 10

/** Keys that are on their way at a time. */
export const BATCH_KEYS = 500

/** Options of commands that write items. */
export const WRITE_OPTIONS: { readonly mode: ChoiceOption & OneOf<'add' | 'set'>; readonly rate: NumberOption } = {
  mode: {
    type: 'choice',
    choices: ['add', 'set'],
    default: 'add',
    placeholder: 'name',
    help: 'add leaves items that are there as they are, set replaces them',
  },
  rate: { type: 'count', min: 1, placeholder: 'number', help: 'most items a second (default: no limit)' },
}

/** Clients of the servers that are written to. */
export interface WriterClients {
  readonly plain: Memcache
  /** Has the option `chunks`. */
  readonly chunked: Memcache
}

/** Makes the clients of an {@link ItemWriter}. */
export async function writerClients(
  context: Context,
  servers: readonly string[] = context.clients.servers,
): Promise<WriterClients> {
  const { chunks } = await import('../../client/chunks/chunks.ts')
  return {
    plain: await context.clients.memcache(servers),
    chunked: await context.clients.memcache(servers, { chunks: chunks() }),
  }
}

/** Writes items, and counts what came of them. */
export class ItemWriter {
  stored = 0
  /** Items that were there already, with mode `add`. */
  kept = 0
  /** Items that the server, or the client, refused. */
  failed = 0
  /** Bytes of the values that were stored. */
  bytes = 0
  readonly #clients: WriterClients
  readonly #mode: 'add' | 'set'
  readonly #context: Context

  constructor(clients: WriterClients, mode: 'add' | 'set', context: Context) {
    this.#clients = clients
    this.#mode = mode
    this.#context = context
  }

  /** Rejects when a server cannot be reached; an item that is refused is counted, and its reason is a warning. */
  async write(items: readonly Item[]): Promise<void> {
    await Promise.all(items.filter(({ inChunks }) => !inChunks).map((item) => this.#write(item, this.#clients.plain)))
    // One at a time: each may be large.
    for (const item of items) if (item.inChunks) await this.#write(item, this.#clients.chunked)
  }

  async #write({ key, stored, ttl }: Item, client: Memcache): Promise<void> {
    const { signal } = this.#context
    try {
      const isStored = await client[this.#mode](key, stored, { ttl, signal })
      if (!isStored) this.kept++
      else {
        this.stored++
        this.bytes += stored.data.length
      }
    } catch (error) {
      signal.throwIfAborted()
      const explained = explainError(error)
      if (explained === undefined || explained.exitCode === EXIT.connection) throw error
      if (++this.failed <= SHOWN_FAILURES) this.#context.warn(`${showKeyText(key)}: ${explained.lines.join('; ')}`)
    }
  }
}
