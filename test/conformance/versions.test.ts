import { describeMemcache } from './describe-memcache.ts'
import { versionTargets } from './targets.ts'

for (const target of versionTargets) describeMemcache(target)
