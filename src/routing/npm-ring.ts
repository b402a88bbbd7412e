import { checkServers } from './check.ts'
import type { Distribution, Router } from './distribution.ts'
import type { HashFunction } from './hash/hash-function.ts'
import { md5, md5Words } from './hash/md5.ts'
import { checkPointCount, PointList, Ring } from './ring.ts'
import { RingRouter } from './ring-router.ts'
import { namesOf } from './server-name.ts'

/** A server on the ring of npm's `hashring`. */
export interface NpmRingServer {
  /** Index of the server in the list. */
  readonly owner: number
  /** Text hashed for the server. */
  readonly text: string
  /** Share of the keys, relative to the other servers: a number above 0. */
  readonly weight: number
  /** Number of digests, instead of a share. */
  readonly vnodes?: number | undefined
}

/** Hash functions of the ring. */
export interface NpmHashing {
  /** Digest of a text, as little-endian words of 32 bits. */
  readonly words: (text: string) => ArrayLike<number>
  /** First word of the digest of a key. */
  readonly hash: HashFunction
  /** Words of a digest that are points. */
  readonly points: number
}

/** Hashing of `memcached`: `algorithm: 'md5'` with `compatibility: 'ketama'`. */
export const NPM_KETAMA: NpmHashing = { words: md5Words, hash: md5, points: 4 }

const DIGESTS_PER_SERVER = 40
const WITH_DEFAULT_PORT = /^([^:]+):11211$/

/** Returns what `compatibility: 'ketama'` hashes for a server: its host alone, where the port is memcached's own. */
export function npmKetamaText(server: string): string {
  return WITH_DEFAULT_PORT.exec(server)?.[1] ?? server
}

/**
 * Makes the ring of npm's `hashring`. The ring is libketama's with other rounding: 7 equal servers, or 14, or 25, have
 * fewer points here.
 *
 * @param count - Number of servers in the list.
 */
export function npmRing(servers: readonly NpmRingServer[], count: number, hashing: NpmHashing): Router {
  let total = 0
  for (const { weight } of servers) total += weight
  const points = new PointList()
  let sum = 0
  for (const { owner, text, weight, vnodes } of servers) {
    // In this order: other rounding is another ring.
    const digests = vnodes ?? Math.floor((weight / total) * DIGESTS_PER_SERVER * servers.length)
    sum += digests * hashing.points
    checkPointCount(sum)
    for (let at = 0; at < digests; at++) {
      const words = hashing.words(`${text}-${at}`)
      for (let word = 0; word < hashing.points; word++) points.add(words[word]! >>> 0, owner)
    }
  }
  return new RingRouter(new Ring(points, 'atOrAbove', 'first'), count, hashing.hash)
}

/**
 * Makes the ring of the npm package `memcached`. With two to six equal servers it is that of `ketama()`; with 7, 14, 25
 * and other numbers, and with some weights, up to three of a hundred keys have another server there.
 */
export function memcachedNpm(): Distribution {
  return (list) => {
    const servers = checkServers(list)
    const texts = namesOf(servers, ({ name }) => npmKetamaText(name))
    const placed = servers.map(({ weight }, owner) => ({ owner, text: texts[owner]!, weight }))
    return npmRing(placed, servers.length, NPM_KETAMA)
  }
}
