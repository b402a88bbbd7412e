import type { ErrorCode, MemcacheError } from '../errors.ts'
import type { Key } from '../protocol/key.ts'
import type { CallName } from './calls/call-name.ts'

/**
 * Result of a call, in a word. For calls about one key: `'hit'` and `'miss'` for reads (a placeholder is a miss, and so is a
 * failure that the option `failures` absorbs), `'stored'`, `'notStored'`, `'exists'` and `'notFound'` for writes, `'ok'` for
 * anything else that succeeded. For calls about many keys: numbers of keys. Never a value.
 */
export type CallResult =
  | 'hit'
  | 'miss'
  | 'stored'
  | 'notStored'
  | 'exists'
  | 'notFound'
  | 'ok'
  | { readonly hits: number; readonly misses: number }
  | { readonly stored: number; readonly notStored: number }

/** Context of the channels about something that ends: `error` is there only where it failed. */
export interface ChannelFailure {
  /**
   * Error that it failed with; absent where it succeeded. A `BatchError` here is a copy without the values that were found.
   */
  error?: unknown
}

/** Context of `tracing:memlane:command:…`: one public call, however many keys, attempts and commands it takes. */
export interface CommandChannelContext extends ChannelFailure {
  /** Name of the method that was called: `'get'`, `'getMany'`, `'getOrSet'`, `'noreply.set'`, … */
  readonly command: CallName
  /** The keys as the caller gave them: the same objects, not copies; without the client's and the namespace's prefix. */
  readonly keys: readonly Key[]
  /** Number of keys. */
  readonly batchSize: number
  /** Always `['?']`: stands for the arguments, which are not shown. */
  readonly args: readonly string[]
  /** Prefix of the namespace; absent where the call was not made on one. */
  readonly namespace?: string
  /** Identifies the client in this process. */
  readonly clientId: string
  /** Host, or path of the socket, of the server that was asked; absent where it is not known, or more than one was asked. */
  serverAddress?: string
  /** Port of the server that was asked. */
  serverPort?: number
  /** Result of the call; absent until it has ended, and where it failed. */
  result?: CallResult
}

/** Server in the context of a channel. */
export interface ChannelServer {
  /** Name of the server, as in `servers`. */
  readonly server: string
  /** Its host, or the path of its socket. */
  readonly serverAddress: string
  /** Its port; absent for the path of a socket. */
  readonly serverPort?: number
  /** Identifies the client in this process. */
  readonly clientId: string
}

/**
 * Context of `tracing:memlane:batch:…`: one write to one connection, from the write to its last reply. Fails when the
 * connection ends before that.
 */
export interface BatchChannelContext extends ChannelServer, ChannelFailure {
  /** Number of the connection among those of its client, from 1. */
  readonly connectionId: number
  /** Number of commands in the write, questions of the connection itself included. */
  readonly commands: number
  /** Number of them that read a value. */
  readonly reads: number
  /** Name of the first of them, as it is sent: `'get'`, `'set'`, `'mg'`, … */
  readonly firstCommand: string
  /** Bytes that were written. */
  readonly bytesOut: number
  /** Bytes of the chunks that brought its replies, as far as no earlier write counts them. */
  bytesIn: number
}

/** Context of `tracing:memlane:connect:…`: one attempt to connect, from the look-up of the name to the end of the handshake. */
export interface ConnectChannelContext extends ChannelServer, ChannelFailure {
  /** Number of attempts at this server without success, this one included. */
  readonly attempt: number
  /** Whether the connection is to be encrypted. */
  readonly tls: boolean
  /** Facts about the connection; absent until it is ready, and where it failed. */
  result?: {
    readonly protocol: 'meta' | 'text'
    /** Version that the server reported; empty where it reported none. */
    readonly version: string
    /** Time that the attempt took, in milliseconds. */
    readonly createTimeMs: number
  }
}

