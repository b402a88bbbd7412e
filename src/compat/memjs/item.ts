import { Buffer } from 'node:buffer'
import type { Serde } from '../../serde/serde.ts'

/** The client flags and the time to live, as the binary protocol sends them beside a value. */
const EXTRAS_BYTES = 8
const FLAGS_BYTES = 4

/** A value as it is stored. */
export class StoredItem {
  readonly data: string | Uint8Array
  readonly clientFlags: number
  /** Time to live, in seconds, or a unix time. */
  readonly expires: number

  /**
   * @param value - Text or a Buffer; else a `TypeError`, but for what Node can make a Buffer of.
   * @param extras - As a serializer returned them; others than eight bytes are left out.
   */
  constructor(value: string | Uint8Array, extras: unknown, expires: number) {
    const own = Buffer.isBuffer(extras) && extras.length === EXTRAS_BYTES ? extras : makeExtras(expires)
    this.data = Buffer.isBuffer(value) ? value : Buffer.from(value)
    this.clientFlags = own.readUInt32BE(0)
    this.expires = own.readUInt32BE(FLAGS_BYTES)
  }
}

/** An item as the package reads it. */
export interface FoundItem {
  readonly value: Buffer
  /** Four bytes. */
  readonly flags: Buffer
}

/** Stores and reads items with their client flags. */
export const ITEM_SERDE: Serde = Object.freeze<Serde>({
  serialize(item) {
    if (!(item instanceof StoredItem)) throw new TypeError('only stored items are expected here')
    return item
  },
  deserialize: (data, clientFlags): FoundItem => ({ value: Buffer.from(data), flags: encodeUint32(clientFlags) }),
})

/** Returns the extras of a store without client flags. */
export function makeExtras(expires: number): Buffer {
  const extras = Buffer.alloc(EXTRAS_BYTES)
  extras.writeUInt32BE(expires, FLAGS_BYTES)
  return extras
}

/** Returns a number as the binary protocol takes it: 32 bits, without the part below 1; a `RangeError` for others. */
export function toUint32(value: unknown): number {
  return encodeUint32(Number(value)).readUInt32BE()
}

function encodeUint32(value: number): Buffer {
  const bytes = Buffer.alloc(FLAGS_BYTES)
  bytes.writeUInt32BE(value)
  return bytes
}
