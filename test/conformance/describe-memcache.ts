import { describe } from 'vitest'
import { useTarget } from './context.ts'
import { describeAdmin } from './suites/admin.ts'
import { describeBatches } from './suites/batches.ts'
import { describeCallOptions } from './suites/call-options.ts'
import { describeCas } from './suites/cas.ts'
import { describeChunks } from './suites/chunks.ts'
import { describeCompression } from './suites/compression.ts'
import { describeConditionalWrites } from './suites/conditional-writes.ts'
import { describeCounters } from './suites/counters.ts'
import { describeFailures } from './suites/failures.ts'
import { describeKeyListing } from './suites/key-listing.ts'
import { describeKeys } from './suites/keys.ts'
import { describeLacks } from './suites/lacks.ts'
import { describeLife } from './suites/life.ts'
import { describeLimits } from './suites/limits.ts'
import { describeLongKeys } from './suites/long-keys.ts'
import { describeNearCache } from './suites/near-cache.ts'
import { describeNoreply } from './suites/noreply.ts'
import { describeOrder } from './suites/order.ts'
import { describePop } from './suites/pop.ts'
import { describePresence } from './suites/presence.ts'
import { describeReadsAndWrites } from './suites/reads-and-writes.ts'
import { describeRenewingReads } from './suites/renewing-reads.ts'
import { describeTools } from './suites/tools.ts'
import { describeTtl } from './suites/ttl.ts'
import { describeValues } from './suites/values.ts'
import type { Target } from './targets.ts'

/** The one client suite: every server and protocol must pass it alike. */
export function describeMemcache(target: Target): void {
  const { name, notHere } = target
  describe.skipIf(notHere !== undefined)(notHere === undefined ? name : `${name} (${notHere})`, () => {
    const context = useTarget(target)
    describeReadsAndWrites(context)
    describeValues(context)
    describeKeys(context)
    describeLongKeys(context)
    describeTtl(context)
    describeCounters(context)
    describeCas(context)
    describeBatches(context)
    describeOrder(context)
    describeCallOptions(context)
    describeLimits(context)
    describeFailures(context)
    describeNoreply(context)
    describeAdmin(context)
    describeKeyListing(context)
    // Done before the bytes reach any socket, and slow: another transport proves nothing new.
    if (target.transport === 'tcp' || target.transport === 'memory') describeCompression(context)
    describeChunks(context)
    // As compression: it is in front of every transport.
    if (target.transport === 'tcp' || target.transport === 'memory') describeNearCache(context)
    describeConditionalWrites(context)
    describePop(context)
    describePresence(context)
    describeRenewingReads(context)
    describeTools(context)
    if ([...target.lacks].some((lack) => lack !== 'clock')) describeLacks(context)
    describeLife(context)
  })
}
