import type { CallName } from '../client/calls/call-name.ts'
import { accessOf, type ClientAccess } from '../client/client-access.ts'
import type { Memcache } from '../client/memcache.ts'
import { OwnCalls } from '../client/own-calls.ts'
import type { MemcacheError } from '../errors.ts'
import { COUNTER_SERDE, type CounterCommand } from './counter-commands.ts'
import { openItems } from './host-items.ts'
import { hostKey } from './host-key.ts'

/**
 * Carries out commands on the counters of a client or of a namespace. The client's own calls are not used: `incr` creates a
 * counter in a second round trip, and shortens its time by the client's `ttlJitter`. Failures reject, whatever the client's
 * option `failures`: a hit that is not counted lets everything pass.
 */
export class CounterCalls {
  readonly #calls: OwnCalls
  readonly #prefix: string
  /** Makes every counter unreachable, with one command; undefined: the keys have no generation. */
  readonly clear: (() => Promise<void>) | undefined

  /**
   * @param access - Of the client or the namespace that has the counters.
   * @param prefix - In front of every key there.
   */
  constructor(access: ClientAccess, prefix: string, clear?: () => Promise<void>) {
    this.#calls = new OwnCalls(access)
    this.#prefix = prefix
    this.clear = clear
  }

  /**
   * Carries out a command on a key of the host, which is hashed where memcached could not take it.
   *
   * @param suffix - Identifies one of several counters of the key, all of which are on one server.
   */
  run<T>(name: CallName, key: string, command: CounterCommand, suffix = ''): Promise<T> {
    const shared = this.#prefix + hostKey(key)
    return this.#calls.run(name, shared + suffix, command, suffix === '' ? undefined : { routingKey: shared })
  }

  /** Reads several counters of a key, at one server; 0 where there is none. */
  async readMany(key: string, suffixes: readonly string[]): Promise<bigint[]> {
    const shared = this.#prefix + hostKey(key)
    const keys = suffixes.map((suffix) => shared + suffix)
    const found = await this.#calls.readMany<bigint>(keys, { routingKey: shared, serde: COUNTER_SERDE })
    return keys.map((own) => found.get(own) ?? 0n)
  }

  /** Reports a failure that the adapter makes a result of, as a `commandError` event of the client. */
  report(error: MemcacheError, key: string): void {
    this.#calls.report(error, this.#prefix + hostKey(key))
  }
}

/**
 * Returns the calls on the counters of an adapter: items of a client with a prefix.
 *
 * @param isClearable - Whether the keys carry a generation.
 */
export function openCounters(cache: Memcache, prefix: string, isClearable: boolean): CounterCalls {
  const { items, clear } = openItems(cache, prefix, isClearable)
  return new CounterCalls(accessOf(items)!, '', clear)
}
