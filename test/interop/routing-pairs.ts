import {
  type Distribution,
  dalli,
  hashes,
  ketama,
  libmemcachedConsistent,
  libmemcachedModula,
  libmemcachedSpy,
  libmemcachedVirtualBucket,
  libmemcachedWeighted,
  memcachedNpm,
  memjs,
  phpMemcached,
  phpMemcachedConsistent,
  phpMemcachedLibketama,
  pymemcache,
  pythonMemcached,
  twemproxy,
  twemproxyModula,
} from '../../src/exports/routing.ts'
import { type Family, families, type RoutingPair } from './routing-pair.ts'
import type { Place } from './routing-servers.ts'

const three: readonly Place[] = [{ kind: 'port' }, { kind: 'port' }, { kind: 'port' }]
const weighted: readonly Place[] = [
  { kind: 'port', weight: 1 },
  { kind: 'port', weight: 3 },
  { kind: 'port', weight: 2 },
]
/** Every way to name a server, twice memcached's own port among them. */
const mixed: readonly Place[] = [
  { kind: 'port' },
  { kind: 'default port' },
  { kind: 'ipv6' },
  { kind: 'socket' },
  { kind: 'default port' },
]
const mixedWeighted: readonly Place[] = [
  { kind: 'default port', weight: 1 },
  { kind: 'port', weight: 3 },
  { kind: 'ipv6', weight: 2 },
  { kind: 'socket', weight: 5 },
]
const noSocket: readonly Place[] = mixed.filter(({ kind }) => kind !== 'socket')
const noSocketWeighted: readonly Place[] = mixedWeighted.filter(({ kind }) => kind !== 'socket')
/** Some clients of npm know neither IPv6 nor sockets. */
const portsOnly: readonly Place[] = mixed.filter(({ kind }) => kind === 'port' || kind === 'default port')
const portsWeighted: readonly Place[] = [
  { kind: 'default port', weight: 1 },
  { kind: 'port', weight: 3 },
  { kind: 'port', weight: 2 },
]
const sockets: readonly Place[] = [{ kind: 'socket' }, { kind: 'socket' }, { kind: 'socket' }]

const byOrder: Partial<RoutingPair> = { goesByOrder: true }

/** What memlane uses: its text in docs/interop.md, and itself. */
type Preset = readonly [text: string, distribution: Distribution]

function pair(
  family: Family,
  setting: string,
  [preset, distribution]: Preset,
  places: readonly Place[],
  rest: Partial<RoutingPair> = {},
): RoutingPair {
  const defaults = { goesByOrder: false, foreignOptions: {}, keys: 'UTF-8', options: {}, pool: {} } as const
  return { family, setting, preset, distribution, places, ...defaults, ...rest }
}

/** pylibmc shows its settings as it takes them. */
function pylibmcPair(
  behaviors: Readonly<Record<string, string | true>>,
  preset: Preset,
  places: readonly Place[],
  rest?: Partial<RoutingPair>,
): RoutingPair {
  const texts = Object.entries(behaviors).map(([name, value]) => `${name}=${value === true ? 'True' : `'${value}'`}`)
  const setting = texts.length === 0 ? '' : `\`${texts.join(', ')}\``
  return pair(families.pylibmc, setting, preset, places, { ...rest, foreignOptions: behaviors })
}

/** php-memcached refuses keys that are not ASCII, unless it speaks the binary protocol. */
function phpPair(
  options: Readonly<Record<string, string | true>>,
  preset: Preset,
  places: readonly Place[],
  rest?: Partial<RoutingPair>,
): RoutingPair {
  const setting = Object.entries(options).map(([name, value]) => `\`${name}\`${value === true ? '' : ` \`${value}\``}`)
  return pair(families.php, setting.join(', '), preset, places, {
    keys: 'OPT_BINARY_PROTOCOL' in options ? 'UTF-8' : 'ASCII',
    ...rest,
    foreignOptions: options,
  })
}

/** A pool that sets nothing but this; one that never ejects a server. */
function twemproxyPair(
  pool: Readonly<Record<string, string>>,
  preset: Preset,
  places: readonly Place[],
  rest?: Partial<RoutingPair>,
): RoutingPair {
  const setting = Object.entries(pool).map(([name, value]) => `\`${name}: ${value}\``)
  return pair(families.twemproxy, setting.join(', '), preset, places, { ...rest, pool })
}

const modula: Preset = ['libmemcachedModula()', libmemcachedModula()]
const consistent: Preset = ['libmemcachedConsistent()', libmemcachedConsistent()]
const ketamaWeighted: Preset = ['libmemcachedWeighted()', libmemcachedWeighted()]
const md5Consistent: Preset = [
  'libmemcachedConsistent({ hash: hashes.md5 })',
  libmemcachedConsistent({ hash: hashes.md5 }),
]
const crcModula: Preset = ['libmemcachedModula({ hash: hashes.crc })', libmemcachedModula({ hash: hashes.crc })]
const spy: Preset = ['libmemcachedSpy()', libmemcachedSpy()]
const virtualBucket: Preset = ['libmemcachedVirtualBucket()', libmemcachedVirtualBucket()]
const rendezvous: Preset = ['pymemcache()', pymemcache()]
const python: Preset = ['pythonMemcached()', pythonMemcached()]
const ruby: Preset = ['dalli()', dalli()]
const php: Preset = ['phpMemcached()', phpMemcached()]
const phpConsistent: Preset = ['phpMemcachedConsistent()', phpMemcachedConsistent()]
const phpLibketama: Preset = ['phpMemcachedLibketama()', phpMemcachedLibketama()]
const defaultKetama: Preset = ['ketama()', ketama()]
const npmRing: Preset = ['memcachedNpm()', memcachedNpm()]

