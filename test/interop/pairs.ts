import {
  dalli,
  defaultSerde,
  memcacheClient,
  memcachedNpm,
  memjs,
  phpMemcached,
  pylibmc,
  pymemcache,
  pythonMemcached,
  type Serde,
} from '../../src/exports/serde.ts'
import { clients, type ForeignClient } from './foreign-client.ts'

/** A client with its own settings, and a serde of memlane that speaks with it. */
export interface Pair {
  /** The heading in docs/interop.md. */
  readonly title: string
  readonly client: ForeignClient
  readonly options: Readonly<Record<string, unknown>>
  readonly serde: Serde
}

function pair(
  title: string,
  client: ForeignClient,
  serde: Serde,
  options: Readonly<Record<string, unknown>> = {},
): Pair {
  return { title, client, options, serde }
}

const pickle = { pickle: 'readWrite' } as const

export const pairs: readonly Pair[] = [
  pair("`pymemcache({ pickle: 'readWrite' })` and `PickleSerde()`", clients.pymemcache, pymemcache(pickle)),
  pair('`pymemcache()` and `PickleSerde(pickle_version=0)`', clients.pymemcache, pymemcache(), { pickle_version: 0 }),
  pair(
    "`pylibmc({ pickle: 'readWrite', pickleVersion: 5, compression: {} })` and pylibmc with `min_compress_len=100`",
    clients.pylibmc,
    pylibmc({ ...pickle, pickleVersion: 5, compression: {} }),
    { min_compress_len: 100 },
  ),
  pair(
    "`pythonMemcached({ pickle: 'readWrite', compression: {} })` and python-memcached with `min_compress_len=100`",
    clients.pythonMemcached,
    pythonMemcached({ ...pickle, compression: {} }),
    { min_compress_len: 100 },
  ),
  pair(
    "`dalli({ marshal: 'readWrite', compression: {} })` and Dalli",
    clients.dalli,
    dalli({ marshal: 'readWrite', compression: {} }),
  ),
  pair('`dalli()` and Dalli with `raw: true`', clients.dalli, dalli(), { raw: true }),
  pair(
    "`phpMemcached({ serialize: 'readWrite', compression: {} })` and php-memcached",
    clients.phpMemcached,
    phpMemcached({ serialize: 'readWrite', compression: {} }),
  ),
  pair('`phpMemcached()` and php-memcached with `SERIALIZER_JSON_ARRAY`', clients.phpMemcached, phpMemcached(), {
    OPT_SERIALIZER: 'SERIALIZER_JSON_ARRAY',
    OPT_COMPRESSION_TYPE: 'COMPRESSION_ZLIB',
  }),
  pair('`memjs()` and memjs', clients.memjs, memjs()),
  pair('`memcachedNpm()` and memcached (npm)', clients.memcached, memcachedNpm()),
  pair('`memcacheClient()` and memcache-client (npm)', clients.memcacheClient, memcacheClient()),
  pair('`defaultSerde` and pymemcache with `PickleSerde()`', clients.pymemcache, defaultSerde),
  pair('`defaultSerde` and pylibmc', clients.pylibmc, defaultSerde),
  pair('`defaultSerde` and python-memcached', clients.pythonMemcached, defaultSerde),
  pair('`defaultSerde` and Dalli', clients.dalli, defaultSerde),
  pair('`defaultSerde` and Dalli with `raw: true`', clients.dalli, defaultSerde, { raw: true }),
  pair('`defaultSerde` and php-memcached', clients.phpMemcached, defaultSerde),
  pair('`defaultSerde` and memjs', clients.memjs, defaultSerde),
  pair('`defaultSerde` and memcached (npm)', clients.memcached, defaultSerde),
  pair('`defaultSerde` and memcache (npm)', clients.memcache, defaultSerde),
  pair('`defaultSerde` and memcache-client (npm)', clients.memcacheClient, defaultSerde),
]
