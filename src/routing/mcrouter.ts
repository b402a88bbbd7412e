import { checkServers, refuseWeights } from './check.ts'
import type { Distribution, Router } from './distribution.ts'
import { furcHash } from './furc.ts'
import { crc32 } from './hash/crc32.ts'
import type { HashInput } from './hash/hash-function.ts'
import { murmur3 } from './hash/murmur3.ts'
import { beforeHashStop } from './hash-part.ts'
import { modula } from './modula.ts'
import { spreadOrder } from './spread-order.ts'

/**
 * Makes mcrouter's default, `Ch3`: as with `jump`, only the order of the list decides, and only servers that come and
 * go at the end of the list move no more keys than their own. Only the part of a key before `|#|` is hashed. A routing
 * prefix (`/region/cluster/`) stays in mcrouter: the keys in memcached do not have it. A weight is an error.
 *
 * Source: mcrouter/lib/Ch3HashFunc.h and mcrouter/lib/fbi/hash.c.
 */
export function mcrouterCh3(): Distribution {
  return (list) => {
    const servers = checkServers(list)
    refuseWeights(servers, 'mcrouterCh3')
    return new Ch3Router(servers.length)
  }
}

/**
 * Makes mcrouter's `Crc32`: the lower 31 bits of CRC-32 modulo the number of servers. Only the part of a key before
 * `|#|` is hashed. A weight is an error.
 *
 * Source: mcrouter/lib/Crc32HashFunc.h.
 */
export function mcrouterCrc32(): Distribution {
  const distribution = modula({ hash: (key) => crc32(beforeHashStop(key)) & 0x7fffffff })
  return (list) => {
    refuseWeights(checkServers(list), 'mcrouterCrc32')
    return distribution(list)
  }
}

class Ch3Router implements Router {
  readonly #count: number

  constructor(count: number) {
    this.#count = count
  }

  pick(key: HashInput): number {
    return furcHash(beforeHashStop(key), this.#count)
  }

  order(key: HashInput): Iterable<number> {
    return spreadOrder(this.pick(key), this.#count, murmur3(beforeHashStop(key)))
  }
}