export const routingPairs: readonly RoutingPair[] = [
  // pylibmc takes sockets or hosts, not both.
  pylibmcPair({}, modula, noSocket, byOrder),
  pylibmcPair({}, modula, weighted, byOrder),
  pylibmcPair({}, modula, sockets, byOrder),
  pylibmcPair({ hash: 'crc' }, crcModula, three, byOrder),
  pylibmcPair({ ketama: true }, consistent, noSocket),
  pylibmcPair({ ketama: true }, consistent, noSocketWeighted),
  pylibmcPair({ ketama: true }, consistent, sockets),
  pylibmcPair({ ketama: true, hash: 'md5' }, md5Consistent, three),
  pylibmcPair({ ketama_weighted: true }, ketamaWeighted, noSocket),
  pylibmcPair({ ketama_weighted: true }, ketamaWeighted, noSocketWeighted),
  pylibmcPair({ ketama_weighted: true }, ketamaWeighted, sockets),
  pylibmcPair({ ketama_weighted: true }, defaultKetama, weighted),
  pylibmcPair({ distribution: 'consistent ketama spy' }, spy, noSocket),
  pylibmcPair({ distribution: 'consistent ketama spy' }, spy, sockets),
  pylibmcPair({ distribution: 'virtual bucket' }, virtualBucket, noSocket, byOrder),

  pair(families.pymemcache, '', rendezvous, mixed),
  pair(
    families.pymemcache,
    'with `bytes` keys',
    ["pymemcache({ keys: 'bytes' })", pymemcache({ keys: 'bytes' })],
    three,
    {
      foreignOptions: { keys: 'bytes' },
    },
  ),
  pair(families.pymemcache, "with `key_prefix=b'app:'`", rendezvous, three, {
    foreignOptions: { key_prefix: 'app:' },
    options: { keyPrefix: 'app:' },
  }),
  pair(families.pymemcache, 'with pools of connections', rendezvous, three, { foreignOptions: { use_pooling: true } }),

  pair(families.pythonMemcached, '', python, mixed, byOrder),
  pair(families.pythonMemcached, '', python, mixedWeighted, byOrder),
  pair(families.pythonMemcached, '', python, weighted, byOrder),

  pair(families.dalli, '', ruby, mixed),
  pair(families.dalli, '', ruby, mixedWeighted),
  pair(families.dalli, "with `namespace: 'app'`", ruby, three, {
    foreignOptions: { namespace: 'app' },
    options: { keyPrefix: 'app:', hashKeyPrefix: true },
  }),

  phpPair({}, php, mixed, byOrder),
  phpPair({}, php, weighted, byOrder),
  phpPair({ OPT_BINARY_PROTOCOL: true }, php, three, byOrder),
  phpPair({ OPT_PREFIX_KEY: 'app:' }, php, three, { ...byOrder, options: { keyPrefix: 'app:' } }),
  phpPair({ OPT_DISTRIBUTION: 'DISTRIBUTION_CONSISTENT' }, phpConsistent, mixed),
  phpPair({ OPT_DISTRIBUTION: 'DISTRIBUTION_CONSISTENT' }, phpConsistent, weighted),
  phpPair({ OPT_DISTRIBUTION: 'DISTRIBUTION_CONSISTENT', OPT_BINARY_PROTOCOL: true }, phpConsistent, mixed),
  phpPair({ OPT_LIBKETAMA_COMPATIBLE: true }, phpLibketama, mixed),
  phpPair({ OPT_LIBKETAMA_COMPATIBLE: true, OPT_BINARY_PROTOCOL: true }, phpLibketama, mixedWeighted),
  phpPair({ OPT_LIBKETAMA_COMPATIBLE: true }, phpLibketama, mixedWeighted),
  phpPair({ OPT_LIBKETAMA_COMPATIBLE: true }, defaultKetama, weighted),
  phpPair({ OPT_LIBKETAMA_COMPATIBLE: true, OPT_PREFIX_KEY: 'app:' }, phpLibketama, three, {
    options: { keyPrefix: 'app:' },
  }),

  twemproxyPair({}, ['twemproxy()', twemproxy()], mixed),
  twemproxyPair({}, ['twemproxy()', twemproxy()], mixedWeighted),
  twemproxyPair({ hash: 'md5' }, ['twemproxy({ hash: hashes.md5 })', twemproxy({ hash: hashes.md5 })], mixed),
  twemproxyPair({ hash: 'md5' }, defaultKetama, noSocket),
  twemproxyPair(
    { hash: 'murmur', hash_tag: '"{}"' },
    ["twemproxy({ hash: hashes.murmur, hashTag: '{}' })", twemproxy({ hash: hashes.murmur, hashTag: '{}' })],
    three,
  ),
  twemproxyPair(
    { hash: 'crc32a' },
    ['twemproxy({ hash: hashes.crc32 })', twemproxy({ hash: hashes.crc32 })],
    [
      { kind: 'port', name: 'alpha' },
      { kind: 'default port', name: 'beta', weight: 2 },
      { kind: 'socket', name: 'gamma' },
    ],
  ),
  twemproxyPair({ distribution: 'modula' }, ['twemproxyModula()', twemproxyModula()], mixedWeighted),

  pair(families.memjs, '', ['memjs()', memjs()], three, byOrder),
  pair(families.memjs, '', ['memjs()', memjs()], portsOnly, byOrder),

  pair(families.memcached, '', npmRing, three),
  pair(families.memcached, '', npmRing, portsOnly),
  pair(families.memcached, '', npmRing, portsWeighted),
  pair(families.memcached, "with `namespace: 'app:'`", npmRing, three, {
    foreignOptions: { namespace: 'app:' },
    options: { keyPrefix: 'app:', hashKeyPrefix: true },
  }),
]
