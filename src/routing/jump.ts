import { checkHash, checkOptions, checkServers, refuseWeights } from './check.ts'
import type { Distribution, Router } from './distribution.ts'
import type { HashFunction, HashInput } from './hash/hash-function.ts'
import { murmur3 } from './hash/murmur3.ts'
import { multiplyHigh } from './hash/uint64.ts'
import { spreadOrder } from './spread-order.ts'

// The multiplier of the generator in the paper, 2862933555777941757.
const MULTIPLIER_HIGH = 0x27bb2ee6
const MULTIPLIER_LOW = 0x87b0b0fd

/** Options of {@link jump}. */
export interface JumpOptions {
  /** @defaultValue `hashes.murmur3` */
  readonly hash?: HashFunction | undefined
}

/**
 * Makes the jump consistent hash (Lamping and Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm", 2014) of the
 * key's 32-bit hash: perfectly even, no memory, and a server that comes or goes at the END of the list moves only its
 * share. Anywhere else it moves most keys: replace a server in place. Only the order of the list decides; names do not
 * count, and a weight is an error. While a server is down its keys spread over all others, by a shuffle of the hash.
 */
export function jump(options: JumpOptions = {}): Distribution {
  checkOptions(options, ['hash'], 'jump')
  const hash = checkHash(options.hash, murmur3, 'jump')
  return (list) => {
    const servers = checkServers(list)
    refuseWeights(servers, 'jump')
    return new JumpRouter(servers.length, hash)
  }
}

class JumpRouter implements Router {
  readonly #count: number
  readonly #hash: HashFunction

  constructor(count: number, hash: HashFunction) {
    this.#count = count
    this.#hash = hash
  }

  pick(key: HashInput): number {
    return jumpTo(this.#hash(key) >>> 0, this.#count)
  }

  order(key: HashInput): Iterable<number> {
    return spreadOrder(this.pick(key), this.#count, this.#hash(key))
  }
}

/** Returns the bucket of a key of 32 bits among `buckets`. */
export function jumpTo(key: number, buckets: number): number {
  let high = 0
  let low = key
  let bucket = 0
  for (let next = 0; next < buckets; ) {
    bucket = next
    // key = key * multiplier + 1, in 64 bits.
    const crossed = Math.imul(high, MULTIPLIER_LOW) + Math.imul(low, MULTIPLIER_HIGH)
    const product = Math.imul(low, MULTIPLIER_LOW) >>> 0
    high = (multiplyHigh(low >>> 0, MULTIPLIER_LOW) + crossed) | 0
    low = (product + 1) | 0
    if (low === 0) high = (high + 1) | 0
    next = Math.floor((bucket + 1) * (2 ** 31 / ((high >>> 1) + 1)))
  }
  return bucket
}
