import type { RoutedServer, Router } from './distribution.ts'
import type { HashInput } from './hash/hash-function.ts'
import { md5Words } from './hash/md5.ts'
import { checkPointCount } from './ring.ts'
import { distinctOrder } from './spread-order.ts'

/** uhashring's `vnodes` of a server of weight 1. */
const POINTS_PER_WEIGHT = 160
/** 32-bit words of a point, the most significant first. */
const WORDS = 4

interface WidePoint {
  readonly words: Uint32Array
  readonly owner: number
}

/**
 * Router on a ring of points with 128 bits, whole md5 digests as big-endian numbers: uhashring's own. The point of a
 * key is the first above its digest.
 */
export class WideRingRouter implements Router {
  readonly #count: number
  readonly #heads: Uint32Array
  readonly #points: readonly WidePoint[]

  constructor(servers: readonly RoutedServer[]) {
    checkPointCount(servers.reduce((sum, { weight }) => sum + weight, 0) * POINTS_PER_WEIGHT)
    this.#count = servers.length
    this.#points = servers.flatMap(pointsOf).toSorted((one, other) => compare(one.words, other.words))
    // Searched first: the rest of a point matters only if its head equals the key's.
    this.#heads = Uint32Array.from(this.#points, ({ words }) => words[0]!)
  }

  pick(key: HashInput): number {
    return this.#count === 1 ? 0 : this.#points[this.#position(key)]!.owner
  }

  order(key: HashInput): Iterable<number> {
    return distinctOrder(this.#walk(this.#position(key)), this.#count)
  }

  *#walk(start: number): Generator<number, void, undefined> {
    for (let step = 0; step < this.#points.length; step++) {
      yield this.#points[(start + step) % this.#points.length]!.owner
    }
  }

  #position(key: HashInput): number {
    digestInto(digest, key)
    const head = digest[0]!
    const heads = this.#heads
    let low = 0
    let high = heads.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (heads[middle]! < head) low = middle + 1
      else high = middle
    }
    while (low < heads.length && heads[low] === head && compare(this.#points[low]!.words, digest) <= 0) low++
    return low === heads.length ? 0 : low
  }
}

const digest = new Uint32Array(WORDS)

function pointsOf({ name, weight }: RoutedServer, owner: number): WidePoint[] {
  return Array.from({ length: POINTS_PER_WEIGHT * weight }, (_, at) => {
    const words = new Uint32Array(WORDS)
    digestInto(words, `${name}-${at}`)
    return { words, owner }
  })
}

function digestInto(words: Uint32Array, data: HashInput): void {
  const littleEndian = md5Words(data)
  for (let at = 0; at < WORDS; at++) words[at] = swapBytes(littleEndian[at]!)
}

function swapBytes(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)
}

function compare(one: Uint32Array, other: Uint32Array): number {
  for (let at = 0; at < WORDS; at++) {
    const difference = one[at]! - other[at]!
    if (difference !== 0) return difference
  }
  return 0
}
