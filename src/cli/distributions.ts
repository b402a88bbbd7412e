import type { Distribution } from '../routing/distribution.ts'
import { jump } from '../routing/jump.ts'
import { ketama } from '../routing/ketama.ts'
import * as libmemcached from '../routing/libmemcached.ts'
import { mcrouterCh3, mcrouterCrc32 } from '../routing/mcrouter.ts'
import { memjs } from '../routing/memjs.ts'
import { modula } from '../routing/modula.ts'
import { memcachedNpm } from '../routing/npm-ring.ts'
import * as presets from '../routing/presets.ts'
import { hashring, metaMemcache, uhashring, uhashringKetama } from '../routing/python-rings.ts'
import { rendezvous } from '../routing/rendezvous.ts'
import type { DistributionName } from './distribution-names.ts'

const FACTORIES: Readonly<Record<DistributionName, () => Distribution>> = {
  ketama,
  rendezvous,
  modula,
  jump,
  'libmemcached-consistent': libmemcached.libmemcachedConsistent,
  'libmemcached-modula': libmemcached.libmemcachedModula,
  'libmemcached-spy': libmemcached.libmemcachedSpy,
  'libmemcached-virtual-bucket': libmemcached.libmemcachedVirtualBucket,
  'libmemcached-weighted': libmemcached.libmemcachedWeighted,
  'php-memcached': presets.phpMemcached,
  'php-memcached-consistent': presets.phpMemcachedConsistent,
  'php-memcached-libketama': presets.phpMemcachedLibketama,
  'php-memcache': presets.phpMemcache,
  pymemcache: presets.pymemcache,
  'python-memcached': presets.pythonMemcached,
  hashring,
  uhashring,
  'uhashring-ketama': uhashringKetama,
  'meta-memcache': metaMemcache,
  'meta-memcache-modula': presets.metaMemcacheModula,
  dalli: presets.dalli,
  spymemcached: presets.spymemcached,
  'spymemcached-modula': presets.spymemcachedModula,
  gomemcache: presets.gomemcache,
  'memcached-npm': memcachedNpm,
  memjs,
  twemproxy: presets.twemproxy,
  'twemproxy-modula': presets.twemproxyModula,
  'mcrouter-ch3': mcrouterCh3,
  'mcrouter-crc32': mcrouterCrc32,
}

/** Makes the distribution with a name of `--distribution`. */
export function distributionNamed(name: DistributionName): Distribution {
  return FACTORIES[name]()
}
