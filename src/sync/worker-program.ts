import { Memcache } from '../client/memcache.ts'
import { MetaClient } from '../client/meta/client.ts'
import { WorkerSession } from './bridge/worker-session.ts'
import { DirectHost } from './direct/host.ts'

/**
 * Starts the worker. A function, because the package has no side effects: bundlers leave out code that is not called.
 */
export function startWorker(): void {
  new WorkerSession({ Memcache, MetaClient }, (fields) => new DirectHost(fields)).start()
}
