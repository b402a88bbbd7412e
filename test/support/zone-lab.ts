import { expect, onTestFinished } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import { type ZoneOptions, zones } from '../../src/client/zones.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { FaultProxy } from '../../src/testing/fault-proxy.ts'
import { eventually, until } from './eventually.ts'
import { type MemcacheOptions, patient } from './memcache-options.ts'

/** Names of the zones of a lab; the first one is local. */
export const ZONES = ['a', 'b', 'c'] as const

/** Name of a zone. */
export type ZoneName = (typeof ZONES)[number]

/** Options of the zones: those that a lab does not give. */
export type LabZones = Partial<ZoneOptions>

/** Servers that are out are asked again soon. */
export const SOON = { retryAttempts: 0, retryTimeoutMs: 20, deadTimeoutMs: 40 } as const

/** Three zones of one embedded server each, behind proxies; the client under test, and a client of each zone past the proxy. */
export class ZoneLab {
  readonly cache: Memcache
  /** Clients of one zone each, past the proxies. */
  readonly direct: Readonly<Record<ZoneName, Memcache>>
  readonly proxies: Readonly<Record<ZoneName, FaultProxy>>
  readonly servers: Readonly<Record<ZoneName, MemcachedServer>>
  /** Events of the client: name, and zone or server. */
  readonly events: string[] = []

  constructor(
    servers: Readonly<Record<ZoneName, MemcachedServer>>,
    proxies: Readonly<Record<ZoneName, FaultProxy>>,
    cache: Memcache,
  ) {
    this.servers = servers
    this.proxies = proxies
    this.cache = cache
    this.direct = byZone((zone) => ownClient(servers[zone].address, patient))
    cache.on('zoneDown', ({ zone }) => this.events.push(`down ${zone}`))
    cache.on('zoneUp', ({ zone }) => this.events.push(`up ${zone}`))
    cache.on('rejoinOverflow', ({ zone }) => this.events.push(`overflow ${zone ?? ''}`))
  }

  static async start(options: LabZones = {}, client: MemcacheOptions = {}): Promise<ZoneLab> {
    const servers = await startAll(() => MemcachedServer.start())
    const proxies = await startAll((zone) => FaultProxy.start(servers[zone].address))
    onTestFinished(async () => {
      for (const zone of ZONES) {
        await proxies[zone].close()
        await servers[zone].close()
      }
    })
    const lab = (): Memcache =>
      ownClient(proxies.a.address, {
        ...patient,
        cluster: SOON,
        ...client,
        zones: zones({
          local: 'a',
          primary: 'b',
          others: { b: [proxies.b.address], c: [proxies.c.address] },
          zoneTimeoutMs: 60_000,
          repair: false,
          ...options,
        }),
      })
    return new ZoneLab(servers, proxies, lab())
  }

  /** What each zone has under a key. */
  async held(key: string): Promise<unknown[]> {
    return Promise.all(ZONES.map((zone) => this.direct[zone].get(key)))
  }

  /** Cuts a zone off: its connections are reset, and new ones refused. */
  async cut(zone: ZoneName): Promise<void> {
    await this.proxies[zone].refuse()
    this.proxies[zone].reset()
  }

  /** Cuts a zone off, and waits until the client has noticed. */
  async cutNoticed(zone: ZoneName): Promise<void> {
    await this.cut(zone)
    await until(() => {
      void this.cache.touch('noticed', 1).catch(() => undefined)
      return this.events.includes(`down ${zone}`)
    }, `${zone} is down`)
  }

  /** Waits until each zone has this under a key. */
  async untilHeld(key: string, values: readonly unknown[]): Promise<void> {
    await eventually(async () => expect(await this.held(key)).toEqual(values))
  }

  /** Undoes what was done to a zone, and waits until the client uses it again. */
  async heal(zone: ZoneName): Promise<void> {
    await this.proxies[zone].heal()
    await until(() => this.events.includes(`up ${zone}`), `${zone} is up`)
  }

  /** State of a zone, as the client tells it. */
  status(zone: ZoneName): Memcache['zones'][number] {
    return this.cache.zones.find(({ name }) => name === zone)!
  }
}

/** A client that is destroyed when the test has ended. */
export function ownClient(address: string, options: MemcacheOptions): Memcache {
  const client = new Memcache(address, options)
  onTestFinished(() => {
    client.destroy()
  })
  return client
}

function byZone<T>(make: (zone: ZoneName) => T): Record<ZoneName, T> {
  return { a: make('a'), b: make('b'), c: make('c') }
}

async function startAll<T>(start: (zone: ZoneName) => Promise<T>): Promise<Record<ZoneName, T>> {
  const [a, b, c] = await Promise.all(ZONES.map(start))
  return { a: a!, b: b!, c: c! }
}
