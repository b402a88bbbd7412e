import { DefaultDeserializer, deserialize as deserializeV8, serialize as serializeV8 } from 'node:v8'
import { showValue } from '../show-value.ts'
import { followed } from './byte-reader.ts'
import { foreignHint } from './foreign-values.ts'
import { parseInteger } from './integer.ts'
import type { RangeSerde, Serde, SerializedValue } from './serde.ts'
import { decodeLatin1 } from './text.ts'

/** Client flag that no other serde or compression of memlane writes. */
const V8_FLAG = 512
/** Client flag of a counter that `incr` created. */
const INTEGER_FLAG = 2

/**
 * Serde for everything that the structured clone algorithm keeps, in V8's own format with client flags 512: besides
 * JSON's types `Date`, `Map`, `Set`, `RegExp`, errors, bigints, typed arrays and Buffers, undefined members, NaN,
 * ±Infinity, -0, cycles, and repeated objects. Instances of classes are read back as plain objects.
 *
 * Only Node and programs on V8 read it, and only with a V8 as new as the writer's or newer: upgrade the readers first.
 * Refused are functions, symbols, promises, weak collections and a bare undefined, which is the result of a miss. Reads
 * client flags 512, and 2, a counter that `incr` created, as an integer; any other flags, and bytes that V8 does not
 * accept, are an error. For caches whose writers you trust: a few crafted bytes (a sparse array of millions of holes)
 * make V8 allocate hundreds of megabytes.
 */
export const structuredClone: Serde = Object.freeze<RangeSerde>({
  serialize,
  deserialize,
  deserializeRange: (bytes, start, end, clientFlags) => deserialize(bytes.subarray(start, end), clientFlags),
  keepsBytes: () => false,
  leavesCompressionFlags: true,
})

function serialize(value: unknown): SerializedValue {
  if (value === undefined) throw new Error('undefined cannot be stored: it is what a miss gives')
  try {
    return { data: serializeV8(value), clientFlags: V8_FLAG }
  } catch (cause) {
    throw new Error(`${showValue(value)} cannot be stored: it, or something in it, cannot be cloned`, { cause })
  }
}

function deserialize(data: Uint8Array, clientFlags: number): unknown {
  if (clientFlags === INTEGER_FLAG) return parseInteger(decodeLatin1(data))
  if (clientFlags !== V8_FLAG) {
    throw new Error(
      `client flags ${clientFlags} are not those of \`structuredClone\`: choose the writer's serde, or \`raw\`${foreignHint(data, clientFlags)}`,
    )
  }
  // Typed arrays are views of the memory that V8 reads from, so V8 reads from memory that belongs to this value. The
  // byte after it shows how far V8 has read.
  const copy = new Uint8Array(data.byteLength + 1)
  copy.set(data)
  const [value, end] = KNOWS_POSITION
    ? readWithPosition(copy)
    : [readV8(copy.subarray(0, -1), deserializeV8), data.byteLength]
  if (end !== data.byteLength) throw followed(data.byteLength - end)
  return value
}

/** Whether the runtime has the deserializer class: Bun has the functions of `node:v8`, and none of its classes. */
const KNOWS_POSITION: boolean = hasDeserializer()

function hasDeserializer(): boolean {
  try {
    return typeof new DefaultDeserializer(serializeV8(null)).readValue === 'function'
  } catch {
    return false
  }
}

/** Returns the value, and the number of bytes that V8 has read for it. */
function readWithPosition(bytes: Uint8Array): [value: unknown, end: number] {
  return readV8(bytes, () => {
    const deserializer = new DefaultDeserializer(bytes)
    deserializer.readHeader()
    const value: unknown = deserializer.readValue()
    return [value, deserializer.readRawBytes(1).byteOffset - bytes.byteOffset]
  })
}

function readV8<T>(bytes: Uint8Array, read: (bytes: Uint8Array) => T): T {
  try {
    return read(bytes)
  } catch (cause) {
    throw new Error('the value is not what `v8.serialize` writes, or a newer V8 wrote it', { cause })
  }
}
