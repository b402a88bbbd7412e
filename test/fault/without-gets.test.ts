import { describe, expect, it, onTestFinished } from 'vitest'
import type { Memcache } from '../../src/client/memcache.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { FaultProxy } from '../../src/testing/fault-proxy.ts'
import { rejection, until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { Gate } from '../support/gate.ts'
import { whyNotHere } from '../support/memcached-binaries.ts'
import { startMemcached } from '../support/real-memcached.ts'
import { skipTime } from '../support/skip-time.ts'

/** What stands for a server, and how it refuses `gets`. */
interface Setup {
  readonly name: string
  readonly notHere?: string | undefined
  readonly start: () => Promise<{ readonly address: string; readonly stop: () => Promise<void> }>
}

const setups: readonly Setup[] = [
  {
    name: 'the embedded server',
    start: async () => {
      const server = await MemcachedServer.start()
      return { address: server.address, stop: () => server.close() }
    },
  },
  ...([undefined, '1.6.38', '1.6.45'] as const).map((version) => ({
    name: `memcached ${version ?? 'as installed'}`,
    notHere: version === undefined ? undefined : whyNotHere(version),
    start: async () => {
      const server = await startMemcached({ version })
      return { address: server.address, stop: () => server.stop() }
    },
  })),
]

/** `ERROR`, or what mcrouter 41 answers. */
const REFUSALS = ['ERROR', 'SERVER_ERROR unexpected result mc_res_unknown (0) for get'] as const

/** A server that does not know `gets`. */
class WithoutGets {
  readonly #proxy: FaultProxy
  #sent = ''

  private constructor(proxy: FaultProxy, refusal: string) {
    this.#proxy = proxy
    proxy.set('toServer', {
      transform: (chunk) => {
        const text = chunk.toString('latin1')
        this.#sent += text
        return Buffer.from(text.replaceAll(/^gets /gm, 'Xets '), 'latin1')
      },
    })
    proxy.set('toClient', {
      transform: (chunk) => Buffer.from(chunk.toString('latin1').replaceAll(/^ERROR\r$/gm, `${refusal}\r`), 'latin1'),
    })
  }

  static async start({ start }: Setup, refusal: string): Promise<WithoutGets> {
    const server = await start()
    const proxy = await FaultProxy.start(server.address)
    onTestFinished(async () => {
      await proxy.close()
      await server.stop()
    })
    return new WithoutGets(proxy, refusal)
  }

  client(): Memcache {
    return faultClient(this.#proxy.address, { protocol: 'text' })
  }

  /** How often a command was sent. */
  count(command: string): number {
    return this.#sent.split('\r\n').filter((line) => line.startsWith(`${command} `)).length
  }
}

function failToLoad(): never {
  throw new Error('no database')
}

const cases = setups.flatMap((setup) =>
  REFUSALS.flatMap((refusal) => (['inline', 'key'] as const).map((lease) => ({ setup, refusal, lease }))),
)

describe.each(cases)('getOrSet without gets: $setup.name, which answers $refusal, lease $lease', (one) => {
  const { setup, refusal, lease } = one
  const later = it.skipIf(setup.notHere !== undefined)

  later('loads once for all who ask, and every other look is a get', async () => {
    const server = await WithoutGets.start(setup, refusal)
    const clients = [server.client(), server.client()]
    const gate = new Gate()
    let loads = 0
    const load = async (): Promise<{ n: number }> => {
      loads++
      await gate.opened
      return { n: 7 }
    }
    const calls = clients.flatMap((client) =>
      Array.from({ length: 10 }, () => client.getOrSet('k', load, { ttl: 60, lease })),
    )
    await until(() => loads > 0, 'a caller loads')
    gate.open()
    expect(await Promise.all(calls)).toEqual(calls.map(() => ({ n: 7 })))
    expect(loads).toBe(1)
    const asked = server.count('gets')
    for (const client of clients) {
      expect(await client.getOrSet('k', () => ({ n: 8 }), { lease })).toEqual({ n: 7 })
      expect(await client.get('k')).toEqual({ n: 7 })
      expect(await client.get('k:lease')).toBeUndefined()
    }
    expect(server.count('gets')).toBe(asked)
    expect(server.count('cas')).toBe(0)
    expect(server.count('set')).toBe(lease === 'key' ? 0 : 1)
  })

  later('asks by gets again after a minute', async () => {
    const server = await WithoutGets.start(setup, refusal)
    const cache = server.client()
    expect(await cache.getOrSet('k', () => 1, { lease })).toBe(1)
    expect(server.count('gets')).toBe(1)
    skipTime(61_000)
    expect(await cache.getOrSet('k', () => 2, { lease })).toBe(1)
    expect(await cache.getOrSet('k', () => 3, { lease })).toBe(1)
    expect(server.count('gets')).toBe(2)
  })

  later('lets the next caller load where the loader fails, or gives nothing', async () => {
    const server = await WithoutGets.start(setup, refusal)
    const cache = server.client()
    expect((await rejection(cache.getOrSet('k', failToLoad, { lease }))).message).toBe('no database')
    expect(await cache.getOrSet('k', () => undefined, { lease })).toBeUndefined()
    expect(await cache.getOrSet('k', () => 5, { lease })).toBe(5)
    expect(await cache.get('k')).toBe(5)
  })

  later('loads many keys by one call', async () => {
    const server = await WithoutGets.start(setup, refusal)
    const cache = server.client()
    await cache.set('k3', 'there')
    const keys = Array.from({ length: 50 }, (_, at) => `k${at}`)
    let loads = 0
    const load = (missing: string[]): Map<string, string> => {
      loads++
      return new Map(missing.map((key) => [key, `loaded ${key}`]))
    }
    const found = await cache.getOrSetMany(keys, load, { lease })
    expect(found.size).toBe(50)
    expect(found.get('k3')).toBe('there')
    expect(found.get('k49')).toBe('loaded k49')
    expect(loads).toBe(1)
    expect((await cache.getMany(keys)).size).toBe(50)
  })
})

describe('a set while another process loads, without gets', () => {
  it("counts with lease: 'key', which stores by add", async () => {
    const server = await WithoutGets.start(setups[0]!, REFUSALS[0])
    const [loading, other] = [server.client(), server.client()]
    const gate = new Gate()
    let isLoading = false
    const load = async (): Promise<string> => {
      isLoading = true
      await gate.opened
      return 'loaded'
    }
    const loaded = loading.getOrSet('k', load, { lease: 'key' })
    await until(() => isLoading, 'it loads')
    await other.set('k', 'newer')
    gate.open()
    expect(await loaded).toBe('loaded')
    expect(await other.get('k')).toBe('newer')
  })
})

describe('a failure that is no refusal of gets', () => {
  it('is the failure of the call, and gets is asked for again', async () => {
    const server = await WithoutGets.start(setups[0]!, 'SERVER_ERROR backend failure')
    const cache = server.client()
    for (const asked of [1, 2]) {
      expect((await rejection(cache.getOrSet('k', () => 1))).message).toContain('backend failure')
      expect(server.count('gets')).toBe(asked)
      expect(server.count('get')).toBe(0)
    }
  })
})
