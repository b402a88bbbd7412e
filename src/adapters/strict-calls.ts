import type { KeyOptions } from '../client/call-options.ts'
import type { CallName } from '../client/calls/call-name.ts'
import type { Calls } from '../client/calls/calls.ts'
import { accessOf, type ClientAccess } from '../client/client-access.ts'
import type { Command } from '../client/commands/command.ts'
import type { Memcache } from '../client/memcache.ts'
import { type Keyspace, NEVER } from '../client/namespace/keyspace.ts'
import type { ClientParts } from '../client/parts.ts'
import type { MemcacheError } from '../errors.ts'
import { hostKey } from './host-key.ts'

/** Makes the command of a call on a key, prefix included. The options are those that the command is to have. */
export type MakeStrict = (parts: ClientParts, key: string, options: KeyOptions | undefined) => Omit<Command, 'kind'>

/**
 * Calls on keys behind a prefix whose failures reject, whatever the client's option `failures` says: a session that is not
 * found logs its user out, and a hit that is not counted lets everything pass.
 */
export class StrictCalls {
  readonly #access: ClientAccess
  readonly #keyspace: Keyspace
  readonly #calls: Calls
  readonly #prefix: string
  /** Makes every item unreachable, with one command; undefined: the prefix has no generation. */
  readonly clear: (() => Promise<void>) | undefined

  /** @param clearable - Whether the keys carry a generation. */
  constructor(cache: Memcache, prefix: string, clearable: boolean) {
    const clearing = clearable ? cache.namespace(prefix, { generations: true }) : undefined
    this.#access = accessOf(clearing ?? cache.namespace(prefix))!
    this.#keyspace = this.#access.keyspace!
    this.#calls = this.#access.parts.calls.within(prefix)
    this.#prefix = prefix
    this.clear = clearing && (() => clearing.clear())
  }

  /** Carries out a call about a key of the host, which is hashed where memcached could not take it. */
  run<T>(name: CallName, key: string, make: MakeStrict): Promise<T> {
    const { parts } = this.#access
    const own = hostKey(key)
    return this.#calls
      .of(name)
      .run(own, (tally) =>
        this.#keyspace.run<T, KeyOptions | undefined>(NEVER, undefined, tally, (prefix, rest, counted) =>
          parts.dispatcher.carry({ ...make(parts, prefix + own, rest), kind: 'never' }, counted),
        ),
      )
  }

  /** Reports a failure that the adapter makes a result of, as a `commandError` event of the client. */
  report(error: MemcacheError, key: string): void {
    this.#access.parts.dispatcher.report(error, [this.#prefix + hostKey(key)])
  }
}
