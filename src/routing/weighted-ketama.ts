import { checkServers } from './check.ts'
import type { Distribution } from './distribution.ts'
import type { HashFunction } from './hash/hash-function.ts'
import { md5 } from './hash/md5.ts'
import { md5Points, weightedDigests } from './ketama-points.ts'
import { Ring } from './ring.ts'
import { RingRouter } from './ring-router.ts'
import { libmemcachedName, type NameForm, namesOf } from './server-name.ts'

/**
 * Makes libmemcached's ring with weights. Kept apart from the other rings, so that a client with the default
 * distribution imports no other.
 *
 * @param nameOf - Returns the ring's name of a server.
 * @param hash - Hash of the keys; the points always use md5.
 */
export function weightedKetama(nameOf: NameForm = libmemcachedName, hash: HashFunction = md5): Distribution {
  return (list) => {
    const servers = checkServers(list)
    const points = md5Points(namesOf(servers, nameOf), weightedDigests(servers))
    return new RingRouter(new Ring(points, 'atOrAbove', 'first'), servers.length, hash)
  }
}
