/** Fields of each socket that the worker may lend, in memory shared by caller and worker. */
export const SocketField = {
  /** File descriptor + 1, or 0 if the caller has none. */
  socket: 0,
  /** Lock: one of {@link SocketLock}. */
  lock: 1,
  /** State: one of {@link SocketState}. */
  state: 2,
  /** Inode number; distinguishes the socket from another file with the same descriptor. */
  inode: 3,
  /** Time for which nothing had come on the socket when it was lent, in milliseconds. */
  idleMs: 4,
} as const

/** User of a socket's file descriptor. */
export const SocketLock = { free: 0, used: 1, revoked: 2 } as const

/** Whether a socket can be used again. */
export const SocketState = {
  /** No reply is due on the socket. */
  clean: 0,
  /** A reply is due, or was given up: it could be mistaken for the next one. */
  due: 1,
} as const

const FIELDS = 5

/** Number of fields before those of the sockets. */
const FRONT_FIELDS = 1

/** Sockets that the worker may lend, as seen by the caller and the worker. */
export interface SharedSockets {
  /** Field with the {@link hashServerList} of the servers of the sockets, in their order. */
  readonly servers: Int32Array
  /** Fields of each socket. */
  readonly sockets: readonly Int32Array[]
}

/** Returns the number of fields for a number of sockets. */
export function countFields(sockets: number): number {
  return sockets === 0 ? 0 : FRONT_FIELDS + sockets * FIELDS
}

/** Returns the sockets in fields of {@link countFields}. */
export function shareSockets(fields: Int32Array): SharedSockets {
  const count = Math.max(0, Math.floor((fields.length - FRONT_FIELDS) / FIELDS))
  const sockets = Array.from({ length: count }, (_, index) => {
    const start = FRONT_FIELDS + index * FIELDS
    return fields.subarray(start, start + FIELDS)
  })
  return { servers: fields.subarray(0, FRONT_FIELDS), sockets }
}

/** Returns a hash that identifies a list of servers: FNV-1a over their names. */
export function hashServerList(names: readonly string[]): number {
  let hash = 0x811c9dc5 | 0
  for (const name of names) {
    for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193)
    hash = Math.imul(hash ^ 10, 0x01000193)
  }
  return hash
}
