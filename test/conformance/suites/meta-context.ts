import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { MetaClient } from '../../../src/client/meta/client.ts'
import { InvalidInputError } from '../../../src/errors.ts'
import { parseServerVersion, type ServerVersion, versionOrder } from '../../../src/protocol/server-version.ts'
import { rejection } from '../../support/eventually.ts'
import { type MemcacheOptions, patient } from '../../support/memcache-options.ts'
import { RawConnection } from '../../support/raw-connection.ts'
import type { SideDoor } from '../../support/side-door.ts'
import type { RunningServer, Target } from '../targets.ts'

/** What the suites of MetaClient get: one server for the whole target, clients and keys per test. */
export interface MetaContext {
  readonly target: Target
  /** A client that is destroyed after the test. */
  client: (options?: MemcacheOptions) => MetaClient
  /** The side door. */
  raw: () => SideDoor
  /** A key that nobody used yet. */
  key: (label?: string) => string
  /** What the server said to `version`. */
  version: () => ServerVersion
  /** The server's name as the client reports it. */
  address: () => string
  /**
   * A test of a call that needs a version: older servers never see it, and the refusal says what is needed and what there
   * is.
   */
  itSince: (
    since: string,
    title: string,
    call: (meta: MetaClient, key: string) => Promise<unknown>,
    check: (result: unknown, meta: MetaClient, key: string) => Promise<void> | void,
  ) => void
}

let keys = 0

/** Starts the target before the tests of the surrounding `describe` and ends everything afterwards. */
export function useMetaTarget(target: Target): MetaContext {
  let server: RunningServer | undefined
  let raw: SideDoor | undefined
  let version: ServerVersion | undefined
  const clients: MetaClient[] = []

  beforeAll(async () => {
    server = await target.start()
    raw = await (server.openSideDoor?.() ?? RawConnection.open(server.endpoint))
    version = parseServerVersion(await raw.ask('version\r\n'))
  })
  afterEach(() => {
    while (clients.length > 0) clients.pop()!.destroy()
  })
  afterAll(async () => {
    raw?.close()
    await server?.stop()
  })

  const context: MetaContext = {
    target,
    client: (options = {}) => {
      const all = { ...patient, ...server!.options, protocol: target.protocol, ...options }
      const meta = new MetaClient(server!.address, all)
      clients.push(meta)
      return meta
    },
    raw: () => raw!,
    key: (label = 'meta') => `${label}-${process.pid}-${keys++}`,
    version: () => version!,
    address: () => server!.address,
    itSince: (since, title, call, check) => {
      it(`${title} (${since})`, async () => {
        const meta = context.client()
        const key = context.key()
        if (version!.order >= versionOrder(since)) return check(await call(meta, key), meta, key)
        const error = await rejection(call(meta, key))
        expect(error).toBeInstanceOf(InvalidInputError)
        expect(error.message).toContain(`needs memcached ${since} or newer`)
        expect(error.message).toContain(version!.text.replace(/^VERSION |\s+$/g, ''))
      })
    },
  }
  return context
}
