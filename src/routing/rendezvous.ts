import { InvalidInputError } from '../errors.ts'
import { showValue } from '../show-value.ts'
import { checkHash, checkOptions, checkServers, refuseWeights } from './check.ts'
import type { Distribution, Router } from './distribution.ts'
import type { HashInput, SeededHashFunction } from './hash/hash-function.ts'
import { codePointBytes } from './hash/key-text.ts'
import { murmur3 } from './hash/murmur3.ts'
import { Murmur3Prefixes } from './hash/murmur3-prefixes.ts'
import { namesOf, plainName } from './server-name.ts'

const MAX_SEED = 0xffff_ffff

/** Options of {@link rendezvous}. */
export interface RendezvousOptions {
  /**
   * Seed of the hash; an integer from 0 to 2³²−1.
   *
   * @defaultValue `0`
   */
  readonly seed?: number | undefined
  /**
   * Function for the score of a server's name, `-` and the key, given as bytes.
   *
   * @defaultValue `hashes.murmur3`
   */
  readonly hash?: SeededHashFunction | undefined
}

/**
 * Rendezvous hashing (Thaler and Ravishankar, 1998) as in pymemcache: a key belongs to the server with the highest hash
 * of `name-key`, of equal ones to that with the greatest name. A server that comes or goes moves its own share of the
 * keys and no other; while it is down they go to their next highest. Every pick computes every server's score: beyond
 * some dozens `ketama` is faster. A weight is an error.
 *
 * As in pymemcache, one byte for each code point is hashed, its low eight bits: for ASCII the key's bytes. Byte keys
 * count as the equal text, and as they are if they are not UTF-8.
 *
 * Source: pymemcache 4.0, client/rendezvous.py and client/murmur3.py.
 */
export function rendezvous(options: RendezvousOptions = {}): Distribution {
  checkOptions(options, ['seed', 'hash'], 'rendezvous')
  const { seed = 0 } = options
  if (!Number.isInteger(seed) || seed < 0 || seed > MAX_SEED) {
    throw new InvalidInputError(`rendezvous: seed must be an integer from 0 to ${MAX_SEED}, got ${showValue(seed)}`)
  }
  const hash = checkHash<SeededHashFunction>(options.hash, murmur3, 'rendezvous')
  return (list) => {
    const servers = checkServers(list)
    refuseWeights(servers, 'rendezvous')
    const names = namesOf(servers, plainName)
    const score = hash === murmur3 ? murmur3Scores(names, seed) : hashScores(names, seed, hash)
    return new RendezvousRouter(names, score)
  }
}

/** Writes the score of every server for a key. */
type Score = (key: HashInput, scores: Uint32Array) => void

function murmur3Scores(names: readonly string[], seed: number): Score {
  const prefixes = new Murmur3Prefixes(
    names.map((name) => codePointBytes(`${name}-`)),
    seed,
  )
  return (key, scores) => {
    if (!prefixes.hashAscii(key, scores)) prefixes.hash(codePointBytes(key), scores)
  }
}

function hashScores(names: readonly string[], seed: number, hash: SeededHashFunction): Score {
  const encoder = new TextEncoder()
  const toBytes = (text: HashInput): Uint8Array => (typeof text === 'string' ? encoder.encode(text) : text)
  const prefixes = names.map((name) => toBytes(codePointBytes(`${name}-`)))
  return (key, scores) => {
    const bytes = toBytes(codePointBytes(key))
    for (const [server, prefix] of prefixes.entries()) {
      const whole = new Uint8Array(prefix.length + bytes.length)
      whole.set(prefix)
      whole.set(bytes, prefix.length)
      scores[server] = hash(whole, seed)
    }
  }
}

class RendezvousRouter implements Router {
  readonly #score: Score
  /** Score of every server, for the present key. */
  readonly #scores: Uint32Array
  /** Rank of each server's name among all, by code points: decides between equal scores. */
  readonly #ranks: readonly number[]

  constructor(names: readonly string[], score: Score) {
    this.#score = score
    this.#scores = new Uint32Array(names.length)
    const ranks = new Map(names.toSorted(compareCodePoints).map((name, rank) => [name, rank]))
    this.#ranks = names.map((name) => ranks.get(name)!)
  }

  pick(key: HashInput): number {
    const scores = this.#scores
    if (scores.length === 1) return 0
    this.#score(key, scores)
    let best = 0
    for (let server = 1; server < scores.length; server++) {
      const lead = scores[server]! - scores[best]!
      if (lead > 0 || (lead === 0 && this.#ranks[server]! > this.#ranks[best]!)) best = server
    }
    return best
  }

  order(key: HashInput): Iterable<number> {
    const scores = this.#scores
    this.#score(key, scores)
    const servers = Array.from(scores, (_, server) => server)
    return servers.toSorted((one, other) => scores[other]! - scores[one]! || this.#ranks[other]! - this.#ranks[one]!)
  }
}

/** Compares texts as Python does; `<` would compare UTF-16 units. */
function compareCodePoints(one: string, other: string): number {
  const { length } = one.length < other.length ? one : other
  for (let at = 0; at < length; at++) {
    // At the first unit of a surrogate pair this is the whole pair, which decides before the second unit is read.
    const difference = one.codePointAt(at)! - other.codePointAt(at)!
    if (difference !== 0) return difference
  }
  return one.length - other.length
}
