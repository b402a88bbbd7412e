import { describe } from 'vitest'
import { MetaClientSync } from '../../src/sync/meta-client-sync.ts'
import { patient } from '../support/memcache-options.ts'
import { useTarget } from './context.ts'
import { describeMemcache } from './describe-memcache.ts'
import { describeGetOrSet } from './suites/get-or-set.ts'
import { describeGetOrSetMany } from './suites/get-or-set-many.ts'
import { describePlaceholders } from './suites/leases.ts'
import { useMetaTarget } from './suites/meta-context.ts'
import { describeMetaLeases } from './suites/meta-leases.ts'
import { describeMetaPipelines } from './suites/meta-pipelines.ts'
import { describeMetaReads } from './suites/meta-reads.ts'
import { describeMetaWrites } from './suites/meta-writes.ts'
import { describeNamespaces } from './suites/namespaces.ts'
import { describeRefreshes } from './suites/refreshes.ts'
import { describeUpdate } from './suites/update.ts'
import { asAsynchronous } from './sync-facade.ts'
import { asSyncTarget, NOT_SYNCHRONOUS_LEASES, useSync } from './sync-target.ts'
import { realTargets } from './targets.ts'

// What is below the worker's client is every client's: here it is about the crossing.
const targets = realTargets.filter(({ protocol }) => protocol !== 'meta')

describe('the suite of Memcache', () => {
  useSync()
  for (const target of targets.filter(isTried)) describeMemcache(asSyncTarget(target))
})

describe('the suite of leases', () => {
  useSync(NOT_SYNCHRONOUS_LEASES)
  for (const target of targets.filter(({ transport }) => transport === 'tcp').map(asSyncTarget)) {
    describe(target.name, () => {
      const context = useTarget(target)
      describePlaceholders(context)
      describeGetOrSet(context)
      describeRefreshes(context)
      describeGetOrSetMany(context)
      describeUpdate(context)
      describeNamespaces(context)
    })
  }
})

describe('the suite of MetaClient', () => {
  useSync()
  for (const target of targets.filter(({ transport, protocol }) => transport === 'tcp' && protocol === 'auto')) {
    const context = useMetaTarget(target)
    context.client = (options = {}) => {
      const meta = new MetaClientSync(context.address(), { ...patient, ...options })
      return asAsynchronous(meta).client as unknown as ReturnType<typeof context.client>
    }
    describeMetaReads(context)
    describeMetaLeases(context)
    describeMetaWrites(context)
    describeMetaPipelines(context)
  }
})

/** TCP has the lane, TLS has not. */
function isTried({ transport, protocol }: (typeof targets)[number]): boolean {
  return transport === 'tcp' || (transport === 'tls' && protocol === 'auto')
}
