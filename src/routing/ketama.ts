import { InvalidInputError } from '../errors.ts'
import { checkChoice, checkFlag, checkHash, checkOptions, checkServers } from './check.ts'
import type { Distribution, RoutedServer } from './distribution.ts'
import { crc32 } from './hash/crc32.ts'
import { fnv1a_64 } from './hash/fnv1.ts'
import type { HashFunction, HashInput } from './hash/hash-function.ts'
import { bytesOf } from './hash/key-bytes.ts'
import { md5 } from './hash/md5.ts'
import { oneAtATime } from './hash/one-at-a-time.ts'
import { withHashTag } from './hash-part.ts'
import {
  dalliCounts,
  equalDigests,
  hashPoints,
  MD5_POINTS,
  SHA1_POINTS,
  unweightedCounts,
  weightedDigests,
} from './ketama-points.ts'
import { inNameOrder } from './name-order.ts'
import { Ring, type RingShape } from './ring.ts'
import { partsOf } from './ring-points.ts'
import { previousPoints, RingRouter } from './ring-router.ts'
import {
  libmemcachedName,
  libmemcachedSpyName,
  type NameForm,
  namesOf,
  phpMemcachedName,
  plainName,
  twemproxyName,
} from './server-name.ts'
import { weightedKetama } from './weighted-ketama.ts'

/** Client whose ring to use: the rings differ in the names of servers, in the points and in the search. */
export type KetamaFlavour = 'libmemcached' | 'phpMemcached' | 'libmemcachedSpy' | 'spymemcached' | 'dalli' | 'twemproxy'

const FLAVOURS: readonly KetamaFlavour[] = [
  'libmemcached',
  'phpMemcached',
  'libmemcachedSpy',
  'spymemcached',
  'dalli',
  'twemproxy',
]

// As in a TreeMap, the last node put at a point owns it.
const SPYMEMCACHED: RingShape = { source: MD5_POINTS, side: 'atOrAbove', winner: 'last' }
const DALLI: RingShape = { source: SHA1_POINTS, side: 'atOrBelow', winner: 'last' }

/** Options of {@link ketama}. */
export interface KetamaOptions {
  /**
   * Whether points depend on the weight. Otherwise every server has the same number: 100 in libmemcached, 160 in
   * spymemcached. A weight above 1 makes libmemcached's rings weighted all the same, as in libmemcached. The rings of
   * Dalli and twemproxy are always weighted.
   *
   * @defaultValue `true` for libmemcached, phpMemcached, dalli, twemproxy; for libmemcachedSpy and spymemcached whether a server has
   * a weight other than 1
   */
  readonly weighted?: boolean | undefined
  /**
   * Hash of the keys; in libmemcached's unweighted rings that of the points too.
   *
   * @defaultValue `hashes.md5`; where the client's own default is another, that: `hashes.oneAtATime` for libmemcached's
   * and phpMemcached's unweighted rings, `hashes.crc32` for dalli, `hashes.fnv1a_64` for twemproxy
   */
  readonly hash?: HashFunction | undefined
  /**
   * Client whose ring to use. `phpMemcached` is libmemcached with another name for unix sockets.
   *
   * @defaultValue `'libmemcached'`
   */
  readonly flavour?: KetamaFlavour | undefined
  /**
   * For twemproxy only: its `hash_tag`, two characters such as `'{}'`; only the part of a key between them is hashed.
   */
  readonly hashTag?: string | undefined
}

/**
 * Makes a ring of points: a server that comes or goes moves its own share of the keys and no other. By default the ring
 * of libmemcached with weights and md5, which PHP (`OPT_LIBKETAMA_COMPATIBLE`), pylibmc (`ketama_weighted`) and
 * twemproxy (with `hash: md5`) share. While a server is down its keys go to the next servers on the ring; with Dalli's
 * flavour to those that Dalli tries.
 *
 * libmemcached's weighted ring rounds in 32 bits and gives servers 156 points instead of 160 at some sizes of the list.
 * A server more or less across such a border moves more keys than its share, 4 instead of 1 of 100 at a hundred
 * servers. With more than 50 servers, and no other client on the same ring, `weighted: false` and `rendezvous` keep to
 * the share.
 *
 * Sources: Last.fm's libketama; `update_continuum` in libmemcached 1.1.4; `KetamaNodeLocator` in spymemcached 2.12;
 * lib/dalli/ring.rb; `nc_ketama.c` in twemproxy.
 *
 * @throws InvalidInputError for options that do not exist or do not fit together, and for a list of servers that is
 * empty or has a name twice.
 */
