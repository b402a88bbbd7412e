import { afterAll, afterEach, beforeAll, beforeEach, it } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import type { ServerSpec } from '../../src/server-address.ts'
import { FaultProxy } from '../../src/testing/fault-proxy.ts'
import { type MemcacheOptions, patient } from '../support/memcache-options.ts'
import { RawConnection } from '../support/raw-connection.ts'
import type { SideDoor } from '../support/side-door.ts'
import { type Lack, lackText } from './capabilities.ts'
import type { CountedConnections, RunningServer } from './running-server.ts'
import type { Target } from './targets.ts'

/** A test that runs where the target lacks what another needs: what the documentation promises instead. */
export interface Otherwise {
  readonly title: string
  readonly test: () => unknown
}

/** What the suites get: one server for the whole target, clients and keys per test. */
export interface Context {
  readonly target: Target
  /** A client that is destroyed after the test. */
  client: (options?: MemcacheOptions) => Memcache
  /** A client whose connections are counted and can be frozen. */
  countedClient: (options?: MemcacheOptions) => Promise<{ cache: Memcache; proxy: CountedConnections }>
  /** The side door. */
  raw: () => SideDoor
  /** The server's name as the client reports it. */
  address: () => string
  /** A key that nobody used yet. */
  key: (label?: string) => string
  /** A text that is larger than the server takes. */
  tooLarge: () => string
  /** Moves the server's clock; only where the target does not lack `clock`. */
  advanceSeconds: (seconds: number) => void
  /** `it`; where the target lacks one of the needs, the test of what happens instead, or else a test left out. */
  itNeeds: (needs: Lack | readonly Lack[], title: string, test: () => unknown, otherwise?: Otherwise) => void
  /** `it`, only where the target lacks this; elsewhere there is no such test. */
  itLacks: (lack: Lack, title: string, test: () => unknown) => void
}

declare module 'vitest' {
  interface TaskMeta {
    /** For the page of compatibility: where this test ran. */
    target?: { server: string; transport: string; protocol: string; lacks: string[] }
    /** By which runtime: `bun 1.4.5`. */
    runtime?: string
    /** What the target lacks, so that this test ran instead of another. */
    insteadOf?: Lack
  }
}

// Bun and Deno claim to be a node besides.
const [runtime] = ['bun', 'deno', 'node'].flatMap((name) => {
  const version = process.versions[name]
  return version === undefined ? [] : [`${name} ${version}`]
})

let keys = 0

/** Starts the target before the tests of the surrounding `describe` and ends everything afterwards. */
export function useTarget(target: Target): Context {
  let server: RunningServer | undefined
  let raw: SideDoor | undefined
  const cleanups: (() => unknown)[] = []

  beforeAll(async () => {
    server = await target.start()
    raw = await (server.openSideDoor?.() ?? RawConnection.open(server.endpoint))
  })
  beforeEach(({ task }) => {
    const { server: name, transport, protocol, lacks } = target
    if (target.isUnlisted !== true)
      task.meta.target = { server: name, transport, protocol, lacks: [...lacks].map((lack) => lackText[lack]) }
    if (runtime !== undefined) task.meta.runtime = runtime
  })
  afterEach(async () => {
    while (cleanups.length > 0) await cleanups.pop()!()
  })
  afterAll(async () => {
    raw?.close()
    await server?.stop()
  })

  function newClient(address: ServerSpec, options: MemcacheOptions): Memcache {
    const all = { ...patient, ...server!.options, protocol: target.protocol, ...options }
    const cache = server!.createClient?.(all) ?? new Memcache(address, all)
    cleanups.push(() => (server!.takeBackClients === undefined ? cache.destroy() : server!.takeBackClients()))
    return cache
  }

  return {
    target,
    client: (options = {}) => newClient(server!.address, options),
    countedClient: async (options = {}) => {
      if (server!.countConnections !== undefined) {
        const cache = newClient(server!.address, options)
        return { cache, proxy: server!.countConnections(cache) }
      }
      const { path, port } = server!.endpoint
      const proxy = await FaultProxy.start(path ?? `127.0.0.1:${port}`)
      cleanups.push(() => proxy.close())
      // The certificate names localhost.
      const host = server!.endpoint.authority === undefined ? '127.0.0.1' : 'localhost'
      const version = server!.knownVersion
      return { cache: newClient({ host, port: proxy.port, ...(version && { version }) }, options), proxy }
    },
    raw: () => raw!,
    address: () => server!.address,
    key: (label = 'key') => `${label}-${process.pid}-${keys++}`,
    tooLarge: () => 'x'.repeat(target.maxItemBytes + 1000),
    advanceSeconds: (seconds) => server!.advanceSeconds!(seconds),
    itNeeds: (needs, title, test, otherwise) => {
      const lack = [needs].flat().find((need) => target.lacks.has(need))
      if (lack === undefined) it(title, async () => void (await test()))
      else if (otherwise === undefined) it.skip(title, () => undefined)
      else itInstead(lack, otherwise.title, otherwise.test)
    },
    itLacks: (lack, title, test) => {
      if (target.lacks.has(lack)) itInstead(lack, title, test)
    },
  }
}

function itInstead(lack: Lack, title: string, test: () => unknown): void {
  it(title, async ({ task }) => {
    task.meta.insteadOf = lack
    await test()
  })
}
