import { dalli } from '../serde/dalli.ts'
import { defaultSerde } from '../serde/default-serde.ts'
import { json } from '../serde/json.ts'
import { memcacheClient } from '../serde/memcache-client.ts'
import { memcachedNpm } from '../serde/memcached-npm.ts'
import { memjs } from '../serde/memjs.ts'
import { metaMemcache } from '../serde/meta-memcache.ts'
import { phpMemcached } from '../serde/php-memcached.ts'
import { pylibmc } from '../serde/pylibmc.ts'
import { pymemcache } from '../serde/pymemcache.ts'
import { pythonMemcached } from '../serde/python-memcached.ts'
import { raw } from '../serde/raw.ts'
import type { Serde } from '../serde/serde.ts'
import { spymemcached } from '../serde/spymemcached.ts'
import { structuredClone } from '../serde/structured-clone.ts'
import { xmemcached } from '../serde/xmemcached.ts'
import type { SerdeName } from './serde-names.ts'

/** Objects of the other language are read and written: the person at the terminal asked for that language. */
const FACTORIES: Readonly<Record<SerdeName, () => Serde>> = {
  auto: () => defaultSerde,
  default: () => defaultSerde,
  raw: () => raw,
  json: () => json,
  'structured-clone': () => structuredClone,
  php: () => phpMemcached({ serialize: 'readWrite' }),
  dalli: () => dalli({ marshal: 'readWrite' }),
  'memcached-npm': memcachedNpm,
  'memcache-client': memcacheClient,
  memjs,
  pymemcache: () => pymemcache({ pickle: 'readWrite' }),
  pylibmc: () => pylibmc({ pickle: 'readWrite' }),
  'python-memcached': () => pythonMemcached({ pickle: 'readWrite' }),
  'meta-memcache': () => metaMemcache({ pickle: 'readWrite' }),
  spymemcached,
  xmemcached,
}

/** Makes the serde with a name of `--serde`; for `auto` the one that writes. */
export function serdeNamed(name: SerdeName): Serde {
  return FACTORIES[name]()
}

/** Names of `--serde` by the names of the factories of `memlane/serde`, where they differ. */
const BY_LIBRARY: Readonly<Record<string, SerdeName>> = {
  phpMemcached: 'php',
  structuredClone: 'structured-clone',
  memcachedNpm: 'memcached-npm',
  memcacheClient: 'memcache-client',
  pythonMemcached: 'python-memcached',
  metaMemcache: 'meta-memcache',
}

/** Returns the serde that the factory with this name in `memlane/serde` makes. */
export function serdeOfLibrary(factory: string): { readonly name: SerdeName; readonly serde: Serde } | undefined {
  const name = BY_LIBRARY[factory] ?? factory
  return isSerdeName(name) && name !== 'raw' ? { name, serde: serdeNamed(name) } : undefined
}

function isSerdeName(name: string): name is SerdeName {
  return name in FACTORIES
}
