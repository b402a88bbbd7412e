import { describeMemcache } from './describe-memcache.ts'
import { realTargets } from './targets.ts'

for (const target of realTargets) describeMemcache(target)
