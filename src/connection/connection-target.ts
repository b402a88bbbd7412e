import type { ClientObserver } from '../seam/observer.ts'
import type { Server } from '../server-address.ts'
import type { ResolvedConnectionOptions } from './options.ts'
import type { ServerMemory } from './server-memory.ts'

/** Settings shared by all connections to one server. */
export interface ConnectionTarget {
  readonly server: Server
  readonly options: ResolvedConnectionOptions
  readonly memory: ServerMemory
  readonly observer: ClientObserver
}
