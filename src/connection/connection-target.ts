import type { ClientObserver } from '../seam/observer.ts'
import type { Server } from '../server-address.ts'
import type { ResolvedConnectionOptions } from './options.ts'
import type { ServerMemory } from './server-memory.ts'

/** What all connections to one server have in common. */
export interface ConnectionTarget {
  readonly server: Server
  readonly options: ResolvedConnectionOptions
  readonly memory: ServerMemory
  readonly observer: ClientObserver
}
