import type { MemcacheError } from '../../errors.ts'
import type { Operation } from '../../protocol/operation.ts'
import type { KeyWork } from './key-work.ts'
import type { ZoneReadOn, ZoneSettle } from './options.ts'
import type { WaitingReads } from './waiting-reads.ts'
import type { Zone } from './zone.ts'

/** State that the commands of a client with zones share. */
export interface ZoneContext {
  readonly all: readonly Zone[]
  readonly local: Zone
  readonly primary: Zone
  /** Zones that are read. */
  readonly readable: readonly Zone[]
  readonly settle: ZoneSettle
  readonly readOn: ZoneReadOn
  readonly repair: boolean
  /** Reads that the local zone has not answered. */
  readonly waiting: WaitingReads
  /** Commands of several steps that are under way. */
  readonly work: KeyWork
  /** Reports a failure that fails no call. */
  report(error: MemcacheError, operation: Operation): void
  /** Reports the failure of a quiet command. */
  reportQuiet(error: MemcacheError, operation: Operation): void
}
