import { Buffer } from 'node:buffer'
import { asBuffer } from './bytes.ts'
import type { Codec } from './compression.ts'
import type { ResolvedCompression } from './foreign-options.ts'
import type { SerializedValue } from './serde.ts'

/** Compresses the value, and adds the flag, if it is long enough and gets shorter. */
export function compressValue(
  value: SerializedValue,
  flag: number,
  codec: Codec,
  compression: ResolvedCompression | undefined,
): SerializedValue {
  if (compression === undefined) return value
  const data = typeof value.data === 'string' ? Buffer.from(value.data) : value.data
  if (data.byteLength <= compression.minBytes) return value
  const compressed = codec.compress(data, compression.level)
  return compressed.length < data.byteLength ? { data: compressed, clientFlags: value.clientFlags | flag } : value
}

/** Returns bytes for the caller to keep: a copy of bytes that are valid only during the call. */
export function keepBytes(data: Uint8Array): Buffer {
  return Buffer.from(asBuffer(data))
}

/** Makes the error for client flags that the layout does not have. */
export function unknownFlags(clientFlags: number, layout: string): Error {
  return new Error(`client flags ${clientFlags} are not those of ${layout}: choose the writer's serde, or \`raw\``)
}

/** Makes the error for a value that only a language's own format can hold. */
export function needsOption(shown: string, option: string): Error {
  return new Error(`${shown} is stored in the writer's own object format here: allow it with ${option}`)
}

/** Runs a decoder; if a limit of the engine stops it (a `Map` of 2²⁴ entries, say), throws a plain Error as well. */
export function withinLimits<T>(decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    if (error instanceof RangeError) throw new Error('the value is too large to be read', { cause: error })
    throw error
  }
}
