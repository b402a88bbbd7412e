/** What a command asks for, whichever protocol carries it. One interface per family; the wire encoders switch on `command`. */
export type Request =
  | ReadRequest
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

/** Store a value. */
export interface StoreRequest {
  readonly command: 'set' | 'add' | 'cas'
  /** Text (sent as UTF-8) or bytes. */
  readonly data: string | Uint8Array
  /** Length of `data` on the wire. */
  readonly bytes: number
  readonly clientFlags: number
  /** As on the wire: 0 never, up to 30 days relative, beyond that absolute. */
  readonly exptime: number
  /** For `cas`: the number that the item must still have. */
  readonly cas: bigint
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

/**
 * Whether carrying out the command twice leaves the same state and gives the same answer as once, so that it may be
 * repeated when a connection was found dead.
 */
export function isIdempotent(request: Request): boolean {
  switch (request.command) {
    case 'get':
    case 'gets':
    case 'set':
    case 'touch':
    case 'version':
    case 'noop':
      return true
    case 'delete':
      // The state is the same, but the second answer would say that there was nothing to delete.
      return false
    case 'add':
    case 'cas':
    case 'incr':
    case 'decr':
      return false
  }
}
