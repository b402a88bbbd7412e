import { describe } from 'vitest'
import { useTarget } from './context.ts'
import { describeMemcache } from './describe-memcache.ts'
import { describeGetOrSet } from './suites/get-or-set.ts'
import { describeGetOrSetMany } from './suites/get-or-set-many.ts'
import { describePlaceholders } from './suites/leases.ts'
import { describeNamespaces } from './suites/namespaces.ts'
import { describeRefreshes } from './suites/refreshes.ts'
import { describeUpdate } from './suites/update.ts'
import { mockTargets } from './targets.ts'

for (const target of mockTargets) {
  describeMemcache(target)
  describe(`leases of ${target.name}`, () => {
    const context = useTarget(target)
    describePlaceholders(context)
    describeGetOrSet(context)
    describeRefreshes(context)
    describeGetOrSetMany(context)
    describeUpdate(context)
    describeNamespaces(context)
  })
}
