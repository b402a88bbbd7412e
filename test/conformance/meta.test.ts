import { describe } from 'vitest'
import { useMetaTarget } from './suites/meta-context.ts'
import { describeMetaLeases } from './suites/meta-leases.ts'
import { describeMetaPipelines } from './suites/meta-pipelines.ts'
import { describeMetaReads } from './suites/meta-reads.ts'
import { describeMetaWrites } from './suites/meta-writes.ts'
import { agedTargets, embeddedTargets, realTargets, type Target, versionTargets } from './targets.ts'

/** MetaClient needs meta commands; every server and every way to one that has them. */
const targets: readonly Target[] = [...embeddedTargets, ...realTargets, ...versionTargets, ...agedTargets].filter(
  ({ protocol, lacks }) => protocol !== 'text' && !lacks.has('meta'),
)

for (const target of targets) {
  const { name, notHere } = target
  describe.skipIf(notHere !== undefined)(`MetaClient on ${name}${notHere === undefined ? '' : ` (${notHere})`}`, () => {
    const context = useMetaTarget(target)
    describeMetaReads(context)
    describeMetaLeases(context)
    describeMetaWrites(context)
    describeMetaPipelines(context)
  })
}
