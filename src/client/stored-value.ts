import { Buffer } from 'node:buffer'
import type { RangeSerde } from '../serde/serde.ts'

/** A value as it is stored: what a serde reads, after decompression. */
export class StoredValue {
  readonly data: Uint8Array
  readonly clientFlags: number

  constructor(data: Uint8Array, clientFlags: number) {
    this.data = data
    this.clientFlags = clientFlags
  }
}

/**
 * Returns a serde that reads every value as a {@link StoredValue}, to be deserialized later.
 *
 * @internal
 */
export function createStoredSerde(leavesCompressionFlags: boolean): RangeSerde {
  return {
    leavesCompressionFlags,
    givesForm: true,
    serialize: () => {
      throw new TypeError('this serde only reads')
    },
    deserialize: keepStored,
    keepsBytes: () => false,
    deserializeRange: (bytes, start, end, clientFlags) => keepStored(bytes.subarray(start, end), clientFlags),
  }
}

function keepStored(data: Uint8Array, clientFlags: number): StoredValue {
  return new StoredValue(Buffer.from(data), clientFlags)
}
