import { inject } from 'vitest'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import type { FetchedVersion } from '../../support/memcached-versions.ts'
import { startMemcached } from '../../support/real-memcached.ts'

/** A server that a test runs on. */
export interface TestServer extends AsyncDisposable {
  readonly address: string
}

/** A server that the suites run on. */
export interface Target {
  readonly name: string
  readonly start: () => Promise<TestServer>
}

const VERSIONS: readonly FetchedVersion[] = ['1.6.38', '1.6.45']

/** The embedded server, the installed memcached, and the others that are here. */
export function targets(): Target[] {
  const fetched = VERSIONS.filter((version) => inject('memcachedBinaries')[version] !== undefined)
  return [
    { name: 'the embedded server', start: () => MemcachedServer.start() },
    { name: `memcached ${inject('installedMemcached')}`, start: () => startMemcached() },
    ...fetched.map((version) => ({ name: `memcached ${version}`, start: () => startMemcached({ version }) })),
  ]
}
