import type { HashInput } from './hash/hash-function.ts'

/** Server as seen by a distribution. */
export interface RoutedServer {
  /**
   * Identity of the server: `host:port`, `[v6]:port`, a socket's path, or a name chosen by the user. The keys of a
   * server depend on this name (and on the weights and the order), so an address can change without moving keys.
   */
  readonly name: string
  /** Share of the keys, relative to the other servers; a positive integer. */
  readonly weight: number
  /** Address of the server, for functions of your own that need it. */
  readonly host?: string | undefined
  /** TCP port of the server. */
  readonly port?: number | undefined
  /** Path of the server's unix socket. */
  readonly path?: string | undefined
}

/** Servers of the keys; made by a {@link Distribution} for one list of servers. */
export interface Router {
  /** Returns the index of the key's server in the list. Text and the bytes of its UTF-8 have the same server. */
  pick(key: HashInput): number
  /**
   * Returns every server once: the key's own first, then its replacements while it is down, in this order. Always the
   * same order for the same key and list.
   */
  order(key: HashInput): Iterable<number>
}

/**
 * Function that spreads keys over servers. Must be pure: the same servers give a router that decides the same. A
 * function of your own is a distribution too.
 *
 * @param servers - Servers of the keys.
 * @param previous - Router that this distribution made for the list before. Can make the new one in less time, and must
 * make no other difference: a list that changes by one server costs the rings of this package a pass over their points
 * instead of a hash of each. Distributions around a distribution pass on the router that it made.
 */
export type Distribution = (servers: readonly RoutedServer[], previous?: Router) => Router
