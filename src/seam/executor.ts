import type { Buffer } from 'node:buffer'
import type { MemcacheError } from '../errors.ts'
import type { Exchange } from '../protocol/exchange.ts'
import type { Key } from '../protocol/key.ts'
import type { Operation } from '../protocol/operation.ts'
import type { ReadBatch } from './read-batch.ts'

/** Carries out commands: a connection, a pool, a cluster, a wrapper that retries, a mock. Clients see no more of them. */
export interface Executor {
  /**
   * Takes the operation and settles it exactly once, at any later time. Never throws. Errors that memlane makes say whether
   * the server may have carried the operation out.
   */
  dispatch(operation: Operation): void
  /**
   * Takes many plain reads as one object and settles each, as `dispatch` would: same results, errors and order. Left out
   * by an executor that takes single operations only: the function `dispatchReads` hands such an executor one for each read.
   */
  dispatchReads?(batch: ReadBatch): void
}

/** An executor that stands for one server. */
export interface ServerExecutor extends Executor {
  /** The server's name, as configured. */
  readonly name: string
  /** State of the server at this moment. */
  readonly status: ServerStatus
  /**
   * Carries out a command outside the protocol's usual forms, over a short-lived connection of its own, so that a stream,
   * a wrong end, or a server that closes on it harms no other command.
   */
  exchange(exchange: Exchange): Promise<Buffer>
  /**
   * Link for replies that are streamed over connections of their own. Only the layer of connections looks into it: see
   * `streamReply` there, which the core does not include.
   */
  readonly link: object
}

/** A server as its client sees it. */
export interface ServerStatus {
  /** As configured: `name`, or `host:port`, or the path. */
  readonly name: string
  /**
   * `up`: takes commands, or would connect at the next one. `suspect`: failed a moment ago; commands avoid it where
   * there are several servers. `down`: failed repeatedly; commands fail at once or go elsewhere. `probing`: being asked
   * whether it is back.
   */
  readonly state: 'up' | 'suspect' | 'down' | 'probing'
  /** Its connections. */
  readonly connections: {
    /** Ready for commands. */
    readonly open: number
    /** Of those, with commands pending. */
    readonly busy: number
    /** Of those, without. */
    readonly idle: number
  }
  /** Commands that wait for this server, written or not. */
  readonly pending: number
  /** Last error; kept until the server has answered a command in time. */
  readonly lastError: MemcacheError | undefined
}

/** Limits that end a wait early. */
export interface WaitLimits {
  /** In milliseconds, may be Infinity; without it, the client's. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** The executor at the bottom, with the life of its connections. */
export interface Backend extends Executor {
  /** The servers, for commands that go to each of them. */
  readonly servers: readonly ServerExecutor[]
  /**
   * Settles once it is known which servers there are: where a source names them, that takes a moment. Rejects with
   * `ClosedError` once the end has come.
   */
  untilListed?(limits?: WaitLimits): Promise<void>
  /** The server that the next command for this key would go to; undefined when there is none. */
  serverFor(routingKey: Key): ServerExecutor | undefined
  /** Opens every connection now. Rejects with the first failure. */
  connect(): Promise<void>
  /** Closes every connection after its pending replies; the next command connects again. */
  disconnect(): Promise<void>
  /** Takes no more commands, finishes those it has, and closes. */
  close(): Promise<void>
  /** Ends everything now; what waits fails with the error. */
  destroy(error: MemcacheError): void
}

/** Why a command fails when the last server was removed, or the source of the servers gave an empty list. */
export const NO_SERVERS = 'the cluster has no servers'
