import { Buffer } from 'node:buffer'

/** Why bytes cannot be read, for messages. */
export const UNREADABLE_BYTES = 'its bytes are gone: their buffer was transferred, or has become too short for them'

/** Getters of the engine's own: a property that a caller has put on an array does not reach them. */
interface Slot<This, T> {
  readonly get: (this: This) => T
}

/** The kind of a typed array; undefined for everything else. */
const KIND = slotOf<unknown, string | undefined>(Symbol.toStringTag)
const LENGTH = slotOf<Uint8Array, number>('byteLength')
const OFFSET = slotOf<Uint8Array, number>('byteOffset')
const BUFFER = slotOf<Uint8Array, ArrayBuffer>('buffer')

/**
 * Whether a value is a `Uint8Array`, of another realm (jest, `node:vm`) too, where `instanceof` fails. An object that only
 * inherits from one, or a `Proxy` around one, has no bytes: reading its length throws.
 */
export function isBytes(value: unknown): value is Uint8Array {
  return KIND.get.call(value) === 'Uint8Array'
}

/** Returns the number of bytes; undefined when they cannot be read any more. */
export function byteLengthOf(bytes: Uint8Array): number | undefined {
  const length = LENGTH.get.call(bytes)
  return length > 0 || isReadable(bytes) ? length : undefined
}

/** The same bytes as a plain Buffer, a view and not a copy; undefined when they cannot be read any more. */
export function viewOf(bytes: Uint8Array): Buffer | undefined {
  const length = byteLengthOf(bytes)
  return length === undefined ? undefined : Buffer.from(BUFFER.get.call(bytes), OFFSET.get.call(bytes), length)
}

/** Whether the memory of bytes can become smaller: code outside of JavaScript would then read memory that is gone. */
export function mayShrink({ buffer }: Uint8Array): boolean {
  return 'resizable' in buffer && buffer.resizable === true
}

/** Every method of an array whose buffer was transferred, or has become too short, throws. */
function isReadable(bytes: Uint8Array): boolean {
  try {
    Uint8Array.prototype.includes.call(bytes, 0)
    return true
  } catch {
    return false
  }
}

function slotOf<This, T>(name: string | symbol): Slot<This, T> {
  const prototype: unknown = Object.getPrototypeOf(Uint8Array.prototype)
  return Object.getOwnPropertyDescriptor(prototype, name) as unknown as Slot<This, T>
}
