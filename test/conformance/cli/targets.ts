import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { startMemcached } from '../../support/real-memcached.ts'

/** A server that commands are run on. */
export interface Target {
  readonly name: string
  readonly start: () => Promise<{ readonly address: string; readonly stop: () => Promise<unknown> }>
}

/** Every kind of server that the command line is held to. */
export const TARGETS: readonly Target[] = [
  {
    name: 'the embedded server',
    start: async () => {
      const server = await MemcachedServer.start()
      return { address: server.address, stop: () => server.close() }
    },
  },
  { name: 'memcached 1.6.18', start: () => startMemcached() },
  { name: 'memcached 1.6.38', start: () => startMemcached({ version: '1.6.38' }) },
  { name: 'memcached 1.6.45', start: () => startMemcached({ version: '1.6.45' }) },
]
