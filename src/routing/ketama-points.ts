import type { RoutedServer } from './distribution.ts'
import type { HashFunction } from './hash/hash-function.ts'
import { md5Words } from './hash/md5.ts'
import { sha1Start } from './hash/sha1.ts'
import { PointList } from './ring.ts'

const POINTS_PER_SERVER = 160
const WORDS_PER_DIGEST = 4
const DIGESTS_PER_SERVER = POINTS_PER_SERVER / WORDS_PER_DIGEST
/** Points per server in libmemcached without weights. */
const UNWEIGHTED_POINTS = 100

/**
 * Makes libketama's points: little-endian words of md5(`name-0`), md5(`name-1`), ….
 *
 * @param counts - Number of digests of each server.
 * @param words - Number of words of each digest, from its beginning, that are points.
 */
export function md5Points(
  names: readonly string[],
  counts: readonly number[],
  words: number = WORDS_PER_DIGEST,
): PointList {
  const points = new PointList()
  for (const [owner, name] of names.entries()) {
    for (let at = 0; at < counts[owner]!; at++) {
      const digest = md5Words(`${name}-${at}`)
      for (let word = 0; word < words; word++) points.add(digest[word]! >>> 0, owner)
    }
  }
  return points
}

/** Makes the points of libmemcached's ring without weights: the key's hash function of `name-0` … `name-99`. */
export function hashPoints(names: readonly string[], hash: HashFunction): PointList {
  const points = new PointList()
  for (const [owner, name] of names.entries()) {
    for (let at = 0; at < UNWEIGHTED_POINTS; at++) points.add(hash(`${name}-${at}`) >>> 0, owner)
  }
  return points
}

/**
 * Makes Dalli's points (lib/dalli/ring.rb): the first four bytes, big-endian, of SHA-1(`name:0`), SHA-1(`name:1`), ….
 */
export function dalliPoints(names: readonly string[], counts: readonly number[]): PointList {
  const points = new PointList()
  for (const [owner, name] of names.entries()) {
    const count = counts[owner]!
    for (let at = 0; at < count; at++) points.add(sha1Start(`${name}:${at}`), owner)
  }
  return points
}

/**
 * Returns the number of digests of each server by weight, in the 32-bit floats of libmemcached (`update_continuum`),
 * twemproxy (`ketama_update`) and spymemcached: other rounding gives another ring.
 */
export function weightedDigests(servers: readonly RoutedServer[]): number[] {
  const f = Math.fround
  const total = f(totalWeight(servers))
  return servers.map(({ weight }) => {
    const share = f(f(weight) / total)
    return Math.floor(f(f(f(f(share * POINTS_PER_SERVER) / WORDS_PER_DIGEST) * f(servers.length)) + 0.0000000001))
  })
}

/** Returns the number of points of each server in Dalli's ring. */
export function dalliCounts(servers: readonly RoutedServer[]): number[] {
  const total = totalWeight(servers)
  return servers.map(({ weight }) => Math.floor((servers.length * POINTS_PER_SERVER * weight) / total))
}

/** Returns 40 digests for each server, whatever its weight. */
export function equalDigests(servers: readonly RoutedServer[]): number[] {
  return servers.map(() => DIGESTS_PER_SERVER)
}

/**
 * Returns 40 digests by weight in whole numbers: the ring of libketama's Python ports (hash_ring, hashring, uhashring).
 */
export function flooredDigests(servers: readonly RoutedServer[]): number[] {
  const total = totalWeight(servers)
  return servers.map(({ weight }) => Math.floor((DIGESTS_PER_SERVER * servers.length * weight) / total))
}

function totalWeight(servers: readonly RoutedServer[]): number {
  return servers.reduce((sum, { weight }) => sum + weight, 0)
}
