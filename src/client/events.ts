import type { MemcacheError, ProtocolError } from '../errors.ts'
import type { Key } from '../protocol/key.ts'
import type { SchemaIssue } from './standard-schema.ts'

/**
 * A failure that no call rejected with: absorbed by the option `failures`, or of a quiet command; or that a call of `noreply`
 * rejected with, which the caller need not await.
 */
export interface CommandErrorEvent {
  /** Error of the command. */
  readonly error: MemcacheError
  /** Name of the command: `get`, `set`. Undefined where the error is about several, or about none. */
  readonly command: string | undefined
  /** The key, where the error is about one. */
  readonly key: Key | undefined
  /** The keys of the command, or of the run of quiet commands that the error is about, as the caller gave them. */
  readonly keys: readonly Key[]
  /** Name of the server, when one was chosen. */
  readonly server: string | undefined
}

/** A reply that did not fit what was asked: the connection was given up, and everything on it failed. */
export interface DesyncEvent {
  /** Error that says what did not fit. */
  readonly error: ProtocolError
  /** Name of the server whose connection it was. */
  readonly server: string | undefined
}

/** A server of several failed so often that it counts as down; commands avoided it since the first failure. */
export interface ServerDownEvent {
  /** Name of the server. */
  readonly server: string
  /** Last error. */
  readonly error: MemcacheError
  /** In a row. */
  readonly failures: number
}

/** A server that was down takes commands again. */
export interface ServerUpEvent {
  /** Name of the server. */
  readonly server: string
  /** Time that the server was down, in milliseconds. */
  readonly downMs: number
  /** Keys removed from it before, because commands for them went elsewhere meanwhile. */
  readonly removedKeys: number
}

/** A write failed: the cache may hold what was there before, or what was to be written, until it expires. */
export interface WriteFailedEvent {
  /** As the caller gave it. */
  readonly key: Key
  /** Name of the command: `set`, `delete`, `touch`, … */
  readonly command: string
  /** Error of the write; its `delivery` says whether it may have been carried out. */
  readonly error: MemcacheError
  /** Name of the server, when one was chosen. */
  readonly server: string | undefined
  /** With the option `zones`, name of the zone that did not take it, where others may have; absent where the call failed. */
  readonly zone?: string
}

/**
 * More keys of a server that is out were written elsewhere than are remembered (`cluster.rejoin.maxKeys`): what it holds
 * under the others may be served when it is back. Told once until it is back.
 */
export interface RejoinOverflowEvent {
  /** Name of the server that is out. */
  readonly server: string
  /** Number of keys that are remembered. */
  readonly maxKeys: number
  /** With the option `zones`, name of its zone. */
  readonly zone?: string
}

/** A server of a zone counts as down: the first one of that zone. */
export interface ZoneDownEvent {
  /** Name of the zone. */
  readonly zone: string
  /** Last error of the server. */
  readonly error: MemcacheError
}

/** All servers of a zone take commands again, and none holds a value that this client has changed meanwhile. */
export interface ZoneUpEvent {
  /** Name of the zone. */
  readonly zone: string
  /** Time since its `zoneDown`, in milliseconds. */
  readonly downMs: number
  /** Keys removed from its servers, because writes did not reach them. */
  readonly removedKeys: number
}

/** A value of a namespace was read that does not fit its schema; it counted as a miss. */
export interface InvalidValueEvent {
  /** As the caller gave it. */
  readonly key: Key
  /** The namespace's. */
  readonly prefix: string
  /** Issues that the schema found. Schema libraries may put parts of the value into their messages. */
  readonly issues: readonly SchemaIssue[]
}

/** The events of a client and what their listeners get. */
export interface MemcacheEvents {
  /** A command failed and no call rejected with it. */
  commandError: [event: CommandErrorEvent]
  /** A reply did not fit, and its connection was given up. */
  desync: [event: DesyncEvent]
  /** A namespace read a value that does not fit its schema. */
  invalidValue: [event: InvalidValueEvent]
  /** A server of several counts as down from now on. */
  serverDown: [event: ServerDownEvent]
  /** The server is back. */
  serverUp: [event: ServerUpEvent]
  /** A write failed, and the cache may be out of date. */
  writeFailed: [event: WriteFailedEvent]
  /** More was written elsewhere, while a server was out, than is remembered. */
  rejoinOverflow: [event: RejoinOverflowEvent]
  /** A server of a zone counts as down; told once until `zoneUp`. */
  zoneDown: [event: ZoneDownEvent]
  /** The zone is back, without what this client has changed meanwhile. */
  zoneUp: [event: ZoneUpEvent]
}
