import { describeMemcache } from './describe-memcache.ts'
import { embeddedTargets } from './targets.ts'

for (const target of embeddedTargets) describeMemcache(target)
