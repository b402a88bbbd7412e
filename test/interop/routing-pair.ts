import type { MemcacheOptions } from '../../src/client/options.ts'
import type { Distribution } from '../../src/exports/routing.ts'
import * as serdes from '../../src/exports/serde.ts'
import type { ForeignClient } from './foreign-client.ts'
import { routingClients } from './routing-client.ts'
import type { KeyRange } from './routing-keys.ts'
import type { Place } from './routing-servers.ts'
import type { PoolSettings } from './routing-twemproxy.ts'

/** A client that spreads keys over servers, and the serde of memlane that reads its texts. */
export interface Family {
  readonly name: string
  readonly client: ForeignClient
  readonly serde: serdes.Serde
  /** What it spreads keys through, where that is a program of its own. */
  readonly through?: 'twemproxy'
}

/** All of them, by the names of memlane's presets. */
export const families: Readonly<
  Record<'pylibmc' | 'pymemcache' | 'pythonMemcached' | 'dalli' | 'php' | 'twemproxy' | 'memjs' | 'memcached', Family>
> = {
  pylibmc: { name: 'pylibmc', client: routingClients.pylibmc, serde: serdes.pylibmc() },
  pymemcache: { name: 'pymemcache `HashClient`', client: routingClients.pymemcache, serde: serdes.pymemcache() },
  pythonMemcached: {
    name: 'python-memcached',
    client: routingClients.pythonMemcached,
    serde: serdes.pythonMemcached(),
  },
  dalli: { name: 'Dalli', client: routingClients.dalli, serde: serdes.dalli({ marshal: 'readWrite' }) },
  php: { name: 'php-memcached', client: routingClients.phpMemcached, serde: serdes.phpMemcached() },
  twemproxy: { name: 'twemproxy', client: routingClients.pymemcache, serde: serdes.pymemcache(), through: 'twemproxy' },
  memjs: { name: 'memjs', client: routingClients.memjs, serde: serdes.memjs({ strings: 'text' }) },
  memcached: { name: 'memcached (npm)', client: routingClients.memcached, serde: serdes.memcachedNpm() },
}

/** A client with settings of its own over several servers, and what of memlane shares its keys. */
export interface RoutingPair {
  readonly family: Family
  /** The other client's settings, as docs/interop.md shows them; empty for none. */
  readonly setting: string
  /** memlane's preset and options, as docs/interop.md shows them. */
  readonly preset: string
  readonly distribution: Distribution
  readonly places: readonly Place[]
  /** Whether the order of the list of servers decides, not only what is in it. */
  readonly goesByOrder: boolean
  /** The settings as the other client's program takes them. */
  readonly foreignOptions: Readonly<Record<string, unknown>>
  /** Which keys the other client takes. */
  readonly keys: KeyRange
  /** Further options of memlane's client. */
  readonly options: MemcacheOptions
  /** The settings of twemproxy's pool. */
  readonly pool: PoolSettings
}

/** What a test is called. */
export function titleOf({ family, setting, preset, places }: RoutingPair): string {
  const kinds = places.map(
    ({ kind, weight, name }) =>
      `${kind}${weight === undefined ? '' : ` ×${weight}`}${name === undefined ? '' : ` ${name}`}`,
  )
  return `${family.name}${setting === '' ? '' : ` ${setting}`} and ${preset} over ${kinds.join(', ')}`
}
