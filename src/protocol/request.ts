import type { MetaRequest } from './meta/request.ts'

/** What a command asks for, whichever protocol carries it. One interface per family; the wire encoders switch on `command`. */
export type Request = ClassicRequest | MetaRequest

/** What both protocols can carry. */
export type ClassicRequest =
  | ReadRequest
  | RenewingReadRequest
  | StoreRequest
  | DeleteRequest
  | CountRequest
  | TouchRequest
  | VersionRequest
  | NoopRequest

/** The name of a command, as the classic protocol spells it; `noop` is the meta protocol's `mn`. */
export type Command = Request['command']

/** Read the value; `gets` its cas number too. */
export interface ReadRequest {
  readonly command: 'get' | 'gets'
}

/** Read the value and renew its time to live (memcached 1.5.3 and newer). */
export interface RenewingReadRequest {
  readonly command: 'gat' | 'gats'
  readonly exptime: number
}

/** Store a value. */
export interface StoreRequest {
  readonly command: 'set' | 'add' | 'replace' | 'append' | 'prepend' | 'cas'
  /** Text (sent as UTF-8) or bytes. */
  readonly data: string | Uint8Array
  /** Length of `data` on the wire. */
  readonly bytes: number
  /** Ignored by `append` and `prepend`: the item keeps its own. */
  readonly clientFlags: number
  /** As on the wire: 0 never, up to 30 days relative, beyond that absolute. Ignored by `append` and `prepend`. */
  readonly exptime: number
  /** For `cas`: the number that the item must still have. */
  readonly cas: bigint
  /** The request to send instead, once it is made: its data is being compressed. */
  readonly preparing?: Promise<StoreRequest> | undefined
}

/** Remove the item. */
export interface DeleteRequest {
  readonly command: 'delete'
}

/** Add to, or take from, a decimal number. */
export interface CountRequest {
  readonly command: 'incr' | 'decr'
  readonly delta: bigint
}

/** Renew the time to live. */
export interface TouchRequest {
  readonly command: 'touch'
  readonly exptime: number
}

/** Ask for the server's version. */
export interface VersionRequest {
  readonly command: 'version'
}

/** Ask for any reply: a ping, and the barrier behind quiet commands. Travels as `mn`, in text mode as `version`. */
export interface NoopRequest {
  readonly command: 'noop'
}

/** The plain read: shared by every `get`, so that the hot path allocates no request. */
export const GET: ReadRequest = Object.freeze({ command: 'get' })
/** The read that brings the cas number. */
export const GETS: ReadRequest = Object.freeze({ command: 'gets' })
/** The request of every `delete`. */
export const DELETE: DeleteRequest = Object.freeze({ command: 'delete' })
/** The request of every `version`. */
export const VERSION: VersionRequest = Object.freeze({ command: 'version' })
/** The request of every ping and barrier. */
export const NOOP: NoopRequest = Object.freeze({ command: 'noop' })

const META_COMMANDS: ReadonlySet<Command> = new Set<MetaRequest['command']>(['mg', 'ms', 'md', 'ma', 'me'])

/** Whether only the meta protocol can carry the request. */
export function isMetaRequest(request: Request): request is MetaRequest {
  return META_COMMANDS.has(request.command)
}

/** Whether two reads may share a command line: the same command, with the same exptime where it has one. */
export function sharesLine(a: ReadRequest | RenewingReadRequest, b: ReadRequest | RenewingReadRequest): boolean {
  if (a.command !== b.command) return false
  return !('exptime' in a) || !('exptime' in b) || a.exptime === b.exptime
}

/** Whether the request is a read that travels in a classic line, by itself or with its neighbours. */
export function isLineRead(request: Request): request is ReadRequest | RenewingReadRequest {
  const { command } = request
  return command === 'get' || command === 'gets' || command === 'gat' || command === 'gats'
}

/**
 * Whether carrying out the command twice leaves the same state and gives the same answer as once, so that it may be
 * repeated when a connection was found dead.
 */
export function isIdempotent(request: Request): boolean {
  switch (request.command) {
    case 'get':
    case 'gets':
    case 'gat':
    case 'gats':
    case 'set':
    case 'touch':
    case 'version':
    case 'noop':
    case 'me':
      return true
    case 'mg':
      // Any mg takes the win token of a stale item, and with it the lost reply may have carried the only `W`.
      return false
    case 'delete':
      // The state is the same, but the second answer would say that there was nothing to delete.
      return false
    case 'add':
    case 'replace':
    case 'append':
    case 'prepend':
    case 'cas':
    case 'incr':
    case 'decr':
    case 'ms':
    case 'md':
    case 'ma':
      return false
  }
}
