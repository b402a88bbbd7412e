import { BatchError } from '../errors.ts'
import type { Key } from '../protocol/key.ts'
import { DELETE, type Request } from '../protocol/request.ts'
import type { Ttl } from '../ttl.ts'
import type { AdminCommands } from './admin.ts'
import { batchError } from './batch.ts'
import type { BatchCommands } from './batch-commands.ts'
import type { DeleteManyOptions, FlushOptions, KeyOptions, SetManyOptions, WriteOptions } from './call-options.ts'
import { type Dispatcher, isAbsorbable } from './dispatcher.ts'
import type { Entries } from './entries.ts'
import { checkCas, checkUint64 } from './numbers.ts'
import { checkCallOptions, requireTtl } from './option-names.ts'
import { type ReportQuiet, unawaited } from './quiet-outcome.ts'
import { readNothing } from './results.ts'
import type { Values } from './values.ts'

/**
 * The writes of a client without their answers. A call resolves, to nothing, when its bytes are out of the caller's
 * hands: sent, or copied to be sent. Whether the server carried it out is not known; what it refuses comes as one
 * `commandError` event for the run of quiet commands that it was in. What could not be sent rejects, and is a `commandError`
 * event too: a call need not be awaited, its rejection never becomes an unhandled one. A batch of more
 * than half of what the client takes at a time (`maxPending`, `maxPendingBytes`) is sent in parts: it asks for its answers,
 * and drops them. Later calls for its keys wait for it.
 *
 * In text mode the server swallows refusals: a value that is too large is dropped, and the old one deleted, without a
 * word (protocol.txt, "noreply").
 */
export class NoreplyCommands {
  readonly #dispatcher: Dispatcher
  readonly #values: Values
  readonly #batches: BatchCommands
  readonly #admin: AdminCommands
  readonly #report: ReportQuiet

  /** @internal */
  constructor(
    dispatcher: Dispatcher,
    values: Values,
    batches: BatchCommands,
    admin: AdminCommands,
    report: ReportQuiet,
  ) {
    this.#dispatcher = dispatcher
    this.#values = values
    this.#batches = batches
    this.#admin = admin
    this.#report = report
  }

  /** Stores a value. */
  set(key: Key, value: unknown, options?: WriteOptions): Promise<void> {
    return this.#store('set', key, value, options)
  }

  /** Stores a value where there is none. */
  add(key: Key, value: unknown, options?: WriteOptions): Promise<void> {
    return this.#store('add', key, value, options)
  }

  /** Stores a value in the place of another. */
  replace(key: Key, value: unknown, options?: WriteOptions): Promise<void> {
    return this.#store('replace', key, value, options)
  }

  /** Adds bytes to the end of a value, past the serde. */
  append(key: Key, data: string | Uint8Array, options?: KeyOptions): Promise<void> {
    return this.#send('append', key, options, () => this.#values.extendRequest('append', key, data))
  }

  /** Adds bytes to the beginning of a value, past the serde. */
  prepend(key: Key, data: string | Uint8Array, options?: KeyOptions): Promise<void> {
    return this.#send('prepend', key, options, () => this.#values.extendRequest('prepend', key, data))
  }

  /** Stores a value if the item still has this cas number. */
  cas(key: Key, value: unknown, cas: bigint, options?: WriteOptions): Promise<void> {
    return this.#send('cas', key, options, () => this.#values.storeRequest('cas', key, value, checkCas(cas), options))
  }

  /** Removes an item. */
  delete(key: Key, options?: KeyOptions): Promise<void> {
    return this.#send('delete', key, options, () => DELETE)
  }

  /** Adds to a counter, if it exists. */
  incr(key: Key, delta: number | bigint = 1, options?: KeyOptions): Promise<void> {
    return this.#send('noreply.incr', key, options, () => ({ command: 'incr', delta: checkUint64('delta', delta) }))
  }

  /** Takes from a counter, if it exists; it stops at 0. */
  decr(key: Key, delta: number | bigint = 1, options?: KeyOptions): Promise<void> {
    return this.#send('noreply.decr', key, options, () => ({ command: 'decr', delta: checkUint64('delta', delta) }))
  }

  /** Renews the time to live. */
  touch(key: Key, ttl: Ttl, options?: KeyOptions): Promise<void> {
    const request = (): Request => ({ command: 'touch', exptime: this.#values.exptime(requireTtl(ttl, 'touch')) })
    return this.#send('touch', key, options, request)
  }

  /** Stores many values. */
  setMany(entries: Iterable<readonly [Key, unknown]>, options?: SetManyOptions): Promise<void>
  setMany(entries: Readonly<Record<string, unknown>>, options?: SetManyOptions): Promise<void>
  setMany(entries: Entries<Key>, options?: SetManyOptions): Promise<void> {
    return this.#storeMany('set', entries, options)
  }

  /** Stores many values where there are none. */
  addMany(entries: Iterable<readonly [Key, unknown]>, options?: SetManyOptions): Promise<void>
  addMany(entries: Readonly<Record<string, unknown>>, options?: SetManyOptions): Promise<void>
  addMany(entries: Entries<Key>, options?: SetManyOptions): Promise<void> {
    return this.#storeMany('add', entries, options)
  }

  /** Removes many items. */
  deleteMany(keys: Iterable<Key>, options?: DeleteManyOptions): Promise<void> {
    return unawaited(this.#report, [], () => {
      checkCallOptions('deleteMany', options)
      return this.#batches.deleteManyQuietly(keys, options)
    })
  }

  /**
   * Makes the servers forget everything they hold. Like a large batch it asks for the answers, on connections of its own,
   * and drops them: it resolves when all servers have answered or failed. A server that could not be asked rejects.
   */
  flushAll(options?: FlushOptions): Promise<void> {
    // The failures are by server, not by key.
    return unawaited(
      (error) => this.#report(error, []),
      [],
      () => {
        checkCallOptions('flushAll', options)
        return this.#flushAll(options)
      },
    )
  }

  async #flushAll(options: FlushOptions | undefined): Promise<void> {
    const failed = await this.#admin.flushAll(options).then(() => new Map<string, unknown>(), failuresByServer)
    const unsent = new Map<string, unknown>()
    for (const [server, reason] of failed) {
      if (isAbsorbable(reason) && reason.delivery !== 'not-sent') this.#dispatcher.report(reason, [])
      else unsent.set(server, reason)
    }
    if (unsent.size > 0) throw batchError('noreply.flushAll', unsent, failed.size, new Map<string, never>(), [])
  }

  #storeMany(command: 'set' | 'add', entries: Entries<Key>, options: SetManyOptions | undefined): Promise<void> {
    return unawaited(this.#report, [], () => {
      checkCallOptions(`${command}Many`, options)
      return this.#batches.storeManyQuietly(command, entries, options)
    })
  }

  #store(
    command: 'set' | 'add' | 'replace',
    key: Key,
    value: unknown,
    options: WriteOptions | undefined,
  ): Promise<void> {
    return this.#send(command, key, options, () => this.#values.storeRequest(command, key, value, 0n, options))
  }

  #send(command: string, key: Key, options: KeyOptions | undefined, request: () => Request): Promise<void> {
    return unawaited(this.#report, [key], () => {
      checkCallOptions(command, options)
      return this.#dispatcher.run(request(), key, readNothing, 'write', undefined, options, true)
    })
  }
}

/** What is wrong with the call, or its abort, is the caller's own doing. */
function failuresByServer(error: unknown): ReadonlyMap<string, unknown> {
  if (error instanceof BatchError) return error.failed as ReadonlyMap<string, unknown>
  throw error
}
