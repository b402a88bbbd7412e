import { describe } from 'vitest'
import { singleReads } from '../support/single-reads.ts'
import { useTarget } from './context.ts'
import { describeBatches } from './suites/batches.ts'
import { describeCallOptions } from './suites/call-options.ts'
import { describeCompression } from './suites/compression.ts'
import { describeFailures } from './suites/failures.ts'
import { describeKeys } from './suites/keys.ts'
import { describeLimits } from './suites/limits.ts'
import { describeLongKeys } from './suites/long-keys.ts'
import { describeOrder } from './suites/order.ts'
import { describeValues } from './suites/values.ts'
import { embeddedTargets, type RunningServer } from './targets.ts'

/** The suites that read many keys at a time, on clients that hand over each read by itself. */
for (const target of embeddedTargets.filter(({ transport }) => transport === 'tcp')) {
  describe(`${target.name}, reads one by one`, () => {
    const start = async (): Promise<RunningServer> => {
      const server = await target.start()
      return { ...server, options: { ...server.options, ...singleReads } }
    }
    const context = useTarget({ ...target, start })
    describeBatches(context)
    describeCallOptions(context)
    describeCompression(context)
    describeFailures(context)
    describeKeys(context)
    describeLimits(context)
    describeLongKeys(context)
    describeOrder(context)
    describeValues(context)
  })
}
