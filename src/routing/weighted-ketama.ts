import { checkServers } from './check.ts'
import type { Distribution } from './distribution.ts'
import type { HashFunction } from './hash/hash-function.ts'
import { md5 } from './hash/md5.ts'
import { MD5_POINTS, weightedDigests } from './ketama-points.ts'
import { Ring, type RingShape } from './ring.ts'
import { partsOf } from './ring-points.ts'
import { previousPoints, RingRouter } from './ring-router.ts'
import { libmemcachedName, type NameForm, namesOf } from './server-name.ts'

const SHAPE: RingShape = { source: MD5_POINTS, side: 'atOrAbove', winner: 'first' }

/**
 * Makes libmemcached's ring with weights. Kept apart from the other rings, so that a client with the default
 * distribution imports no other.
 *
 * @param nameOf - Returns the ring's name of a server.
 * @param hash - Hash of the keys; the points always use md5.
 */
export function weightedKetama(nameOf: NameForm = libmemcachedName, hash: HashFunction = md5): Distribution {
  return (list, previous) => {
    const servers = checkServers(list)
    const parts = partsOf(namesOf(servers, nameOf), weightedDigests(servers))
    return new RingRouter(new Ring(SHAPE, parts, previousPoints(previous)), servers.length, hash)
  }
}
