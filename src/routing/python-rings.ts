import { checkServers } from './check.ts'
import type { Distribution } from './distribution.ts'
import { latin1Text } from './hash/key-text.ts'
import { md5 } from './hash/md5.ts'
import { flooredDigests, MD5_POINTS } from './ketama-points.ts'
import { Ring, type RingShape } from './ring.ts'
import { partsOf } from './ring-points.ts'
import { previousPoints, RingRouter } from './ring-router.ts'
import { namesOf } from './server-name.ts'
import { WideRingRouter } from './wide-ring.ts'

/** hashring uses three words of a digest, of four. */
const HASHRING: RingShape = { source: { ...MD5_POINTS, size: 3 }, side: 'above', winner: 'last' }
const UHASHRING_KETAMA: RingShape = { source: MD5_POINTS, side: 'above', winner: 'last' }

/**
 * Makes the ring of Python's hashring 1.5 as aisk's python-memcache (0.15 and later) uses it: 40 × 3 points a server,
 * the first above the key's md5. Bytes from 0x80 on are hashed as that client hashes them: decoded as latin-1, encoded
 * as UTF-8. Servers are known by their names, `host:port`.
 *
 * The ring is also that of the npm package `hashring` with `compatibility: 'hash_ring'`, for keys in ASCII. The npm
 * package `memcached` has another, `hashring` with `compatibility: 'ketama'`: that is `memcachedNpm()`.
 */
export function hashring(): Distribution {
  return (list, previous) => {
    const servers = checkServers(list)
    const ring = new Ring(
      HASHRING,
      partsOf(namesOf(servers, nameAsItIs), flooredDigests(servers)),
      previousPoints(previous),
    )
    return new RingRouter(ring, servers.length, (key) => md5(latin1Text(key)))
  }
}

/**
 * Makes the default ring of Python's uhashring 2 (`MetaRing`): 160 points a server and weight, whole md5 digests, the
 * first above the key's. Servers are known by their names.
 */
export function uhashring(): Distribution {
  return (list, previous) => new WideRingRouter(checkServers(list), previous)
}

/**
 * Makes the ring of uhashring with `hash_fn='ketama'`: 40 × 4 points a server, by weight in whole numbers, the first
 * above the key's md5. Servers are known by their names, `host:port`; libmemcached would leave the port 11211 out.
 */
export function uhashringKetama(): Distribution {
  return (list, previous) => {
    const servers = checkServers(list)
    const parts = partsOf(namesOf(servers, nameAsItIs), flooredDigests(servers))
    const ring = new Ring(UHASHRING_KETAMA, parts, previousPoints(previous))
    return new RingRouter(ring, servers.length, md5)
  }
}

/**
 * Makes the distribution of meta-memcache-py: {@link uhashring} over `host:port` or the `server_id`, which is the
 * server's name here.
 */
export function metaMemcache(): Distribution {
  return uhashring()
}

function nameAsItIs({ name }: { readonly name: string }): string {
  return name
}
