import type { RoutedServer, Router } from './distribution.ts'
import type { HashInput } from './hash/hash-function.ts'
import { checkPointCount } from './ring.ts'
import { distinctOrder } from './spread-order.ts'
import { digestOf, WidePoints } from './wide-points.ts'

/** uhashring's `vnodes` of a server of weight 1. */
const POINTS_PER_WEIGHT = 160

/**
 * Router on a ring of points with 128 bits, whole md5 digests as big-endian numbers: uhashring's own. The point of a
 * key is the first above its digest.
 */
export class WideRingRouter implements Router {
  readonly #points: WidePoints
  readonly #count: number

  /** @param previous - Router of the list before, as a distribution is given it. */
  constructor(servers: readonly RoutedServer[], previous: Router | undefined) {
    checkPointCount(servers.reduce((sum, { weight }) => sum + weight, 0) * POINTS_PER_WEIGHT)
    const parts = servers.map(({ name, weight }, owner) => ({ name, owner, digests: weight * POINTS_PER_WEIGHT }))
    this.#count = servers.length
    this.#points = new WidePoints(parts, previous instanceof WideRingRouter ? previous.#points : undefined)
  }

  pick(key: HashInput): number {
    return this.#count === 1 ? 0 : this.#points.owners[this.#position(key)]!
  }

  order(key: HashInput): Iterable<number> {
    return distinctOrder(this.#walk(this.#position(key)), this.#count)
  }

  *#walk(start: number): Generator<number, void, undefined> {
    const { owners } = this.#points
    for (let at = start; at < owners.length; at++) yield owners[at]!
    for (let at = 0; at < start; at++) yield owners[at]!
  }

  #position(key: HashInput): number {
    return this.#points.positionAbove(digestOf(key))
  }
}
