import type { Router } from './distribution.ts'
import type { HashFunction, HashInput } from './hash/hash-function.ts'
import type { Ring } from './ring.ts'
import type { RingPoints } from './ring-points.ts'
import { distinctOrder } from './spread-order.ts'

/** Returns the hashes to try for a key, in order, before the ring is walked. */
export type Rehash = (key: HashInput) => Iterable<number>

/** Router of keys on a {@link Ring}. The failover order is that of the ring, from the key on. */
export class RingRouter implements Router {
  readonly ring: Ring
  readonly #count: number
  readonly #hash: HashFunction
  readonly #rehash: Rehash | undefined

  constructor(ring: Ring, count: number, hash: HashFunction, rehash?: Rehash) {
    this.ring = ring
    this.#count = count
    this.#hash = hash
    this.#rehash = rehash
  }

  pick(key: HashInput): number {
    return this.#count === 1 ? 0 : this.ring.owner(this.#hash(key) >>> 0)
  }

  order(key: HashInput): Iterable<number> {
    return distinctOrder(this.#preferred(key), this.#count)
  }

  *#preferred(key: HashInput): Generator<number, void, undefined> {
    yield this.pick(key)
    if (this.#rehash !== undefined) for (const hash of this.#rehash(key)) yield this.ring.owner(hash)
    yield* this.ring.walk(this.#hash(key) >>> 0)
  }
}

/** Returns the points from which the ring of another list can be made, if the router has a ring. */
export function previousPoints(previous: Router | undefined): RingPoints | undefined {
  return previous instanceof RingRouter ? previous.ring.all : undefined
}
