import type { RoutedServer } from './distribution.ts'
import type { HashFunction } from './hash/hash-function.ts'
import { md5Words } from './hash/md5.ts'
import { sha1Start } from './hash/sha1.ts'
import type { PointSource } from './ring-points.ts'

const POINTS_PER_SERVER = 160
const WORDS_PER_DIGEST = 4
const DIGESTS_PER_SERVER = POINTS_PER_SERVER / WORDS_PER_DIGEST
/** Number of points of each server in libmemcached without weights. */
const UNWEIGHTED_POINTS = 100

/** libketama's points: little-endian words of md5(`name-0`), md5(`name-1`), …. */
export const MD5_POINTS: PointSource = {
  size: WORDS_PER_DIGEST,
  digest: (name, at) => md5Words(`${name}-${at}`),
}

/** Dalli's points (lib/dalli/ring.rb): the first four bytes, big-endian, of SHA-1(`name:0`), SHA-1(`name:1`), …. */
export const SHA1_POINTS: PointSource = { size: 1, digest: (name, at) => [sha1Start(`${name}:${at}`)] }

/** Returns the points of libmemcached's ring without weights: the key's hash function of `name-0`, `name-1`, …. */
export function hashPoints(hash: HashFunction): PointSource {
  return { size: 1, digest: (name, at) => [hash(`${name}-${at}`)] }
}

/** Returns 100 points for each server, whatever its weight. */
export function unweightedCounts(servers: readonly RoutedServer[]): number[] {
  return servers.map(() => UNWEIGHTED_POINTS)
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
