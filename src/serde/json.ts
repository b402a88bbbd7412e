import { decodeJson, encodeJson } from './json-text.ts'
import type { RangeSerde, Serde } from './serde.ts'

/** Client flag of the default serde's JSON, so that the default serde reads these values too. */
const JSON_FLAG = 32

/**
 * Serde that always uses JSON: every value is stored as JSON text in UTF-8 with client flags 32, text and integers too
 * (`"a"`, `5`). Every item is read as JSON whatever its client flags: JSON written by other programs, and counters.
 *
 * The rules are those of JSON: a `Date` is read back as text, a `Map` or `Set` inside an object as `{}`, undefined
 * members are left out, NaN inside an object becomes null, and integers beyond ±(2⁵³−1) lose digits in reading. Refused
 * are a bare undefined, function, symbol, NaN or ±Infinity, bigints, cycles, promises, binary data, and a bare `Map`,
 * `Set`, error, `RegExp` or other object of which JSON keeps nothing (`structuredClone` stores the first four); in
 * reading, bytes that are not JSON, the empty value included. An integer can be counted with `incr` as long as it is
 * not negative.
 */
export const json: Serde = Object.freeze<RangeSerde>({
  serialize: (value) => ({ data: encodeJson(value), clientFlags: JSON_FLAG }),
  deserialize: decodeJson,
  deserializeRange: (bytes, start, end) => decodeJson(bytes.subarray(start, end)),
  keepsBytes: () => false,
  leavesCompressionFlags: true,
})
