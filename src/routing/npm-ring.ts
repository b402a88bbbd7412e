import { checkServers } from './check.ts'
import type { Distribution, Router } from './distribution.ts'
import type { HashFunction } from './hash/hash-function.ts'
import { md5 } from './hash/md5.ts'
import { MD5_POINTS } from './ketama-points.ts'
import { checkPointCount, Ring, type RingShape } from './ring.ts'
import type { RingPart } from './ring-points.ts'
import { previousPoints, RingRouter } from './ring-router.ts'
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
  readonly shape: RingShape
  /** First word of the digest of a key. */
  readonly hash: HashFunction
}

/** Hashing of `memcached`: `algorithm: 'md5'` with `compatibility: 'ketama'`. */
export const NPM_KETAMA: NpmHashing = { shape: { source: MD5_POINTS, side: 'atOrAbove', winner: 'first' }, hash: md5 }

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
 * @param previous - Router of the list before, as a distribution is given it.
 */
export function npmRing(
  servers: readonly NpmRingServer[],
  count: number,
  { shape, hash }: NpmHashing,
  previous: Router | undefined,
): Router {
  let total = 0
  for (const { weight } of servers) total += weight
  let sum = 0
  const parts = servers.map(({ owner, text, weight, vnodes }) => {
    // In this order: other rounding is another ring.
    const digests = Math.max(0, Math.ceil(vnodes ?? Math.floor((weight / total) * DIGESTS_PER_SERVER * servers.length)))
    sum += digests * shape.source.size
    checkPointCount(sum)
    return { name: text, owner, digests }
  })
  // A source of its own: a ring on which servers have several parts is not made of another, nor another of it.
  const own = isPlain(parts) ? shape : { ...shape, source: { ...shape.source } }
  return new RingRouter(new Ring(own, parts, previousPoints(previous)), count, hash)
}

/** Checks whether every server has one part, and no other has the same text. */
function isPlain(parts: readonly RingPart[]): boolean {
  return parts.every(({ owner }, at) => owner === at) && new Set(parts.map(({ name }) => name)).size === parts.length
}

/**
 * Makes the ring of the npm package `memcached`. With two to six equal servers it is that of `ketama()`; with 7, 14, 25
 * and other numbers, and with some weights, up to three of a hundred keys have another server there.
 */
export function memcachedNpm(): Distribution {
  return (list, previous) => {
    const servers = checkServers(list)
    const texts = namesOf(servers, ({ name }) => npmKetamaText(name))
    const placed = servers.map(({ weight }, owner) => ({ owner, text: texts[owner]!, weight }))
    return npmRing(placed, servers.length, NPM_KETAMA, previous)
  }
}
