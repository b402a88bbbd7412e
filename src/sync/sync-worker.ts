import { Memcache } from '../client/memcache.ts'
import { MetaClient } from '../client/meta/client.ts'
import { WorkerSession } from './crossing/worker-session.ts'

new WorkerSession({ Memcache, MetaClient }).start()
