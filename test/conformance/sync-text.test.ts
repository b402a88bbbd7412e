import { describeMemcache } from './describe-memcache.ts'
import { asSyncTarget, syncTargets, useSync } from './sync-target.ts'

useSync()

for (const target of syncTargets) {
  if (target.transport === 'tcp' && target.protocol === 'text') describeMemcache(asSyncTarget(target))
}
