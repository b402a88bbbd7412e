import type { Buffer } from 'node:buffer'

/** Any value: what the types of the package say, or leave open, so that programs written for them compile unchanged. */
// biome-ignore lint/suspicious/noExplicitAny: see above.
export type MemjsAny = any // oxlint-disable-line typescript/no-explicit-any

/** Gets a line for each call that fails because of a server. */
export interface Logger {
  /** Writes a line. */
  log(...args: MemjsAny[]): void
}

/**
 * Turns values into what is stored, and back. `extras` are what the binary protocol sends beside a value: four bytes of client
 * flags, and for `set`, `add` and `replace` four bytes of the time to live. Both are heeded as the serializer returns them.
 *
 * @typeParam TIn - What is stored.
 * @typeParam TOut - What is read.
 */
export interface Serializer<TIn, TOut> {
  /** Returns the bytes of a value. `opcode` is 1 for `set`, 2 for `add`, 3 for `replace`, 14 for `append`, 15 for `prepend`. */
  serialize(opcode: number, value: TIn, extras: Buffer): { value: string | Buffer; extras: Buffer }
  /** Returns the value of bytes. `opcode` is 0, `extras` are the client flags. */
  deserialize(opcode: number, value: Buffer | null, extras: Buffer): { value: TOut; extras: Buffer }
}

/** Options of the client: those of the package. */
export interface ClientOptions<TIn = string | Buffer, TOut = Buffer | null> {
  /** Whether the next servers of the list take the keys of a server that is down. @defaultValue `false` */
  failover?: boolean
  /** Time until a server that is down is tried again, in seconds; at most 60 count. @defaultValue `60` */
  failoverTime?: number | undefined
  /** Number of tries of a command. A command that must not be carried out twice is sent once. @defaultValue `2` */
  retries?: number | undefined
  /** Pause between two tries, in seconds. @defaultValue `0.2` */
  retry_delay?: number | undefined
  /** Time to live of values without one of their own, in seconds; 0 never expires. @defaultValue `0` */
  expires?: number | undefined
  /** Gets a line for each call that fails because of a server. @defaultValue `console` */
  logger?: Logger | undefined
  /** Turns values into what is stored. @defaultValue text and bytes as they are; Buffers are read */
  serializer?: Serializer<TIn, TOut>
}

/** Options of servers: those of the package. */
export interface ServerOptions {
  /** User of servers that name none. */
  username?: string | undefined
  /** Password of servers that have none. */
  password?: string | undefined
  /** Time for a command, all of its tries included, in seconds. @defaultValue `0.5` */
  timeout?: number | undefined
  /** Time for connecting, in seconds. @defaultValue twice `timeout` */
  conntimeout?: number | undefined
  /** Whether sockets send keep-alive probes after `keepAliveDelay`. @defaultValue `false`: after the client's own time */
  keepAlive?: boolean | undefined
  /** Time until the first keep-alive probe, in seconds. @defaultValue `30` */
  keepAliveDelay?: number | undefined
}

/** Options of a store. */
export interface InsertOptions {
  /** Time to live, in seconds; more than 30 days is a unix time. @defaultValue the client's `expires` */
  expires?: number | undefined
}

/** Options of `increment` and `decrement`. */
export interface IncrementDecrementOptions extends InsertOptions {
  /** Value of a counter that the call creates. @defaultValue `0` */
  initial?: number | undefined
}

/** Called with the error or null, and what the call gives. */
export type MemjsCallback = (err: Error | null, ...values: MemjsAny[]) => void

/** Called with the outcome of a store, a deletion or a touch. */
export type SuccessCallback = (err: Error | null, success: boolean | null) => void

/** Called with the new value of a counter. */
export type CountCallback = (err: Error | null, success: boolean | null, value?: number | null) => void

/** Called once for each server, with its statistics as text. */
export type StatsCallback = (err: Error | null, server: string, stats: Record<string, string> | null) => void
