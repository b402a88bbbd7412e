import { describe, expect, it, onTestFinished } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import type { ClusterOptions } from '../../src/cluster/options.ts'
import { MemcacheError, ServerDownError } from '../../src/errors.ts'
import { eventually, rejection, settleAll, until } from '../support/eventually.ts'
import { askRaw } from '../support/raw-connection.ts'
import { type RealMemcached, startMemcached } from '../support/real-memcached.ts'

const GENERATIONS = { generations: { refreshMs: 20 } } as const
const ITEMS = Array.from({ length: 60 }, (_, at) => `item:${at}`)

async function startServers(count: number): Promise<RealMemcached[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => startMemcached()))
  onTestFinished(async () => {
    for (const server of servers) await server.stop()
  })
  return servers
}

function connectTo(servers: readonly RealMemcached[], cluster: ClusterOptions): Memcache {
  const addresses = servers.map((server) => server.address)
  const cache = new Memcache(addresses, {
    timeoutMs: 1000,
    connectTimeoutMs: 1000,
    cluster: { retryTimeoutMs: 100, deadTimeoutMs: 400, ...cluster },
  })
  onTestFinished(() => {
    cache.destroy()
  })
  return cache
}

/** A namespace whose generation belongs to a server. */
function nameOn(cache: Memcache, server: RealMemcached): string {
  for (let at = 0; ; at++) {
    const name = `names-${at}:`
    if (cache.serverFor(`${name}generation`)?.name === server.address) return name
  }
}

function generations(server: RealMemcached, name: string): Promise<string> {
  return askRaw({ port: server.port }, `get ${name}generation\r\n`, 'END\r\n')
}

function stateOf(client: Memcache, { address }: RealMemcached): string {
  return client.servers.find(({ name }) => name === address)!.state
}

class Names {
  readonly cache: Memcache
  readonly name: string
  /** Where each item was when all servers were up. */
  readonly homes: Map<string, string> = new Map()

  constructor(cache: Memcache, name: string) {
    this.cache = cache
    this.name = name
  }

  async fill(): Promise<void> {
    const names = this.cache.namespace<string>(this.name, GENERATIONS)
    await names.setMany(ITEMS.map((key) => [key, `${this.name}${key}`]))
    const generation = await this.cache.get(`${this.name}generation`)
    for (const key of ITEMS) {
      this.homes.set(key, this.cache.serverFor(`${this.name}${String(generation)}:${key}`)!.name)
    }
  }
}

const outages: readonly (readonly [
  name: string,
  begin: (server: RealMemcached) => Promise<void> | void,
  end: (server: RealMemcached) => Promise<void> | void,
  losesItems: boolean,
])[] = [
  ['frozen', (server) => server.freeze(), (server) => server.thaw(), false],
  ['killed', (server) => server.kill('SIGKILL'), (server) => server.start(), true],
]

describe.each(['next', 'none', 'gutter'] as const)('namespaces with generations, failover %s', (failover) => {
  it.each(outages)(
    'find what lies on the others while any one of three servers is %s, and all of it afterwards',
    {
      timeout: 90_000,
    },
    async (_name, begin, end, losesItems) => {
      const servers = await startServers(3)
      const gutter = failover === 'gutter' ? await startServers(1) : []
      const cluster = { failover, ...(failover === 'gutter' ? { gutter: gutter.map(({ address }) => address) } : {}) }
      const cache = connectTo(servers, cluster)
      const spaces = servers.map((server) => new Names(cache, nameOn(cache, server)))
      const handles = new Map(spaces.map((space) => [space, cache.namespace<string>(space.name, GENERATIONS)]))

      for (const victim of servers) {
        for (const space of spaces) {
          await space.fill()
          await handles.get(space)!.get('known by now')
        }
        const own = spaces[servers.indexOf(victim)]!
        const others = (space: Names): string[] => ITEMS.filter((key) => space.homes.get(key) !== victim.address)
        const readOthers = async (): Promise<void> => {
          for (const space of spaces) {
            const outcomes = await settleAll(
              others(space).map((key) => handles.get(space)!.get(key)),
              10_000,
            )
            expect(outcomes).toEqual(
              others(space).map((key) => ({ status: 'fulfilled', value: `${space.name}${key}` })),
            )
          }
        }
        await begin(victim)
        // From the first moment on, before anything is known of the outage.
        await readOthers()
        await until(
          () => {
            void cache.get(`${own.name}generation`).catch(() => undefined)
            return stateOf(cache, victim) !== 'up'
          },
          'it is out',
          20_000,
        )
        for (let round = 0; round < 5; round++) await readOthers()

        expect(await rejection(handles.get(own)!.clear())).toSatisfy(
          (error: unknown) => error instanceof ServerDownError && error.delivery === 'not-sent',
        )
        // A process that knows no number yet makes none.
        const fresh = connectTo(servers, cluster)
        const names = fresh.namespace<string>(own.name, GENERATIONS)
        expect(await rejection(names.get(ITEMS[0]!))).toBeInstanceOf(MemcacheError)
        await until(
          () => {
            void fresh.get(`${own.name}generation`).catch(() => undefined)
            return stateOf(fresh, victim) !== 'up'
          },
          'it is out for the new process too',
          20_000,
        )
        expect(await rejection(names.get(ITEMS[0]!))).toBeInstanceOf(ServerDownError)
        for (const server of [...servers, ...gutter]) {
          if (server !== victim) expect(await generations(server, own.name)).toBe('END\r\n')
        }

        await end(victim)
        await until(() => stateOf(cache, victim) === 'up' && stateOf(fresh, victim) === 'up', 'it is back', 20_000)
        const before = handles.get(own)!
        if (losesItems) {
          // What it kept is gone; the number that takes the place was never in use.
          await eventually(async () => expect(await before.getMany(ITEMS)).toEqual(new Map()))
          for (const space of spaces) {
            if (space === own) continue
            const found = await handles.get(space)!.getMany(ITEMS)
            expect([...found.keys()]).toEqual(others(space))
          }
          await before.set('item:0', 'new')
          expect(await before.get('item:0')).toBe('new')
        } else {
          for (const space of spaces) {
            expect(await handles.get(space)!.getMany(ITEMS)).toEqual(
              new Map(ITEMS.map((key) => [key, `${space.name}${key}`])),
            )
          }
          expect(await names.get(ITEMS[0]!)).toBe(`${own.name}${ITEMS[0]!}`)
          await before.clear()
          expect(await before.getMany(ITEMS)).toEqual(new Map())
        }
      }
    },
  )
})
