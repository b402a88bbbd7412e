import { describeMemcache } from './describe-memcache.ts'
import { asSyncTarget, syncTargets, useSync } from './sync-target.ts'

useSync()

/** TCP has the direct way, TLS has not. The text protocol is in a file of its own, so that both take half as long. */
for (const target of syncTargets) {
  const { transport, protocol } = target
  if (protocol === 'auto' && (transport === 'tcp' || transport === 'tls')) describeMemcache(asSyncTarget(target))
}
