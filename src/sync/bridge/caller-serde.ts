import { Buffer } from 'node:buffer'
import type { RangeSerde, Serde, SerializedValue } from '../../serde/serde.ts'

/** Calls a method of an object of the caller's, who is waiting, and blocks until it has returned. */
export type CallCaller = (reference: number, method: string, args: readonly unknown[]) => unknown

/** A value of the caller's that the worker hands on unseen. */
export class OpaqueValue {
  /** What the caller's serde made of it, where the caller has asked it beforehand. */
  readonly form: SerializedValue | undefined

  constructor(form: SerializedValue | undefined) {
    this.form = form
  }
}

/** A value as stored, which the caller will decode. */
export class StoredValue {
  readonly data: Uint8Array
  readonly clientFlags: number

  constructor(data: Uint8Array, clientFlags: number) {
    this.data = data
    this.clientFlags = clientFlags
  }
}

/** What the worker is told of a serde. */
export interface SerdeTraits {
  readonly reference: number
  /** One of memlane's own, which needs no key to read. */
  readonly isRange: boolean
  readonly leavesCompressionFlags: boolean
  readonly counterFlags: number | undefined
}

/** A serde of the caller's, called where it lives. */
export function createCallerSerde(traits: SerdeTraits, call: CallCaller): Serde {
  const { reference, isRange, leavesCompressionFlags, counterFlags } = traits
  const deserialize = (data: Uint8Array, clientFlags: number, key: string | Uint8Array): unknown =>
    call(reference, 'deserialize', [data, clientFlags, key])
  const serde: Serde = {
    ...(counterFlags !== undefined && { counterFlags }),
    serialize: (value, key) => {
      if (value instanceof OpaqueValue && value.form !== undefined) return value.form
      return call(reference, 'serialize', [value, key]) as SerializedValue
    },
    deserialize,
  }
  if (!isRange) return serde
  const ranges: Omit<RangeSerde, keyof Serde> = {
    leavesCompressionFlags,
    keepsBytes: () => false,
    deserializeRange: (bytes, start, end, clientFlags) => deserialize(bytes.subarray(start, end), clientFlags, ''),
  }
  return Object.assign(serde, ranges)
}

/** Leaves the decoding to the caller, for after the call. */
export function createStoredSerde(leavesCompressionFlags: boolean): RangeSerde {
  return {
    leavesCompressionFlags,
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
