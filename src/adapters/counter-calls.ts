import type { KeyOptions } from '../client/call-options.ts'
import type { CallName } from '../client/calls/call-name.ts'
import type { Calls } from '../client/calls/calls.ts'
import { accessOf, type ClientAccess } from '../client/client-access.ts'
import type { Memcache } from '../client/memcache.ts'
import { type Keyspace, NEVER } from '../client/namespace/keyspace.ts'
import type { MemcacheError } from '../errors.ts'
import type { CounterCommand } from './counter-commands.ts'
import { openItems } from './host-client.ts'
import { hostKey } from './host-key.ts'

/**
 * Carries out commands on counters with a prefix. The client's own calls are not used: `incr` creates a counter in a
 * second round trip, and shortens its time by the client's `ttlJitter`. Failures reject, whatever the client's option
 * `failures`: a hit that is not counted lets everything pass.
 */
export class CounterCalls {
  readonly #access: ClientAccess
  readonly #keyspace: Keyspace
  readonly #calls: Calls
  readonly #prefix: string
  /** Makes every counter unreachable, with one command; undefined: the prefix has no generation. */
  readonly clear: (() => Promise<void>) | undefined

  /** @param isClearable - Whether the keys carry a generation. */
  constructor(cache: Memcache, prefix: string, isClearable: boolean) {
    const { items, clear } = openItems(cache, prefix, isClearable)
    this.#access = accessOf(items)!
    this.#keyspace = this.#access.keyspace!
    this.#calls = this.#access.parts.calls.within(prefix)
    this.#prefix = prefix
    this.clear = clear
  }

  /** Carries out a command on a key of the host, which is hashed where memcached could not take it. */
  run<T>(name: CallName, key: string, command: CounterCommand): Promise<T> {
    const { dispatcher } = this.#access.parts
    const own = hostKey(key)
    return this.#calls
      .of(name)
      .run(own, (tally) =>
        this.#keyspace.run<T, KeyOptions | undefined>(NEVER, undefined, tally, (prefix, options, counted) =>
          dispatcher.carry({ ...command, key: prefix + own, kind: 'never', instead: undefined, options }, counted),
        ),
      )
  }

  /** Reports a failure that the adapter makes a result of, as a `commandError` event of the client. */
  report(error: MemcacheError, key: string): void {
    this.#access.parts.dispatcher.report(error, [this.#prefix + hostKey(key)])
  }
}
