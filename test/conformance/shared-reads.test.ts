import { describe } from 'vitest'
import { useTarget } from './context.ts'
import { describeCallOptions } from './suites/call-options.ts'
import { describeFailures } from './suites/failures.ts'
import { describeKeys } from './suites/keys.ts'
import { describeLongKeys } from './suites/long-keys.ts'
import { describeOrder } from './suites/order.ts'
import { describeReadsAndWrites } from './suites/reads-and-writes.ts'
import { describeValues } from './suites/values.ts'
import { embeddedTargets, type RunningServer } from './targets.ts'

/** The suites that read one key at a time, on clients whose calls share reads. */
for (const target of embeddedTargets.filter(({ server, transport }) => server === 'embedded' && transport === 'tcp')) {
  describe(`${target.name}, shared reads`, () => {
    const start = async (): Promise<RunningServer> => {
      const server = await target.start()
      return { ...server, options: { ...server.options, shareReads: true } }
    }
    const context = useTarget({ ...target, start })
    describeReadsAndWrites(context)
    describeCallOptions(context)
    describeFailures(context)
    describeKeys(context)
    describeLongKeys(context)
    describeOrder(context)
    describeValues(context)
  })
}
