/** Request that both protocols can carry. */
export type ClassicRequest =
  | ReadRequest
  | RenewingReadRequest
  | StoreRequest
  | DeleteRequest
  | CountRequest
  | TouchRequest
  | VersionRequest
  | NoopRequest

/** Request to read the value; `gets` reads its cas number too. */
export interface ReadRequest {
  readonly command: 'get' | 'gets'
  /** Whether a server is to answer, and no near cache. @defaultValue `false` */
  readonly fresh?: boolean
}

/** Request to read the value and renew its time to live (memcached 1.5.3 and newer). */
export interface RenewingReadRequest {
  readonly command: 'gat' | 'gats'
  readonly exptime: number
}

/** Request to store a value. */
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
  /** Client's note of work that must settle before this is sent: its data is still being made. */
  readonly preparing?: unknown
}

/** Request to remove the item. */
export interface DeleteRequest {
  readonly command: 'delete'
}

/** Request to add to, or subtract from, a decimal number. */
export interface CountRequest {
  readonly command: 'incr' | 'decr'
  readonly delta: bigint
}

/** Request to renew the time to live. */
export interface TouchRequest {
  readonly command: 'touch'
  readonly exptime: number
}

/** Request for the server's version. */
export interface VersionRequest {
  readonly command: 'version'
}

/** Request for any reply: a ping, and the barrier after quiet commands. Sent as `mn`, in text mode as `version`. */
export interface NoopRequest {
  readonly command: 'noop'
}
