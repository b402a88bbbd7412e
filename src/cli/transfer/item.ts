import type { Key } from '../../protocol/key.ts'
import type { Stored } from '../stored.ts'

/** Item on its way from one server to another, or to a file. */
export interface Item {
  readonly key: Key
  readonly stored: Stored
  /** Seconds left, rounded up; 0: never expires. */
  readonly ttl: number
  /** Whether the value is stored in chunks: it is written in chunks again. */
  readonly inChunks: boolean
}
