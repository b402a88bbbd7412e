import type { RangeSerde, Serde, SerializedValue } from '../../serde/serde.ts'

/** Calls a method of an object of the waiting caller, and blocks until it has returned. */
export type CallCaller = (reference: number, method: string, args: readonly unknown[]) => unknown

/** Value of the caller's that the worker passes on unread. */
export class OpaqueValue {
  /** Result of the caller's serde, if the caller has serialized the value beforehand. */
  readonly form: SerializedValue | undefined

  constructor(form: SerializedValue | undefined) {
    this.form = form
  }
}

/** Properties of a serde, as sent to the worker. */
export interface SerdeTraits {
  readonly reference: number
  /** Whether the serde is one of memlane's own, which needs no key to read. */
  readonly isRange: boolean
  readonly leavesCompressionFlags: boolean
  readonly counterFlags: number | undefined
}

/** Creates a serde whose methods are called in the caller's thread. */
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
