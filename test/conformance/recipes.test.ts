import { describe } from 'vitest'
import { useTarget } from './context.ts'
import { describeRecipes } from './suites/recipes.ts'
import {
  agedTargets,
  embeddedTargets,
  mockTargets,
  optionTargets,
  proxyTargets,
  realTargets,
  versionTargets,
} from './targets.ts'

/** Transports end below what the recipes use. */
const targets = [
  ...embeddedTargets,
  ...mockTargets,
  ...realTargets,
  ...versionTargets,
  ...optionTargets,
  ...proxyTargets,
  ...agedTargets,
].filter(({ transport, protocol }) => ['tcp', 'memory'].includes(transport) && protocol !== 'meta')

for (const target of targets) {
  const missing = target.notHere === undefined ? '' : ` (${target.notHere})`
  describe.skipIf(target.notHere !== undefined)(`recipes, ${target.name}${missing}`, () => {
    describeRecipes(useTarget({ ...target, isUnlisted: true }))
  })
}
