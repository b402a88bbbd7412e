import { BatchError } from '../errors.ts'
import type { Key } from '../protocol/key.ts'
import type { Ttl } from '../ttl.ts'
import type { AdminCommands } from './admin.ts'
import { batchError } from './batch.ts'
import type {
  AddManyOptions,
  AddOptions,
  DeleteManyOptions,
  FlushOptions,
  KeyOptions,
  SetManyOptions,
  WriteOptions,
} from './call-options.ts'
import type { QuietCallName } from './calls/call-name.ts'
import { attemptCall, type Calls } from './calls/calls.ts'
import type { Tally } from './calls/tally.ts'
import type { Command } from './commands/command.ts'
import {
  casCommand,
  countCommand,
  deleteCommand,
  extendCommand,
  storeCommand,
  touchCommand,
} from './commands/writes.ts'
import { isAbsorbable } from './dispatcher.ts'
import { checkKeys, type Entries, entriesOf, prefixed, withPrefix, withTtl } from './entries.ts'
import { checkCallOptions, KEY_NAMES } from './option-names.ts'
import type { ClientParts } from './parts.ts'
import { type ReportQuiet, unawaited } from './quiet-outcome.ts'

/** Owner of quiet writes: a namespace, or a client with its keys as they are. */
export interface QuietScope {
  readonly calls: Calls
  /** Carries out writes on keys with the prefix; what `write` throws, instead of rejecting, it has not counted. */
  readonly run: <O extends KeyOptions | undefined>(
    options: O,
    tally: Tally | undefined,
    keys: number | undefined,
    write: (prefix: string | undefined, options: O, tally: Tally | undefined) => Promise<void>,
  ) => Promise<void>
  readonly report: ReportQuiet
  /** Whether writes may have to wait: then they have copies of what the caller may change. */
  readonly waits: boolean
  readonly ttl?: Ttl | undefined
}

/** The writes of a namespace without their answers: see {@link NoreplyCommands}. */
export class NamespaceNoreply<Input> {
  readonly #parts: ClientParts
  readonly #scope: QuietScope

  /** @internal */
  constructor(parts: ClientParts, scope: QuietScope) {
    this.#parts = parts
    this.#scope = scope
  }

  /** Stores a value. */
  set(key: Key, value: Input, options?: WriteOptions): Promise<void> {
    return this.#store('set', key, value, options)
  }

  /** Stores a value where there is none. */
  add(key: Key, value: Input, options?: AddOptions): Promise<void> {
    return this.#store('add', key, value, options)
  }

  /** Stores a value in the place of another. */
  replace(key: Key, value: Input, options?: WriteOptions): Promise<void> {
    return this.#store('replace', key, value, options)
  }

  /** Adds bytes to the end of a value, past the serde and past compression: a compressed value is unreadable then. */
  append(key: Key, data: string | Uint8Array, options?: KeyOptions): Promise<void> {
    return this.#extend('append', key, data, options)
  }

  /** Adds bytes to the beginning of a value, past the serde and past compression. */
  prepend(key: Key, data: string | Uint8Array, options?: KeyOptions): Promise<void> {
    return this.#extend('prepend', key, data, options)
  }

  /** Stores a value if the item still has this cas number. */
  cas(key: Key, value: Input, cas: bigint, options?: WriteOptions): Promise<void> {
    return this.#send('cas', key, options, (whole, rest) =>
      casCommand(this.#parts, whole, value, cas, this.#withTtl(rest)),
    )
  }

  /** Removes an item. */
  delete(key: Key, options?: KeyOptions): Promise<void> {
    return this.#send('delete', key, options, (whole, rest) => deleteCommand(this.#parts, whole, rest))
  }

  /** Adds to a counter, if it exists. */
  incr(key: Key, delta?: number | bigint, options?: KeyOptions): Promise<void> {
    return this.#count('incr', key, delta, options)
  }

  /** Takes from a counter, if it exists; it stops at 0. */
  decr(key: Key, delta?: number | bigint, options?: KeyOptions): Promise<void> {
    return this.#count('decr', key, delta, options)
  }

  /** Renews the time to live. */
  touch(key: Key, ttl: Ttl, options?: KeyOptions): Promise<void> {
    return this.#send('touch', key, options, (whole, rest) => touchCommand(this.#parts, whole, ttl, rest))
  }

  /** Stores many values. */
  setMany(entries: Entries<Key, Input>, options?: SetManyOptions): Promise<void> {
    return this.#storeMany('set', entries, options)
  }

  /** Stores many values where there are none. */
  addMany(entries: Entries<Key, Input>, options?: AddManyOptions): Promise<void> {
    return this.#storeMany('add', entries, options)
  }

