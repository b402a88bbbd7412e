import { checkFlag, checkHash, checkOptions, checkServers } from './check.ts'
import type { Distribution, RoutedServer, Router } from './distribution.ts'
import type { HashFunction, HashInput } from './hash/hash-function.ts'
import { oneAtATime } from './hash/one-at-a-time.ts'
import { distinctOrder, spreadOrder } from './spread-order.ts'

/** Options of {@link modula}. */
export interface ModulaOptions {
  /** @defaultValue `hashes.oneAtATime`, libmemcached's */
  readonly hash?: HashFunction | undefined
  /**
   * Whether a server of weight w counts as w servers in a row. Without it weights do not count, as in libmemcached.
   *
   * @defaultValue `false`
   */
  readonly weighted?: boolean | undefined
}

/**
 * Makes the distribution by hash of the key modulo the number of servers, in the order of the list: libmemcached's,
 * PHP's and pylibmc's default. A server that comes or goes moves almost every key: only for sharing keys with programs
 * that do the same. While a server is down its keys spread over all others, by a shuffle of the key's hash.
 */
export function modula(options: ModulaOptions = {}): Distribution {
  checkOptions(options, ['hash', 'weighted'], 'modula')
  const hash = checkHash(options.hash, oneAtATime, 'modula')
  const weighted = checkFlag(options.weighted, 'modula: weighted') ?? false
  return (list) => {
    const servers = checkServers(list)
    return weighted ? new BucketRouter(servers, hash) : new ModulaRouter(servers.length, hash)
  }
}

class ModulaRouter implements Router {
  readonly #count: number
  readonly #hash: HashFunction

  constructor(count: number, hash: HashFunction) {
    this.#count = count
    this.#hash = hash
  }

  pick(key: HashInput): number {
    return this.#count === 1 ? 0 : (this.#hash(key) >>> 0) % this.#count
  }

  order(key: HashInput): Iterable<number> {
    return spreadOrder(this.pick(key), this.#count, this.#hash(key))
  }
}

/** Returns another hash for a key whose server is down, from the last hash and the number of the try. */
export type NextHash = (hash: number, attempt: number) => number

/**
 * Router with as many buckets in a row for a server as its weight; the hash modulo their number is the key's bucket.
 */
export class BucketRouter implements Router {
  readonly #count: number
  readonly #hash: HashFunction
  /** Bucket after each server's last one. */
  readonly #ends: Float64Array
  readonly #buckets: number
  readonly #tries: number
  readonly #nextHash: NextHash | undefined

  /** @param tries - Number of calls of `nextHash` before the other servers follow by their index. */
  constructor(servers: readonly RoutedServer[], hash: HashFunction, tries = 0, nextHash?: NextHash) {
    let end = 0
    this.#ends = Float64Array.from(servers, ({ weight }) => (end += weight))
    this.#buckets = end
    this.#count = servers.length
    this.#hash = hash
    this.#tries = tries
    this.#nextHash = nextHash
  }

  pick(key: HashInput): number {
    return this.#count === 1 ? 0 : this.#owner(this.#hash(key) >>> 0)
  }

  order(key: HashInput): Iterable<number> {
    const hash = this.#hash(key) >>> 0
    if (this.#nextHash === undefined) return spreadOrder(this.#owner(hash), this.#count, hash)
    return distinctOrder(this.#rehashed(hash, this.#nextHash), this.#count)
  }

  *#rehashed(start: number, nextHash: NextHash): Generator<number, void, undefined> {
    let hash = start
    yield this.#owner(hash)
    for (let attempt = 0; attempt < this.#tries; attempt++) {
      hash = nextHash(hash, attempt)
      yield this.#owner(hash)
    }
  }

  #owner(hash: number): number {
    const bucket = hash % this.#buckets
    let low = 0
    let high = this.#count - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#ends[middle]! <= bucket) low = middle + 1
      else high = middle
    }
    return low
  }
}
