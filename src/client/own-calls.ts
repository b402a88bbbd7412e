import type { MemcacheError } from '../errors.ts'
import type { BatchCommands } from './batch-commands.ts'
import type { KeyOptions, ReadOptions } from './call-options.ts'
import type { CallName } from './calls/call-name.ts'
import type { Calls } from './calls/calls.ts'
import type { ClientAccess } from './client-access.ts'
import type { Command } from './commands/command.ts'
import type { Dispatcher } from './dispatcher.ts'
import { NamespaceKeys, NEVER } from './namespace/namespace-keys.ts'

/** A command whose key is not known yet. */
export type KeylessCommand = Pick<Command, 'request' | 'interpret'>

/** Options of a call that a function of another entry point makes. */
export interface OwnCallOptions extends KeyOptions {
  /** Whether only the key's own server may carry it out: it fails while that server is out. */
  readonly homeOnly?: boolean
}

/**
 * Carries out commands of functions of other entry points, on keys of a client or of a namespace. Failures reject, whatever
 * the client's option `failures`.
 */
export class OwnCalls {
  readonly #dispatcher: Dispatcher
  readonly #batches: BatchCommands
  readonly #namespaceKeys: NamespaceKeys
  readonly #calls: Calls

  constructor({ parts, namespaceKeys }: ClientAccess) {
    this.#dispatcher = parts.dispatcher
    this.#batches = parts.batches
    this.#namespaceKeys = namespaceKeys ?? new NamespaceKeys(parts.dispatcher, '', undefined)
    this.#calls = namespaceKeys === undefined ? parts.calls : parts.calls.within(namespaceKeys.prefix)
  }

  /** @param name - Public call that metrics and channels count it as. */
  run<T>(name: CallName, key: string, command: KeylessCommand, call?: OwnCallOptions): Promise<T> {
    return this.#calls
      .of(name)
      .run(key, (tally) =>
        this.#namespaceKeys.run<T, OwnCallOptions | undefined>(NEVER, call, tally, (prefix, options, counted) =>
          options?.homeOnly === true
            ? this.#dispatcher.runAtHome(command.request, prefix + key, command.interpret, options, undefined, counted)
            : this.#dispatcher.carry(
                { ...command, key: prefix + key, kind: 'never', instead: undefined, options },
                counted,
              ),
        ),
      )
  }

  /** Reads values at the servers, as `getMany` does: the hits by key. */
  readMany<T>(keys: readonly string[], call: ReadOptions): Promise<Map<string, T>> {
    return this.#calls.of('getMany').runMany(keys, (_given, tally) =>
      this.#namespaceKeys.run<Map<string, T>, ReadOptions>(NEVER, call, tally, async (prefix, options, counted) => {
        const own = { ...options, keyPrefix: prefix, failures: 'throw', near: false } as const
        return this.#batches.getMany<T, string>(keys, own, counted)
      }),
    )
  }

  /** Reports a failure that no call rejects with, as a `commandError` event of the client. */
  report(error: MemcacheError, key: string): void {
    this.#dispatcher.report(error, [this.#namespaceKeys.prefix + key])
  }
}
