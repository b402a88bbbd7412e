import { describeMemcache } from './describe-memcache.ts'
import { agedTargets } from './targets.ts'

for (const target of agedTargets) describeMemcache(target)
