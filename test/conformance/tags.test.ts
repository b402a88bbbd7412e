import { describe, it } from 'vitest'
import { serverKinds, TagCluster } from './tags/cluster.ts'
import { costRules } from './tags/cost-rules.ts'
import { failureRules } from './tags/failure-rules.ts'
import { invalidationRules } from './tags/invalidation-rules.ts'
import { loadRules } from './tags/load-rules.ts'

/** What docs/tags.md promises. */
const rules = [...invalidationRules, ...loadRules, ...failureRules, ...costRules]

for (const kind of serverKinds) {
  for (const protocol of ['meta', 'text'] as const) {
    const missing = kind.notHere === undefined ? '' : ` (${kind.notHere})`
    const name = `tags on three servers, ${kind.name}, protocol ${protocol}${missing}`
    describe.skipIf(kind.notHere !== undefined)(name, () => {
      for (const { promise, protocols = ['meta', 'text'], isSmall = false, check } of rules) {
        if (!protocols.includes(protocol)) continue
        it(promise, async () => check(await TagCluster.start(kind, protocol, isSmall)))
      }
    })
  }
}
