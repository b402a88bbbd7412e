import { describe } from 'vitest'
import { useTarget } from './context.ts'
import { describeGetOrSet } from './suites/get-or-set.ts'
import { describeGetOrSetMany } from './suites/get-or-set-many.ts'
import { describePlaceholders } from './suites/leases.ts'
import { describeNamespaces } from './suites/namespaces.ts'
import { describeRefreshes } from './suites/refreshes.ts'
import { describeUpdate } from './suites/update.ts'
import { agedTargets, embeddedTargets, optionTargets, proxyTargets, realTargets, versionTargets } from './targets.ts'

/** Leases are made of commands that every transport carries alike: one is enough. */
const targets = [embeddedTargets, realTargets, versionTargets, optionTargets, proxyTargets, agedTargets]
  .flat()
  .filter(({ transport }) => transport === 'tcp')

for (const target of targets) {
  const { name, notHere } = target
  describe.skipIf(notHere !== undefined)(notHere === undefined ? name : `${name} (${notHere})`, () => {
    const context = useTarget(target)
    describePlaceholders(context)
    describeGetOrSet(context)
    describeRefreshes(context)
    describeGetOrSetMany(context)
    describeUpdate(context)
    describeNamespaces(context)
  })
}
