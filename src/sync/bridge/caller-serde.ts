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
