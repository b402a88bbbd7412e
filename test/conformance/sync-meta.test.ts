import { afterAll, afterEach, describe } from 'vitest'
import type { MetaClient } from '../../src/client/meta/client.ts'
import { MetaClientSync } from '../../src/sync/meta-client-sync.ts'
import { type MemcacheOptions, patient } from '../support/memcache-options.ts'
import { SpareClients } from './spare-clients.ts'
import { useMetaTarget } from './suites/meta-context.ts'
import { describeMetaLeases } from './suites/meta-leases.ts'
import { describeMetaPipelines } from './suites/meta-pipelines.ts'
import { describeMetaReads } from './suites/meta-reads.ts'
import { describeMetaWrites } from './suites/meta-writes.ts'
import { syncTargets, useSync } from './sync-target.ts'

useSync()

for (const target of syncTargets.filter(({ transport, protocol }) => transport === 'tcp' && protocol === 'auto')) {
  describe(`MetaClientSync on ${target.name}`, () => {
    const context = useMetaTarget(target)
    const clients = new SpareClients((options: MemcacheOptions) => new MetaClientSync(context.address(), options))
    context.client = (options = {}) => clients.take({ ...patient, ...options }) as unknown as MetaClient
    afterEach(() => clients.takeBack())
    afterAll(() => clients.destroy())
    describeMetaReads(context)
    describeMetaLeases(context)
    describeMetaWrites(context)
    describeMetaPipelines(context)
  })
}
