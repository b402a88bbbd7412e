import type { HashInput } from './hash/hash-function.ts'
import { murmur64a, rehash64a, type Uint64 } from './hash/murmur64a.ts'

// The constants of mcrouter's mcrouter/lib/fbi/hash.c.
const SEED = 4_193_360_111
const MAX_TRIES = 32
/** Distance from one bit of a choice to the next; enough for up to 2²³ buckets. */
const SHIFT = 23
const WORD_BITS = 64

/** Words of the hash so far: low half, high half. As many as the longest search can need. */
const words = new Int32Array(2 * Math.ceil((MAX_TRIES * SHIFT * SHIFT) / WORD_BITS + 1))
const last: Uint64 = { high: 0, low: 0 }
let known = 0

/**
 * Returns the bucket of a key among `buckets`: mcrouter's `furc_hash`, a binary decision tree over an endless stream of
 * bits of the key's MurmurHash64A, in which a larger number of buckets moves only the keys of the new ones.
 */
export function furcHash(key: HashInput, buckets: number): number {
  if (buckets <= 1) return 0
  murmur64a(last, key, SEED)
  known = 0
  remember()
  // Number of bits of a bucket.
  let depth = 32 - Math.clz32(buckets - 1)
  let at = depth
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    while (bit(at) === 0) {
      depth--
      if (depth === 0) return 0
      at = depth
    }
    at += SHIFT
    let bucket = 1
    for (let level = 1; level < depth; level++) {
      bucket = (bucket << 1) | bit(at)
      at += SHIFT
    }
    if (bucket < buckets) return bucket
  }
  return 0
}

function bit(at: number): number {
  const word = Math.floor(at / WORD_BITS)
  while (known <= word) {
    rehash64a(last, SEED)
    remember()
  }
  const half = words[2 * word + ((at >> 5) & 1)]!
  return (half >>> (at & 31)) & 1
}

function remember(): void {
  words[2 * known] = last.low
  words[2 * known + 1] = last.high
  known++
}
