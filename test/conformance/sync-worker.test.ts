import { describe } from 'vitest'
import { useTarget } from './context.ts'
import { describeBatches } from './suites/batches.ts'
import { describeCas } from './suites/cas.ts'
import { describeConditionalWrites } from './suites/conditional-writes.ts'
import { describeCounters } from './suites/counters.ts'
import { describeOrder } from './suites/order.ts'
import { describeReadsAndWrites } from './suites/reads-and-writes.ts'
import { describeValues } from './suites/values.ts'
import { asSyncTarget, syncTargets, useSync } from './sync-target.ts'

useSync()

/** The commands that go the direct way elsewhere, through the worker. Over TLS everything does: `sync.test.ts`. */
for (const target of syncTargets) {
  if (target.transport !== 'tcp' || target.protocol !== 'auto') continue
  const { name, ...rest } = asSyncTarget(target, { direct: false })
  describe(`${name}, not the direct way`, () => {
    const context = useTarget({ name, ...rest })
    describeReadsAndWrites(context)
    describeValues(context)
    describeCounters(context)
    describeCas(context)
    describeBatches(context)
    describeOrder(context)
    describeConditionalWrites(context)
  })
}
