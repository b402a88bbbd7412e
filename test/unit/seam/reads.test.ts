import { onTestFinished } from 'vitest'
import { systemClock } from '../../../src/cluster/clock.ts'
import { Cluster } from '../../../src/cluster/cluster.ts'
import { resolveClusterOptions } from '../../../src/cluster/options.ts'
import { parseServers, SourcedCluster } from '../../../src/cluster/sourced-cluster.ts'
import { resolveConnectionOptions } from '../../../src/connection/options.ts'
import { ClosedError } from '../../../src/errors.ts'
import { withFallback } from '../../../src/middleware/fallback.ts'
import { withRetry } from '../../../src/middleware/retry.ts'
import { ServerPool } from '../../../src/pool/server-pool.ts'
import type { Backend, Executor } from '../../../src/seam/executor.ts'
import { NO_OBSERVER } from '../../../src/seam/observer.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { parseServerSpec } from '../../../src/server-address.ts'
import { byLetter } from '../cluster/lab.ts'
import { describeReads, type ReadsLab } from './reads-contract.ts'

const maxValueBytes = 100_000
const connection = resolveConnectionOptions({ timeoutMs: 5000, connectTimeoutMs: 5000, maxValueBytes })

async function startServer(): Promise<string> {
  const server = await MemcachedServer.start()
  onTestFinished(() => server.close())
  return server.address
}

async function startPool(connections = 1): Promise<ServerPool> {
  return ended(new ServerPool({ server: parseServerSpec(await startServer()), connections, options: connection }))
}

async function startCluster(servers: number): Promise<Cluster> {
  const addresses = await Promise.all(Array.from({ length: servers }, startServer))
  return ended(createCluster(addresses))
}

function createCluster(addresses: readonly string[]): Cluster {
  return new Cluster(parseServers(addresses), {
    options: resolveClusterOptions({ distribution: byLetter }),
    member: { connections: 1, connection, clock: systemClock },
    hashedPrefix: undefined,
    observer: NO_OBSERVER,
  })
}

async function startSourced(): Promise<SourcedCluster> {
  const addresses = [await startServer(), await startServer()]
  const source = (async function* () {
    yield addresses
  })()
  return ended(new SourcedCluster(source, createCluster([]), 5000, () => undefined))
}

function ended<B extends Backend>(backend: B): B {
  onTestFinished(() => backend.destroy(new ClosedError('the test has ended', { delivery: 'not-sent' })))
  return backend
}

/** A backend inside of what `wrap` puts around it. */
function around(backend: Backend, wrap: (next: Executor) => Executor = (next) => next): ReadsLab {
  return { executor: wrap(backend), destroy: (error) => backend.destroy(error) }
}

const contract = { inBatches: true, maxValueBytes }

describeReads('ServerPool', { ...contract, start: async () => around(await startPool()) })
describeReads('ServerPool of three connections', { ...contract, start: async () => around(await startPool(3)) })
describeReads('Cluster of one server', { ...contract, start: async () => around(await startCluster(1)) })
describeReads('Cluster of three servers', { ...contract, start: async () => around(await startCluster(3)) })
describeReads('SourcedCluster', { ...contract, start: async () => around(await startSourced()) })
describeReads('retry', { ...contract, start: async () => around(await startPool(), withRetry()) })
describeReads('fallback', {
  ...contract,
  inBatches: 'hits',
  start: async () => around(await startCluster(3), withFallback([await startPool()])),
})
describeReads('retry around an executor of single operations', {
  ...contract,
  inBatches: false,
  start: async () => around(await startPool(), (next) => withRetry()({ dispatch: (one) => next.dispatch(one) })),
})
describeReads('an executor of single operations', {
  ...contract,
  inBatches: false,
  start: async () => around(await startPool(), (next) => ({ dispatch: (operation) => next.dispatch(operation) })),
})
