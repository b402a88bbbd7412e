import { describeMemcache } from './describe-memcache.ts'
import { serverlessTargets } from './targets.ts'

for (const target of serverlessTargets) describeMemcache(target)
