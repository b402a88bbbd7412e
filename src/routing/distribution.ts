import type { HashInput } from './hash/hash-function.ts'

/** A server as a distribution sees it. */
export interface RoutedServer {
  /**
   * Its identity: `host:port`, `[v6]:port`, a socket's path, or what the user called it. Which keys a server gets
   * depends on this name (and on the weights and the order), so an address can change without moving keys.
   */
  readonly name: string
  /** Its share of the keys, relative to the other servers; a positive integer. */
  readonly weight: number
  /** Its address, for functions of your own that care. */
  readonly host?: string | undefined
  /** Its TCP port. */
  readonly port?: number | undefined
  /** Path of its unix socket. */
  readonly path?: string | undefined
}

/** Which server has which key; made by a {@link Distribution} for one list of servers. */
export interface Router {
  /** The index of the key's server in the list. Text and the bytes of its UTF-8 have the same server. */
  pick(key: HashInput): number
  /**
   * Every server once: the key's own first, then those to turn to, in this order, while it is down. Always the same
   * order for the same key and list.
   */
  order(key: HashInput): Iterable<number>
}

/**
 * A way to spread keys over servers. It is pure: the same servers give a router that decides the same. A function of
 * your own is a distribution too.
 */
export type Distribution = (servers: readonly RoutedServer[]) => Router
