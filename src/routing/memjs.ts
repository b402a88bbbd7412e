import { checkServers, refuseWeights } from './check.ts'
import type { Distribution, Router } from './distribution.ts'
import type { HashInput } from './hash/hash-function.ts'
import { javaStringHash } from './hash/java-string.ts'

/**
 * Makes the distribution of the npm package `memjs` 1.3: Java's `String.hashCode()` over UTF-16 units without its sign,
 * modulo the number of servers, in the order of the list. Names do not count, and a weight is an error. While a server
 * is down, the next one in the list has its keys, as with memjs's option `failover`.
 */
export function memjs(): Distribution {
  return (list) => {
    const servers = checkServers(list)
    refuseWeights(servers, 'memjs')
    return new MemjsRouter(servers.length)
  }
}

/** memjs's hash of a key: Java's, without its sign. */
export function memjsHash(key: HashInput): number {
  return Math.abs(javaStringHash(key) | 0)
}

class MemjsRouter implements Router {
  readonly #count: number

  constructor(count: number) {
    this.#count = count
  }

  pick(key: HashInput): number {
    return memjsHash(key) % this.#count
  }

  *order(key: HashInput): Generator<number, void, undefined> {
    const first = this.pick(key)
    for (let step = 0; step < this.#count; step++) yield (first + step) % this.#count
  }
}
