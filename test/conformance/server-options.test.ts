import { describeMemcache } from './describe-memcache.ts'
import { optionTargets } from './targets.ts'

for (const target of optionTargets) describeMemcache(target)
