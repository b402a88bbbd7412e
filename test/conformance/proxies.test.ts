import { describeMemcache } from './describe-memcache.ts'
import { proxyTargets } from './targets.ts'

for (const target of proxyTargets) describeMemcache(target)