/** Context of `tracing:memlane:load:…`: one call of a loader. */
export interface LoadChannelContext extends ChannelFailure {
  /** Keys that are loaded, as the caller gave them. */
  readonly keys: readonly Key[]
  /**
   * Why: no value was there (`miss`); the value was marked stale, or is kept beyond its time (`stale`); it is near its end
   * (`refreshAhead`); another client was to load it and did not in time (`leaseLost`); the cache failed (`noCache`).
   */
  readonly reason: LoadReason
  /** Identifies the client in this process. */
  readonly clientId: string
}

/** Reason for a load; see {@link LoadChannelContext}. */
export type LoadReason = 'miss' | 'stale' | 'refreshAhead' | 'leaseLost' | 'noCache'

/** Message of `memlane:connection:ready`. */
export interface ConnectionReadyMessage extends ChannelServer {
  /** Number of the connection among those of its client, from 1. */
  readonly connectionId: number
  /** Time from the start of the attempt, in milliseconds. */
  readonly createTimeMs: number
}

/** Message of `memlane:connection:closed`. */
export interface ConnectionClosedMessage extends ChannelServer {
  /** Number of the connection among those of its client, from 1. */
  readonly connectionId: number
  /** Reason: `'idle'`, `'close'` (by the client), `'renewed'`, or the code of the error that it failed with. */
  readonly reason: CloseReason
  /** Number of operations on it at its end. */
  readonly pending: number
  /** Whether it was ever ready for commands. */
  readonly wasConnected: boolean
}

/** Why a connection was closed; see {@link ConnectionClosedMessage}. */
export type CloseReason = 'idle' | 'close' | 'renewed' | ErrorCode

/** Message of `memlane:server:down`. */
export interface ServerDownMessage {
  /** Identifies the client in this process. */
  readonly clientId: string
  /** Name of the server, as in `servers`. */
  readonly server: string
  /** Error that was reported. */
  readonly error: MemcacheError
  /** Number of failures in a row. */
  readonly failures: number
}

/** Message of `memlane:server:up`. */
export interface ServerUpMessage {
  /** Identifies the client in this process. */
  readonly clientId: string
  /** Name of the server, as in `servers`. */
  readonly server: string
  /** Time for which it was down, in milliseconds. */
  readonly downMs: number
  /** Number of keys that were removed from it before. */
  readonly removedKeys: number
}

/** Message of `memlane:retry`: a command is about to be tried again. */
export interface RetryMessage {
  /** Identifies the client in this process. */
  readonly clientId: string
  /** Name of the command, as messages have it. */
  readonly command: string
  /** The key as the caller gave it. */
  readonly key: Key
  /** Counts from 2. */
  readonly attempt: number
  /** Error that ended the attempt before. */
  readonly error: MemcacheError
}

/** Message of `memlane:failover`: a command goes to another server than its key's. */
export interface FailoverMessage {
  /** Identifies the client in this process. */
  readonly clientId: string
  /** The key as the caller gave it. */
  readonly key: Key
  /** Name of the key's server. */
  readonly from: string
  /** Name of the server that it goes to. */
  readonly to: string
}

/** Message of `memlane:desync`, and of `memlane:error`, which reports failures that no call rejects with. */
export interface ErrorMessage {
  /** Identifies the client in this process. */
  readonly clientId: string
  /** Absent where no server was chosen. */
  readonly server?: string
  /** Error that was reported. */
  readonly error: MemcacheError
}

/**
 * The contexts and messages of memlane's channels, by the name that `tracingChannel` or `channel` of
 * `node:diagnostics_channel` takes.
 */
export interface ChannelContexts {
  readonly 'memlane:command': CommandChannelContext
  readonly 'memlane:batch': BatchChannelContext
  readonly 'memlane:connect': ConnectChannelContext
  readonly 'memlane:load': LoadChannelContext
  readonly 'memlane:connection:ready': ConnectionReadyMessage
  readonly 'memlane:connection:closed': ConnectionClosedMessage
  readonly 'memlane:server:down': ServerDownMessage
  readonly 'memlane:server:up': ServerUpMessage
  readonly 'memlane:retry': RetryMessage
  readonly 'memlane:failover': FailoverMessage
  readonly 'memlane:desync': ErrorMessage
  readonly 'memlane:error': ErrorMessage
}
