import type { WireKey } from '../protocol/key.ts'
import type { Operation } from '../protocol/operation.ts'
import type { ServerSpec } from '../server-address.ts'
import type { Executor, ServerExecutor } from './executor.ts'
import type { ClientObserver } from './observer.ts'
import type { ServerSource } from './server-source.ts'

/** Key of the function with which a {@link ZonesPart} is put into a client. */
export const ATTACH_ZONES: unique symbol = Symbol('attach zones')

/** `Operation.zone` of a command that only the near zone carries out: the commands of leases. */
export const NEAR_ZONE: unique symbol = Symbol('near zone')

/** One zone as its client sees it: an entry of `cache.zones`. */
export interface ZoneStatus {
  /** Name of the zone, as configured. */
  readonly name: string
  /** `up`: all of its servers take commands. `partial`: some of them do not. `down`: none does. */
  readonly state: 'up' | 'partial' | 'down'
  /** Number of reads for which it was asked first. */
  readonly reads: number
  /** Number of reads for which it was asked because another zone missed, failed or was late. */
  readonly farReads: number
  /** Number of writes and removals that it did not take. */
  readonly failedWrites: number
  /** Number of keys that are to be removed from its servers before they are used again, or are being removed. */
  readonly outdatedKeys: number
}

/** One server of a zone. */
export interface ZoneMember extends ServerExecutor {
  /** Keys that are to be removed from the server, or are being removed. */
  readonly outdated: { readonly size: number; has(key: WireKey): boolean }
  /** Removes a key after a write that failed: at once where the server takes commands, else before it takes any. */
  distrust(operation: Operation): void
}

/** Servers of a zone: a cluster. */
export interface ZoneServers {
  /** The servers that the keys are divided among. */
  readonly servers: readonly ServerExecutor[]
  /** The servers above, and spare servers. */
  readonly members: readonly ZoneMember[]
  /** Observer of the servers' health; another may take its place. */
  readonly settings: { observer: ClientObserver }
  /**
   * Makes the servers those of a zone: each is always watched, also a single one, so that outdated keys are removed from it
   * before it takes commands again.
   *
   * @param changed - Called when an outdated key was removed as the last one of its server, or the list of servers changes.
   */
  joinZones(changed: () => void): void
  /** Returns the server of a command's key; undefined where there is none. */
  homeOf(operation: Operation): ZoneMember | undefined
}

/** Route of a zone's commands to its servers. */
export interface ZoneRoute {
  /** For reads, and for commands that one zone decides. */
  readonly executor: Executor
  /** For writes to all zones, which are never repeated: a later write might be overtaken. */
  readonly writer: Executor
  readonly servers: ZoneServers
  /** Whether nothing repeats writes, or sends them elsewhere. */
  readonly isPlain: boolean
  connect(): Promise<void>
}

/** The client, for its zones. */
export interface ZonesHost {
  /** The client's own servers. */
  readonly local: Omit<ZoneRoute, 'connect'>
  /** Connects to the servers of another zone, with the options of this client. */
  open(servers: readonly ServerSpec[] | ServerSource): ZoneRoute
  /** Returns the executor of a client. Throws `InvalidInputError` where it is none. */
  executorOf(client: object): object
  readonly observer: ClientObserver
}

/** The zones of a client as one executor. */
export interface Zones extends Executor {
  readonly status: readonly ZoneStatus[]
  /** Connects to the other zones; a failure is none of the call's. */
  connect(): Promise<void>
  /** Ends what no connection ends. */
  stop(): void
}

/** The option `zones` of a client. Made by the function `zones` of `memlane/zones`. */
export interface ZonesPart {
  /** @internal */
  readonly [ATTACH_ZONES]: (host: ZonesHost) => Zones
}