  /** Removes many items. */
  deleteMany(keys: Iterable<Key> & object, options?: DeleteManyOptions): Promise<void> {
    const calls = this.#scope.calls.of('noreply.deleteMany')
    return this.#unawaited([], () =>
      calls.runMany(keys, (given, tally) =>
        attemptCall(tally, () => {
          const own = this.#scope.waits ? checkKeys(given) : undefined
          const asked = own ?? given
          return this.#scope.run(options, tally, own?.length, (prefix, rest, counted) =>
            this.#parts.batches.deleteManyQuietly(asked, prefixed(prefix, rest), counted),
          )
        }),
      ),
    )
  }

  #storeMany(command: 'set' | 'add', entries: Entries<Key, Input>, options: SetManyOptions | undefined): Promise<void> {
    const calls = this.#scope.calls.of(`noreply.${command}Many`)
    return this.#unawaited([], () =>
      calls.runEntries(entries, (given, tally) =>
        attemptCall(tally, () => {
          const own = this.#scope.waits ? entriesOf(given) : undefined
          const pairs = own ?? given
          return this.#scope.run(options, tally, own?.length, (prefix, rest, counted) =>
            this.#parts.batches.storeManyQuietly(command, pairs, prefixed(prefix, this.#withTtl(rest)), counted),
          )
        }),
      ),
    )
  }

  #store(command: 'set' | 'add' | 'replace', key: Key, value: Input, options: WriteOptions | undefined): Promise<void> {
    return this.#send(command, key, options, (whole, rest) =>
      storeCommand(this.#parts, command, whole, value, this.#withTtl(rest)),
    )
  }

  #extend(command: 'append' | 'prepend', key: Key, data: string | Uint8Array, options?: KeyOptions): Promise<void> {
    return this.#send(command, key, options, (whole, rest) => {
      checkCallOptions(`noreply.${command}`, rest, KEY_NAMES)
      return extendCommand(this.#parts, command, whole, data, rest)
    })
  }

  #count(command: 'incr' | 'decr', key: Key, delta: number | bigint = 1, options?: KeyOptions): Promise<void> {
    return this.#send(command, key, options, (whole, rest) => {
      checkCallOptions(`noreply.${command}`, rest, KEY_NAMES)
      return countCommand(command, whole, delta, rest)
    })
  }

  #send<O extends KeyOptions | undefined>(
    name: QuietCallName,
    key: Key,
    options: O,
    make: (whole: Key, options: O) => Command,
  ): Promise<void> {
    const calls = this.#scope.calls.of(`noreply.${name}`)
    return this.#unawaited([key], () =>
      calls.run(key, (tally) =>
        this.#scope.run(options, tally, 1, (prefix, rest, own) =>
          this.#parts.dispatcher.carryQuietly(make(withPrefix(prefix, key), rest), own),
        ),
      ),
    )
  }

  #withTtl<O extends { readonly ttl?: unknown }>(options: O | undefined): O | undefined {
    return withTtl(this.#scope.ttl, options)
  }

  #unawaited(keys: readonly Key[], write: () => Promise<void>): Promise<void> {
    return unawaited(this.#scope.report, keys, write)
  }
}

/**
 * The writes of a client without their answers. A call resolves, to nothing, when its bytes are out of the caller's
 * hands: sent, or copied to be sent. Whether the server carried it out is not known; what it refuses comes as one
 * `commandError` event for the run of quiet commands that it was in. A call that could not be sent rejects, and is a
 * `commandError` event too: a call need not be awaited, its rejection never becomes an unhandled one. A batch of more
 * than half of what the client takes at a time (`maxPending`, `maxPendingBytes`) is sent in parts: it asks for its answers,
 * and drops them. Later calls for its keys wait for it.
 *
 * In text mode the server swallows refusals: a value that is too large is dropped, and the old one deleted, without a
 * word (protocol.txt, "noreply").
 */
export interface NoreplyCommands extends NamespaceNoreply<unknown> {
  /**
   * Makes the servers forget everything they hold. Like a large batch it asks for the answers, on connections of its own,
   * and drops them: it resolves when all servers have answered or failed. A server that could not be asked rejects.
   */
  flushAll(options?: FlushOptions): Promise<void>
}

const runAtOnce: QuietScope['run'] = (options, tally, _keys, write) =>
  attemptCall(tally, () => write(undefined, options, tally))

/** Returns the writes of a client without their answers. */
export function createNoreply(parts: ClientParts, admin: AdminCommands): NoreplyCommands {
  const report: ReportQuiet = (error, keys) => parts.dispatcher.report(error, keys)
  const writes = new NamespaceNoreply<unknown>(parts, { calls: parts.calls, run: runAtOnce, report, waits: false })
  const flushAll = async (options: FlushOptions | undefined): Promise<void> => {
    const failed = await admin.flushAll(options).then(() => new Map<string, unknown>(), failuresByServer)
    const unsent = new Map<string, unknown>()
    for (const [server, reason] of failed) {
      if (isAbsorbable(reason) && reason.delivery !== 'not-sent') report(reason, [])
      else unsent.set(server, reason)
    }
    if (unsent.size > 0) throw batchError('noreply.flushAll', unsent, failed.size, new Map<string, never>(), [])
  }
  return Object.assign(writes, {
    // The failures are by server, not by key.
    flushAll: (options?: FlushOptions) =>
      unawaited(
        (error) => report(error, []),
        [],
        () => parts.calls.of('noreply.flushAll').runKeyless(() => flushAll(options)),
      ),
  })
}

/** Returns the failures that servers caused; throws for a wrong or aborted call. */
function failuresByServer(error: unknown): ReadonlyMap<string, unknown> {
  if (error instanceof BatchError) return error.failed as ReadonlyMap<string, unknown>
  throw error
}
