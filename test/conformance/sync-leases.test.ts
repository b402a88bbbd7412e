import { describe } from 'vitest'
import { useTarget } from './context.ts'
import { describeGetOrSet } from './suites/get-or-set.ts'
import { describeGetOrSetMany } from './suites/get-or-set-many.ts'
import { describePlaceholders } from './suites/leases.ts'
import { describeNamespaces } from './suites/namespaces.ts'
import { describeRefreshes } from './suites/refreshes.ts'
import { describeUpdate } from './suites/update.ts'
import { asSyncTarget, NOT_SYNCHRONOUS_LEASES, syncTargets, useSync } from './sync-target.ts'

useSync(NOT_SYNCHRONOUS_LEASES)

const targets = syncTargets.filter(({ transport }) => transport === 'tcp')

for (const target of targets.map((plain) => asSyncTarget(plain))) {
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
