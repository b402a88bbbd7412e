import type { HashInput } from './hash/hash-function.ts'
import { md5Words } from './hash/md5.ts'
import { ownerOf, pointOf } from './placed-points.ts'
import { type PointSource, type RingPart, type RingPoints, ringPoints } from './ring-points.ts'

/** 32-bit words of a digest. */
const WORDS = 4

/** Heads of digests: the first of their words, which almost always decides. */
const HEADS: PointSource = { size: 1, digest: (name, at) => digestOf(`${name}-${at}`) }

/** Whole digest of a point. */
interface WidePoint {
  readonly words: Uint32Array
  readonly owner: number
}

/**
 * Points of 128 bits, whole md5 digests as big-endian numbers. Only the heads are stored, with their owners: where two
 * heads are equal, the digests are made again.
 */
export class WidePoints {
  readonly all: RingPoints
  readonly heads: Uint32Array
  readonly owners: Uint16Array

  /** @param previous - Points of the list before: see {@link ringPoints}. */
  constructor(parts: readonly RingPart[], previous: WidePoints | undefined) {
    this.all = ringPoints(HEADS, parts, previous?.all)
    const { placed } = this.all
    this.heads = new Uint32Array(placed.length)
    this.owners = new Uint16Array(placed.length)
    for (let at = 0; at < placed.length; at++) {
      this.heads[at] = pointOf(placed[at]!)
      this.owners[at] = ownerOf(placed[at]!)
    }
    for (let at = 1; at < placed.length; at++) {
      if (this.heads[at] === this.heads[at - 1]) at = this.#orderEqual(at - 1)
    }
  }

  /**
   * Puts the points that have one head in the order of their digests.
   *
   * @returns the position of the last of them.
   */
  #orderEqual(from: number): number {
    const to = this.#endOfHead(from)
    const ordered = this.#digestsAt(this.heads[from]!, this.owners.slice(from, to))
    for (const [at, { owner }] of ordered.entries()) this.owners[from + at] = owner
    return to - 1
  }

  #endOfHead(from: number): number {
    const head = this.heads[from]
    let to = from
    while (this.heads[to] === head) to++
    return to
  }

  /** Returns the position of the first point above a digest; the end of the ring joins its beginning. */
  positionAbove(digest: Uint32Array): number {
    const { heads } = this
    const head = digest[0]!
    let low = 0
    let high = heads.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (heads[middle]! < head) low = middle + 1
      else high = middle
    }
    if (heads[low] === head) low += this.#countNotAbove(digest.slice(), low)
    return low === heads.length ? 0 : low
  }

  /** Counts the points from a position on that have the digest's head and are not above the digest. */
  #countNotAbove(digest: Uint32Array, from: number): number {
    const sharing = this.#digestsAt(digest[0]!, this.owners.slice(from, this.#endOfHead(from)))
    return sharing.filter(({ words }) => compare(words, digest) <= 0).length
  }

  /** Returns the digests of some servers that have a head, in order. */
  #digestsAt(head: number, owners: Iterable<number>): WidePoint[] {
    const found: WidePoint[] = []
    for (const owner of new Set(owners)) {
      const { name, digests } = this.all.parts[owner]!
      for (let at = 0; at < digests; at++) {
        const words = digestOf(`${name}-${at}`)
        if (words[0] === head) found.push({ words: words.slice(), owner })
      }
    }
    return found.toSorted((one, other) => compare(one.words, other.words))
  }
}

const shared = new Uint32Array(WORDS)

/**
 * Returns the md5 digest of a text as four big-endian words.
 *
 * @returns One array for every call: read it before the next one.
 */
export function digestOf(data: HashInput): Uint32Array {
  const littleEndian = md5Words(data)
  for (let at = 0; at < WORDS; at++) shared[at] = swapBytes(littleEndian[at]!)
  return shared
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
