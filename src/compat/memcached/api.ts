/** Any value, and any error: what the types of the package say, so that programs written for them compile unchanged. */
// biome-ignore lint/suspicious/noExplicitAny: see above.
export type MemcachedAny = any // oxlint-disable-line typescript/no-explicit-any

/** One server, several, or weights by server. A server is `'host:port'`, a host, or the path of a unix socket. */
export type MemcachedLocation = string | string[] | { [server: string]: number }

/** Options of the client: those of the package. Others are kept as properties of the client and have no effect. */
export interface MemcachedOptions {
  /** Longest key that is sent as it is, in characters. @defaultValue `250` */
  maxKeySize?: number | undefined
  /** Longest time to live, in seconds. Has no effect, as in the package. @defaultValue `2592000` */
  maxExpiration?: number | undefined
  /** Largest value, in bytes. @defaultValue `1048576` */
  maxValue?: number | undefined
  /** Has no effect: one connection to each server carries all commands. @defaultValue `10` */
  poolSize?: number | undefined
  /** Hash of the ring of servers: one that `crypto.createHash` knows. @defaultValue `'md5'` */
  algorithm?: string | undefined
  /** Form of the ring of servers: `'ketama'`, or `'hash_ring'` as in Python. @defaultValue `'ketama'` */
  compatibility?: string | undefined
  /** Longest time between two attempts to reach a dead server, in milliseconds; 60,000 at most. @defaultValue `18000000` */
  reconnect?: number | undefined
  /** Time for connecting, and time for each command, in milliseconds. @defaultValue `5000` */
  timeout?: number | undefined
  /** Has no effect: a command fails at once while its server is down. @defaultValue `5` */
  retries?: number | undefined
  /** Has no effect. @defaultValue `3` */
  factor?: number | undefined
  /** Has no effect. @defaultValue `1000` */
  minTimeout?: number | undefined
  /** Has no effect. @defaultValue `60000` */
  maxTimeout?: number | undefined
  /** Has no effect. @defaultValue `false` */
  randomize?: boolean | undefined
  /** Number of `issue` events of a server, each for a failed connection, before it counts as dead. @defaultValue `5` */
  failures?: number | undefined
  /** Has no effect: a connection that opens resets the number of failures. @defaultValue `300000` */
  failuresTimeout?: number | undefined
  /** Time between a failure and the first attempt to reach the server again, in milliseconds. @defaultValue `30000` */
  retry?: number | undefined
  /** Whether the keys of a server that is down go to the next one. @defaultValue `false` */
  remove?: boolean | undefined
  /** Servers that take the keys of servers that are down. */
  failOverServers?: string | string[] | undefined
  /** Whether keys beyond `maxKeySize` are sent as their md5. @defaultValue `true` */
  keyCompression?: boolean | undefined
  /** Time after which an unused connection is closed, in milliseconds; 0 is never. @defaultValue `5000` */
  idle?: number | undefined
  /** Text in front of every key. The text takes part in the choice of the server. @defaultValue `''` */
  namespace?: string | undefined
  /** Most commands at a time; below 1 there is no limit. @defaultValue `-1` */
  maxQueueSize?: number | undefined
  /** Not supported: a warning says so. @defaultValue `false` */
  redundancy?: number | false | undefined
  /** Whether a line is written to the console for every change between the client and its servers. @defaultValue `false` */
  debug?: boolean | undefined
}

/** Type of an argument: a function such as `String`. */
export type MemcachedArgumentType = (...args: MemcachedAny[]) => MemcachedAny

/** A command: `this` of its callback. */
export interface MemcachedCommand {
  /** When the command was handed to the connection, in milliseconds since 1970. */
  start: number
  /** Time from `start` to the answer, in milliseconds. */
  execution: number
  /** Callback of the call. */
  callback(...args: MemcachedAny[]): MemcachedAny
  /** Name of the command. */
  type: string
  /** The command as a line of the classic protocol, with its value. */
  command: string
  /** Names and types of the arguments. */
  validate: Array<[string, MemcachedArgumentType]>
  /** Cas number of `cas`. */
  cas?: string | undefined
  /** Whether the option `redundancy` is about this command. */
  redundancyEnabled?: boolean | undefined
  /** Key, with the namespace. */
  key?: string | undefined
  /** Value as it is stored, or the delta. */
  value?: MemcachedAny
  /** Time to live, in seconds. */
  lifetime?: number | undefined
}

/** Details about a server, as events give them. */
export interface MemcachedIssue {
  /** Name of the server: `'host:port'`. */
  server: string
  /** Port and host. */
  tokens: [string, string]
  /** Messages of the last 100 failures, one line each. */
  messages: string[]
  /** Failures that are left before the server counts as dead. */
  failures?: number | undefined
  /** Failures so far. */
  totalFailures?: number | undefined
  /** Attempts to reach the dead server. */
  totalReconnectsAttempted?: number | undefined
  /** Attempts that succeeded. */
  totalReconnectsSuccess?: number | undefined
  /** Attempts that failed. */
  totalReconnectsFailed?: number | undefined
  /** Time since the first failure, in milliseconds. */
  totalDownTime?: number | undefined
}

/** Statistics of one server, with its name as `server`. */
export interface MemcachedStats {
  /** Name of the server. */
  server?: string | undefined
  /** Values by name: whole numbers are numbers. */
  [key: string]: string | boolean | number | undefined
}

/** Version of one server. */
export interface MemcachedVersion extends MemcachedStats {
  /** The three numbers: `'1.6.18'`. */
  version: string
  /** First number. */
  major: string
  /** Second number. */
  minor: string
  /** Third number. */
  bugfix: string
}

/** An item in a dump of a slab class. */
export interface MemcachedCacheDump {
  /** Key, with the namespace. */
  key: string
  /** Size of the value, in bytes. */
  b: number
  /** When it expires, in seconds since 1970. */
  s: number
}

/**
 * Names of the events of a client.
 *
 * - `issue`: a connection to a server failed; it is tried again.
 * - `failure`: a server failed so often that it counts as dead.
 * - `reconnecting`: a dead server is tried again.
 * - `reconnect`: a dead server is back.
 * - `remove`: with the option `remove`, the keys of a dead server go to others.
 */
export type MemcachedEventName = 'issue' | 'failure' | 'reconnecting' | 'reconnect' | 'remove'

/** Called with the outcome of a command. */
export type MemcachedCallback<T> = (this: MemcachedCommand, err: MemcachedAny, data: T) => void

/** Called with the outcome of a command to all servers: one entry for each. */
export type MemcachedServersCallback<T> = (this: undefined, err: MemcachedAny, data: T[]) => void

/** Called with the hits of several reads, by key; the error is a list of errors. */
export type MemcachedManyCallback = (this: undefined, err: MemcachedAny, data: { [key: string]: MemcachedAny }) => void

/** Facts that a client has about a server that fails. */
export interface MemcachedServerIssues {
  /** Name of the server. */
  readonly server: string
  /** Whether its last connection failed. */
  readonly failed: boolean
  /** Messages of the failures, one line each. */
  readonly messages: readonly string[]
  /** Failures that are left before it counts as dead. */
  readonly failures: number
  /** Failures so far. */
  readonly totalFailures: number
}

/** The ring of the servers. */
export interface MemcachedHashRing {
  /** Returns the name of the server that has a key. */
  get(key: string): string | undefined
}
