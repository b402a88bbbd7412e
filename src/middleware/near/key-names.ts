import { Buffer, isUtf8 } from 'node:buffer'
import { InvalidInputError } from '../../errors.ts'
import { messageOf } from '../../message-of.ts'
import { type Key, keyBytes, quoteKey, type WireKey } from '../../protocol/key.ts'
import type { ResolvedNearCacheOptions } from './options.ts'

/** Returns the name of a key: its bytes, one character per byte. Undefined for a key in base64, which is never kept. */
export function nameOf(key: WireKey): string | undefined {
  if (typeof key === 'string') return key
  return key.form === 'base64' ? undefined : key.echo
}

/** The keys of a client by their names: which may be kept, and what a caller calls them. */
export class KeyNames {
  readonly #prefix: string
  /** Beginnings of the names that may be kept. */
  readonly #beginnings: readonly string[] | undefined
  readonly #allows: ((key: Key) => boolean) | undefined

  /** @param prefix - That of the client. */
  constructor(prefix: Uint8Array, keys: ResolvedNearCacheOptions['keys']) {
    this.#prefix = Buffer.from(prefix).toString('latin1')
    this.#allows = typeof keys === 'function' ? keys : undefined
    this.#beginnings =
      typeof keys === 'object' ? keys.map((key) => this.#prefix + keyBytes(key).toString('latin1')) : undefined
  }

  /** Whether a key may be kept. Throws `InvalidInputError` where the function of the option throws. */
  allows(name: string): boolean {
    if (this.#beginnings !== undefined) return this.#beginnings.some((beginning) => name.startsWith(beginning))
    if (this.#allows === undefined) return true
    const key = this.keyOf(name)
    try {
      return this.#allows(key)
    } catch (cause) {
      throw new InvalidInputError(`option keys of nearCache threw for key ${quoteKey(key)}: ${messageOf(cause)}`, {
        cause,
      })
    }
  }

  /** Returns the key of a caller, without the client's prefix. */
  keyOf(name: string): Key {
    const bytes = Buffer.from(name.slice(this.#prefix.length), 'latin1')
    return isUtf8(bytes) ? bytes.toString('utf8') : bytes
  }

  /**
   * Returns what tells an item from others of its key on other servers: the key that chose the server, where that is another
   * one than the key itself.
   */
  routingOf(name: string, routingKey: Key | undefined): string | undefined {
    if (routingKey === undefined) return undefined
    // Nearly every key, without a look at its bytes.
    if (typeof routingKey === 'string' && this.#isWhole(name, routingKey)) return undefined
    const routing = keyBytes(routingKey).toString('latin1')
    return this.#isWhole(name, routing) ? undefined : routing
  }

  #isWhole(name: string, key: string): boolean {
    return name.length === this.#prefix.length + key.length && name.endsWith(key)
  }
}
