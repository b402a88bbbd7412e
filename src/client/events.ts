import type { MemcacheError, ProtocolError } from '../errors.ts'
import type { Key } from '../protocol/key.ts'

/** A failure that no call rejected with: absorbed by the option `failures`, or of a quiet command. */
export interface CommandErrorEvent {
  readonly error: MemcacheError
  /** The key, where the error is about one. */
  readonly key: Key | undefined
  /** The keys of the command, or of the run of quiet commands that the error is about, as the caller gave them. */
  readonly keys: readonly Key[]
  /** Name of the server, when one was chosen. */
  readonly server: string | undefined
}

/** A reply that did not fit what was asked: the connection was given up, and everything on it failed. */
export interface DesyncEvent {
  readonly error: ProtocolError
  readonly server: string | undefined
}

/** The events of a client and what their listeners get. */
export interface MemcacheEvents {
  commandError: [event: CommandErrorEvent]
  desync: [event: DesyncEvent]
}
