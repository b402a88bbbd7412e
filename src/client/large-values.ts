import { type MemcacheError, SerdeError } from '../errors.ts'
import type { StoreRequest } from '../protocol/classic-request.ts'
import type { Key, WireKey } from '../protocol/key.ts'
import type { Operation } from '../protocol/operation.ts'
import type { Reply } from '../protocol/reply.ts'
import type { Request } from '../protocol/request.ts'

/** Key of the function with which a {@link ChunksPart} is put into a client. */
export const ATTACH: unique symbol = Symbol('attach')

/** The option `chunks` of a client. Made by the function `chunks` of `memlane/chunks`. */
export interface ChunksPart {
  /** The options that it was made with, and the defaults of the others. */
  readonly options: {
    readonly aboveBytes: number
    readonly chunkBytes: number
    readonly window: number
    readonly write: boolean
  }
  /** @internal */
  readonly [ATTACH]: (host: LargeValuesHost) => LargeValues
}

/** The client, for the chunks of its values. */
export interface LargeValuesHost {
  readonly maxValueBytes: number
  /** Returns a key as it travels, with the client's prefix. */
  encodeKey(key: Key): WireKey
  /** Carries out a command, in no order among other commands for its key. */
  dispatch(operation: Operation): void
  /** Returns the name of the server that a key belongs to. */
  serverOf(routingKey: Key): string | undefined
  /** Reports a failure that no call rejects with. */
  report(error: MemcacheError, keys: readonly Key[]): void
}

/** A value that was put together from its chunks. */
export interface LargeValue {
  readonly data: Uint8Array
  readonly clientFlags: number
  /** The cas number of its manifest; 0n where it was not asked for. */
  readonly cas: bigint
}

/** Makes the request of a store when its operation is dispatched. */
export type PrepareStore = (operation: Operation) => Promise<Request>

/** Why there is no value: a chunk is lost. `gone`: the manifest is there no longer. `kept`: it may be, and may be replaced. */
export type Loss = 'gone' | 'kept'

/** Values in chunks, for the reads and writes of a client. */
export interface LargeValues {
  /** Values with more bytes than this are stored in chunks. */
  readonly aboveBytes: number
  /**
   * Reads the value that a manifest stands for. Looks at the reply during the call only.
   */
  read(reply: Reply, operation: Operation): Promise<LargeValue | Loss>
  /** Returns a request whose data is stored in chunks before it is sent: its `preparing` is a {@link PrepareStore}. */
  split(request: StoreRequest): StoreRequest
  /** Renews the chunks of an item that was touched. Resolves with false where one is lost. */
  renew(operation: Operation): Promise<boolean>
  /** Resolves with the number of bytes of the value; undefined where the item is no manifest any more. */
  measure(operation: Operation): Promise<number | undefined>
  /** Takes note of a command that may remove or replace a manifest, before it is dispatched. */
  watch(operation: Operation): void
  /** Settles when no read is under way any more. */
  close(): Promise<void>
}

/** The error for a manifest, where the client cannot read it. */
export function manifestError(operation: Operation): SerdeError {
  return new SerdeError(
    `${operation.describe()}: the value is stored in chunks: give the client the option chunks: chunks() (import { chunks } from 'memlane/chunks')`,
    { server: operation.holder?.server, delivery: 'answered', ...operation.about },
  )
}
