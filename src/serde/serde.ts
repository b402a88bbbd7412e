import type { Buffer } from 'node:buffer'

/** A value as the server stores it. */
export interface SerializedValue {
  /** Text is sent as UTF-8, bytes as they are. */
  readonly data: string | Uint8Array
  /** The 32-bit number that the server keeps beside the data; by it a reader knows how to read. */
  readonly clientFlags: number
}

/**
 * Turns values into what the server stores, and back. Synchronous and pure. Whatever it throws reaches the caller as a
 * `SerdeError` with `cause`; in a batch it fails its own key only. Memlane's own throw `InvalidInputError` for a bigint
 * of more than 10,000 digits.
 */
export interface Serde {
  /**
   * @param value - What the caller stores.
   * @param key - The caller's key, without any prefix.
   */
  serialize(value: unknown, key: string | Uint8Array): SerializedValue
  /**
   * @param data - Valid only during the call: it is a view of the read buffer. Keep a copy.
   * @param clientFlags - What the writer stored beside the data.
   * @param key - The caller's key, without any prefix.
   */
  deserialize(data: Uint8Array, clientFlags: number, key: string | Uint8Array): unknown
  /**
   * The client flags under which its readers take decimal digits for an integer: counters that `incr` and `decr` create
   * (`initial`) get them.
   *
   * @defaultValue `2`
   */
  readonly counterFlags?: number
}

/**
 * A serde that reads straight from the connection's read buffer: a view per value costs as much as decoding it.
 *
 * @internal
 */
export interface RangeSerde extends Serde {
  /** It gives no meaning to the client flags of the client's own compression, so that those values may be decompressed. */
  readonly leavesCompressionFlags?: boolean
  /** Whether values with these client flags are handed out as they are, so that their bytes must not be used again. */
  keepsBytes(clientFlags: number): boolean
  /**
   * @param bytes - Holds the data from `start` up to `end`; valid only during the call, unless `owned`.
   * @param owned - `bytes` belongs to this value alone and may be handed to the caller without a copy.
   * @param ascii - All of it is known to be ASCII.
   */
  deserializeRange(
    bytes: Buffer,
    start: number,
    end: number,
    clientFlags: number,
    owned: boolean,
    ascii: boolean,
  ): unknown
}
