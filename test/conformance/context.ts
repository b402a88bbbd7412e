import { afterAll, afterEach, beforeAll, it } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import { FaultProxy } from '../support/fault-proxy.ts'
import { type MemcacheOptions, patient } from '../support/memcache-options.ts'
import { RawConnection } from '../support/raw-connection.ts'
import type { Lack, RunningServer, Target } from './targets.ts'

/** What the suites get: one server for the whole target, clients and keys per test. */
export interface Context {
  readonly target: Target
  /** A client that is destroyed after the test. */
  client: (options?: MemcacheOptions) => Memcache
  /** A client behind a proxy that counts its connections. */
  countedClient: (options?: MemcacheOptions) => Promise<{ cache: Memcache; proxy: FaultProxy }>
  /** The side door. */
  raw: () => RawConnection
  /** The server's name as the client reports it. */
  address: () => string
  /** A key that nobody used yet. */
  key: (label?: string) => string
  /** Moves the server's clock; only where the target does not lack `clock`. */
  advanceSeconds: (seconds: number) => void
  /** `it`, left out where the target lacks what the test needs. */
  itNeeds: (need: Lack, title: string, test: () => Promise<void>) => void
}

let keys = 0

/** Starts the target before the tests of the surrounding `describe` and ends everything afterwards. */
export function useTarget(target: Target): Context {
  let server: RunningServer | undefined
  let raw: RawConnection | undefined
  const cleanups: (() => unknown)[] = []

  beforeAll(async () => {
    server = await target.start()
    raw = await RawConnection.open(server.endpoint)
  })
  afterEach(async () => {
    while (cleanups.length > 0) await cleanups.pop()!()
  })
  afterAll(async () => {
    raw?.close()
    await server?.stop()
  })

  function newClient(address: string, options: MemcacheOptions): Memcache {
    const cache = new Memcache(address, { ...patient, ...server!.options, protocol: target.protocol, ...options })
    cleanups.push(() => cache.destroy())
    return cache
  }

  return {
    target,
    client: (options = {}) => newClient(server!.address, options),
    countedClient: async (options = {}) => {
      const proxy = await FaultProxy.start(server!.endpoint)
      cleanups.push(() => proxy.close())
      // The certificate names localhost.
      const cache = newClient(
        server!.endpoint.authority === undefined ? proxy.address : `localhost:${proxy.port}`,
        options,
      )
      return { cache, proxy }
    },
    raw: () => raw!,
    address: () => server!.address,
    key: (label = 'key') => `${label}-${process.pid}-${keys++}`,
    advanceSeconds: (seconds) => server!.advanceSeconds!(seconds),
    itNeeds: (need, title, test) => it.skipIf(target.lacks.has(need))(title, test),
  }
}
