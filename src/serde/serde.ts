import type { Buffer } from 'node:buffer'

/** Value as the server stores it. */
export interface SerializedValue {
  /** Data: text is sent as UTF-8, bytes unchanged. */
  readonly data: string | Uint8Array
  /** 32-bit number that the server keeps with the data; it selects how a reader reads the value. */
  readonly clientFlags: number
}

/**
 * Converts values to their stored form, and back. Synchronous and pure. An error that it throws reaches the caller as a
 * `SerdeError` with `cause`; in a batch only its own key fails. Memlane's own serdes throw `InvalidInputError` for a
 * bigint of more than 10,000 digits.
 */
export interface Serde {
  /**
   * @param value - Value given by the caller.
   * @param key - Key of the caller, without any prefix.
   */
  serialize(value: unknown, key: string | Uint8Array): SerializedValue
  /**
   * @param data - Valid only during the call: it is a view of the read buffer. Keep a copy.
   * @param clientFlags - Flags that the writer stored with the data.
   * @param key - Key of the caller, without any prefix.
   */
  deserialize(data: Uint8Array, clientFlags: number, key: string | Uint8Array): unknown
  /**
   * Client flags under which its readers read decimal digits as an integer: counters that `incr` and `decr` create
   * (`initial`) get them.
   *
   * @defaultValue `2`
   */
  readonly counterFlags?: number
}

/**
 * Serde that reads straight from the connection's read buffer: a view per value costs as much as decoding it.
 *
 * @internal
 */
export interface RangeSerde extends Serde {
  /**
   * Whether the serde ignores the client flags of the client's own compression, so that those values may be
   * decompressed.
   */
  readonly leavesCompressionFlags?: boolean
  /** Whether it gives the stored form, of which its caller makes the value: no near cache answers such a read. */
  readonly givesForm?: boolean
  /**
   * Checks whether values with these client flags are returned without a copy, so that their bytes must not be reused.
   */
  keepsBytes(clientFlags: number): boolean
  /**
   * @param bytes - Holds the data from `start` up to `end`; valid only during the call, unless `owned`.
   * @param owned - Whether `bytes` belongs to this value alone and may be returned to the caller without a copy.
   * @param ascii - Whether all of it is known to be ASCII.
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
