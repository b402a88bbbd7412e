import { checkHash, checkOptions, checkServers } from './check.ts'
import type { Distribution, Router } from './distribution.ts'
import type { HashFunction, HashInput } from './hash/hash-function.ts'
import { md5 } from './hash/md5.ts'
import { oneAtATime } from './hash/one-at-a-time.ts'
import { ketama } from './ketama.ts'
import { modula } from './modula.ts'
import { spreadOrder } from './spread-order.ts'

// Compared with libmemcached 1.1.4, called by pylibmc 1.6.3 and by PHP 8.2. Its namespace (`MEMCACHED_CALLBACK_PREFIX_KEY`)
// is not hashed unless `HASH_WITH_PREFIX_KEY` is set.

/** Options of libmemcached's presets: its `MEMCACHED_BEHAVIOR_HASH`, pylibmc's `hash`. */
export interface LibmemcachedOptions {
  /** Hash of the keys: `hashes.oneAtATime` for libmemcached's `default`, `hashes.md5`, `hashes.crc` … */
  readonly hash?: HashFunction | undefined
}

/**
 * Makes libmemcached's, pylibmc's and PHP's default, `modula`: hash % servers, by default one-at-a-time; no weights.
 */
export function libmemcachedModula(options: LibmemcachedOptions = {}): Distribution {
  return modula({ hash: hashOf(options, 'libmemcachedModula', oneAtATime) })
}

/**
 * Makes libmemcached's `consistent` and `consistent ketama` (pylibmc's `ketama: True`): 100 points a server, hashed by
 * the key's hash, by default one-at-a-time. With a weight above 1 it is the ring of {@link libmemcachedWeighted}, with
 * that key hash.
 */
export function libmemcachedConsistent(options: LibmemcachedOptions = {}): Distribution {
  return ketama({ weighted: false, hash: hashOf(options, 'libmemcachedConsistent', oneAtATime) })
}

/**
 * Makes libmemcached's `ketama_weighted`, PHP's `OPT_LIBKETAMA_COMPATIBLE`: 160 points a server and md5, as `ketama()`.
 */
export function libmemcachedWeighted(options: LibmemcachedOptions = {}): Distribution {
  return ketama({ hash: hashOf(options, 'libmemcachedWeighted', md5) })
}

/**
 * Makes libmemcached's `consistent ketama spy`: 100 points a server called `/host:port`, by default with one-at-a-time.
 * Not spymemcached's ring, which has no slash.
 */
export function libmemcachedSpy(options: LibmemcachedOptions = {}): Distribution {
  return ketama({ flavour: 'libmemcachedSpy', hash: hashOf(options, 'libmemcachedSpy', oneAtATime) })
}

/**
 * Makes libmemcached's `virtual bucket` without a map of buckets: hash & (servers − 1). Only for sharing keys with such
 * a program: unless the number of servers is a power of two, some servers get no keys.
 */
export function libmemcachedVirtualBucket(options: LibmemcachedOptions = {}): Distribution {
  const hash = hashOf(options, 'libmemcachedVirtualBucket', oneAtATime)
  return (list) => new MaskRouter(checkServers(list).length, hash)
}

class MaskRouter implements Router {
  readonly #count: number
  readonly #hash: HashFunction

  constructor(count: number, hash: HashFunction) {
    this.#count = count
    this.#hash = hash
  }

  pick(key: HashInput): number {
    return this.#hash(key) & (this.#count - 1)
  }

  order(key: HashInput): Iterable<number> {
    return spreadOrder(this.pick(key), this.#count, this.#hash(key))
  }
}

function hashOf(options: LibmemcachedOptions, preset: string, otherwise: HashFunction): HashFunction {
  checkOptions(options, ['hash'], preset)
  return checkHash(options.hash, otherwise, preset)
}
