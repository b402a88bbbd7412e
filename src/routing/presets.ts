import { checkChoice, checkHash, checkOptions, checkServers } from './check.ts'
import type { Distribution } from './distribution.ts'
import { crc, crc32 } from './hash/crc32.ts'
import { fnv1a_64 } from './hash/fnv1.ts'
import type { HashFunction, HashInput } from './hash/hash-function.ts'
import { javaStringHash } from './hash/java-string.ts'
import { pythonBytesText } from './hash/key-text.ts'
import { oneAtATime } from './hash/one-at-a-time.ts'
import { withHashTag } from './hash-part.ts'
import { ketama } from './ketama.ts'
import { libmemcachedModula } from './libmemcached.ts'
import { BucketRouter, modula } from './modula.ts'
import { inNameOrder } from './name-order.ts'
import { rendezvous } from './rendezvous.ts'
import { twemproxyName } from './server-name.ts'

/** Options of {@link pymemcache}. */
export interface PymemcacheOptions {
  /**
   * Type of the keys in the Python program. pymemcache hashes a `bytes` key as Python prints it, `b'key'`, so that it
   * has another server than the equal `str`.
   *
   * @defaultValue `'str'`
   */
  readonly keys?: 'str' | 'bytes' | undefined
}

/** Makes the distribution of pymemcache's `HashClient`: {@link rendezvous} over `host:port`. */
export function pymemcache(options: PymemcacheOptions = {}): Distribution {
  checkOptions(options, ['keys'], 'pymemcache')
  const keys = checkChoice(options.keys ?? 'str', ['str', 'bytes'], 'pymemcache: keys')
  const distribution = rendezvous()
  if (keys === 'str') return distribution
  return (servers) => {
    const router = distribution(servers)
    return {
      pick: (key) => router.pick(pythonBytesText(key)),
      order: (key) => router.order(pythonBytesText(key)),
    }
  }
}

/** Number of tries of python-memcached for a living server (`_SERVER_RETRIES`), the first included. */
const PYTHON_MEMCACHED_TRIES = 10

/**
 * Makes the distribution of python-memcached: fifteen bits of CRC-32, 0 made 1, modulo the weights' sum. The failover
 * order is its own: the hash of the last hash and the number of the try. python-memcached stops after ten tries; here
 * the other servers follow.
 *
 * Source: `cmemcache_hash` and `_get_server` in python-memcached 1.58.
 */
export function pythonMemcached(): Distribution {
  return (servers) => new BucketRouter(checkServers(servers), crcNotZero, PYTHON_MEMCACHED_TRIES - 1, crcOfTry)
}

function crcNotZero(key: HashInput): number {
  return crc(key) || 1
}

function crcOfTry(last: number, attempt: number): number {
  return crcNotZero(`${last}${attempt}`)
}

/**
 * Makes Dalli's ring (Ruby, Rails): `ketama` in its flavour. Dalli hashes the key with its namespace: `namespace:key`.
 */
export function dalli(): Distribution {
  return ketama({ flavour: 'dalli' })
}

/**
 * Makes the ring of spymemcached with `KetamaNodeLocator` and `KETAMA_HASH` in its own key format. spymemcached calls a
 * server by its address, `10.0.1.1:11211`, or, if given a host name, `myhost/10.0.1.1:11211`: give that as the server's
 * name.
 */
export function spymemcached(): Distribution {
  return ketama({ flavour: 'spymemcached' })
}

/** Makes spymemcached's default: Java's `String.hashCode()` modulo the number of servers; no weights. */
export function spymemcachedModula(): Distribution {
  return modula({ hash: javaStringHash })
}

/** Options of {@link twemproxy} and {@link twemproxyModula}: those of the pool in twemproxy's configuration. */
export interface TwemproxyOptions {
  /**
   * The pool's `hash`. With `hashes.md5` its ketama is that of libmemcached.
   *
   * @defaultValue `hashes.fnv1a_64`, as in twemproxy
   */
  readonly hash?: HashFunction | undefined
  /** The pool's `hash_tag`, two characters such as `'{}'`: only the part of a key between them is hashed. */
  readonly hashTag?: string | undefined
}

/** Makes the distribution of a twemproxy pool with `distribution: ketama`, its default. */
export function twemproxy(options: TwemproxyOptions = {}): Distribution {
  checkOptions(options, ['hash', 'hashTag'], 'twemproxy')
  return ketama({ flavour: 'twemproxy', hash: options.hash, hashTag: options.hashTag })
}

/**
 * Makes the distribution of a twemproxy pool with `distribution: modula`: a server counts as often as its weight.
 * twemproxy sorts its servers first, shorter names before longer ones: the order of the list does not count.
 */
export function twemproxyModula(options: TwemproxyOptions = {}): Distribution {
  checkOptions(options, ['hash', 'hashTag'], 'twemproxyModula')
  const hash = checkHash(options.hash, fnv1a_64, 'twemproxyModula')
  const distribution = modula({ hash: withHashTag(hash, options.hashTag, 'twemproxyModula'), weighted: true })
  return inNameOrder(distribution, twemproxyName)
}

/**
 * Makes the distribution of gomemcache: CRC-32 modulo the number of servers. A server listed twice there has the weight
 * 2 here.
 */
export function gomemcache(): Distribution {
  return modula({ hash: crc32, weighted: true })
}

/** Makes the default of PHP's Memcached: libmemcached's `modula` with one-at-a-time. */
export function phpMemcached(): Distribution {
  return libmemcachedModula()
}

/**
 * Makes the distribution of PHP's Memcached with `OPT_DISTRIBUTION` = `DISTRIBUTION_CONSISTENT`: 100 points a server,
 * one-at-a-time. A unix socket is its path, as `addServer(path, 0)` makes it.
 */
export function phpMemcachedConsistent(): Distribution {
  return ketama({ flavour: 'phpMemcached', weighted: false, hash: oneAtATime })
}

/**
 * Makes the distribution of PHP's Memcached with `OPT_LIBKETAMA_COMPATIBLE`: `ketama()` itself, but for unix sockets,
 * which are their paths, as `addServer(path, 0)` makes them.
 */
export function phpMemcachedLibketama(): Distribution {
  return ketama({ flavour: 'phpMemcached' })
}

/**
 * Makes the distribution of PHP's older Memcache with `memcache.hash_strategy=standard`: fifteen bits of CRC-32, modulo
 * the weights.
 */
export function phpMemcache(): Distribution {
  return modula({ hash: crc, weighted: true })
}

/**
 * Makes the distribution of meta-memcache-py's `NonConsistentHashPoolProvider`: CRC-32 modulo the number of servers.
 */
export function metaMemcacheModula(): Distribution {
  return modula({ hash: crc32 })
}