export function ketama(options: KetamaOptions = {}): Distribution {
  checkOptions(options, ['weighted', 'hash', 'flavour', 'hashTag'], 'ketama')
  const flavour = checkChoice(options.flavour ?? 'libmemcached', FLAVOURS, 'ketama: flavour')
  const weighted = checkFlag(options.weighted, 'ketama: weighted')
  const { hash, hashTag } = options
  checkHash(hash, md5, 'ketama')
  if (hashTag !== undefined && flavour !== 'twemproxy') {
    throw new InvalidInputError(`ketama: hashTag is for the flavour twemproxy, not for ${flavour}`)
  }
  switch (flavour) {
    case 'libmemcached':
      return libmemcachedKetama(libmemcachedName, weighted ?? true, hash)
    case 'phpMemcached':
      return libmemcachedKetama(phpMemcachedName, weighted ?? true, hash)
    case 'libmemcachedSpy':
      return libmemcachedKetama(libmemcachedSpyName, weighted ?? false, hash)
    case 'spymemcached':
      return spymemcachedKetama(weighted, hash ?? md5)
    case 'dalli':
      refuseUnweighted(weighted, flavour)
      return dalliKetama(hash ?? crc32)
    case 'twemproxy':
      refuseUnweighted(weighted, flavour)
      return twemproxyKetama(withHashTag(hash ?? fnv1a_64, hashTag, 'ketama'))
  }
}

function libmemcachedKetama(nameOf: NameForm, weighted: boolean, hash: HashFunction | undefined): Distribution {
  return weighted ? weightedKetama(nameOf, hash) : unweightedKetama(nameOf, hash ?? oneAtATime)
}

function unweightedKetama(nameOf: NameForm, hash: HashFunction): Distribution {
  const weightedRing = weightedKetama(nameOf, hash)
  const shape: RingShape = { source: hashPoints(hash), side: 'atOrAbove', winner: 'first' }
  return (list, previous) => {
    const servers = checkServers(list)
    // libmemcached changes to the weighted ring when a server with a weight above 1 is added, and keeps the key's hash.
    if (hasWeights(servers)) return weightedRing(servers, previous)
    const parts = partsOf(namesOf(servers, nameOf), unweightedCounts(servers))
    return new RingRouter(new Ring(shape, parts, previousPoints(previous)), servers.length, hash)
  }
}

function spymemcachedKetama(weighted: boolean | undefined, hash: HashFunction): Distribution {
  return (list, previous) => {
    const servers = checkServers(list)
    const counts = (weighted ?? hasWeights(servers)) ? weightedDigests(servers) : equalDigests(servers)
    const ring = new Ring(SPYMEMCACHED, partsOf(namesOf(servers, plainName), counts), previousPoints(previous))
    return new RingRouter(ring, servers.length, hash)
  }
}

function twemproxyKetama(hash: HashFunction): Distribution {
  // The order decides between equal points only.
  return inNameOrder(weightedKetama(twemproxyName, hash), twemproxyName)
}

function dalliKetama(hash: HashFunction): Distribution {
  return (list, previous) => {
    const servers = checkServers(list)
    const ring = new Ring(DALLI, partsOf(namesOf(servers, plainName), dalliCounts(servers)), previousPoints(previous))
    return new RingRouter(ring, servers.length, hash, (key) => dalliTries(key, hash))
  }
}

/** Number of places that Dalli tries for a key: by its own hash, then with the number of the try before the key. */
const DALLI_TRIES = 20

function* dalliTries(key: HashInput, hash: HashFunction): Generator<number, void, undefined> {
  for (let attempt = 0; attempt < DALLI_TRIES - 1; attempt++) yield hash(withPrefix(String(attempt), key)) >>> 0
}

function withPrefix(prefix: string, key: HashInput): HashInput {
  if (typeof key === 'string') return prefix + key
  const { bytes, length } = bytesOf(prefix)
  const whole = new Uint8Array(length + key.length)
  whole.set(bytes.subarray(0, length))
  whole.set(key, length)
  return whole
}

function hasWeights(servers: readonly RoutedServer[]): boolean {
  return servers.some(({ weight }) => weight !== 1)
}

function refuseUnweighted(weighted: boolean | undefined, flavour: KetamaFlavour): void {
  if (weighted !== false) return
  throw new InvalidInputError(`ketama: the ring of ${flavour} is always weighted: leave \`weighted\` out`)
}
