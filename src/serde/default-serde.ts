import { type Buffer, isUtf8 } from 'node:buffer'
import { latin1Slice, utf8Slice } from '../buffer-slices.ts'
import { isBytes } from '../bytes.ts'
import { SerdeError } from '../errors.ts'
import { showValue } from '../show-value.ts'
import { asBuffer, takeBytes } from './bytes.ts'
import { foreignHint } from './foreign-values.ts'
import { checkDigits, hasTooManyDigits, MAX_DIGITS } from './integer.ts'
import { hidesFromJson, whyNotJson } from './json-loss.ts'
import { jsonReason } from './json-text.ts'
import type { RangeSerde, Serde, SerializedValue } from './serde.ts'

// The layout is a data-format promise: other programs read these items, so no number here ever changes its meaning.
const TEXT = 0
const INTEGER = 2
const BIGINT = 4
const EXPLICIT_TEXT = 16
const JSON_TEXT = 32
const BYTES = 64

const COUNTER = /^-?[0-9]+ *$/

/** Number of digits that a double always holds exactly: the largest safe integer has 16. */
const SAFE_DIGITS = 15
const DIGIT_0 = 0x30

/**
 * Serde of every client without another one. Stored forms, by client flags:
 *
 * | flags | written for | stored as | read as |
 * |---|---|---|---|
 * | 0 | text | UTF-8 | text |
 * | 2 | integers up to ±(2⁵³−1) | decimal | number, beyond that bigint |
 * | 4 | bigint | decimal | bigint |
 * | 16 | (never) | UTF-8 | text |
 * | 32 | everything else | JSON | the JSON value |
 * | 64 | `Uint8Array` | the bytes | Buffer |
 *
 * Integers have 10,000 digits at most: storing a longer one is an `InvalidInputError`, reading one a `SerdeError`.
 * Counters (2 and 4) are read without the spaces that `decr` leaves after them. Text and integers are stored as by
 * pymemcache, so Python reads them, and text is read everywhere.
 *
 * An unreadable value of another client is a `SerdeError` that names the serde for it, if client flags and first bytes
 * identify one.
 *
 * Values that could not be read back are refused with `SerdeError`: undefined, functions, symbols, promises, NaN,
 * ±Infinity, cycles, text with lone surrogates, binary data other than `Uint8Array`, and objects of which JSON keeps
 * nothing: `Map`, `Set`, errors, `RegExp` (`structuredClone` stores those), weak collections, iterators, `Blob`,
 * `Headers` and the like. An object with a method `toJSON` is stored as its result. Inside objects and arrays the rules
 * are those of JSON: a `Date` is read back as text (on its own too), a `Map` or `Set` as `{}`, undefined members are
 * left out, NaN becomes null. Text that is not valid UTF-8 is a `SerdeError` too: read it with `raw`.
 */
export const defaultSerde: Serde = Object.freeze<RangeSerde>({
  serialize,
  deserialize(data, clientFlags) {
    return deserializeRange(asBuffer(data), 0, data.byteLength, clientFlags, false, false)
  },
  deserializeRange,
  leavesCompressionFlags: true,
  keepsBytes: (clientFlags) => clientFlags === BYTES,
})

function serialize(value: unknown): SerializedValue {
  switch (typeof value) {
    case 'string':
      // Costs next to nothing for text without two-byte characters.
      if (value.isWellFormed()) return { data: value, clientFlags: TEXT }
      throw new SerdeError('text with a lone surrogate cannot be stored: it has no UTF-8', { delivery: 'not-sent' })
    case 'number':
      return serializeNumber(value)
    case 'bigint':
      return { data: checkDigits(value).toString(), clientFlags: BIGINT }
    case 'boolean':
      return { data: value ? 'true' : 'false', clientFlags: JSON_TEXT }
    case 'object':
      return isBytes(value) ? { data: value, clientFlags: BYTES } : serializeObject(value)
    case 'undefined':
    case 'function':
    case 'symbol':
      throw new SerdeError(`${showValue(value)} cannot be stored`, { delivery: 'not-sent' })
  }
}

function serializeNumber(value: number): SerializedValue {
  if (!Number.isFinite(value)) throw new SerdeError(`${showValue(value)} cannot be stored`, { delivery: 'not-sent' })
  if (Object.is(value, -0)) return { data: '-0', clientFlags: JSON_TEXT }
  // An unsafe integer is stored as JSON: from flags 2 it would be read as a bigint.
  return { data: String(value), clientFlags: Number.isSafeInteger(value) ? INTEGER : JSON_TEXT }
}

function serializeObject(value: object | null): SerializedValue {
  const data = value === null ? 'null' : stringify(value)
  if (data === undefined) throw unstorable(`${showValue(value)} cannot be stored: its toJSON gives nothing`)
  return { data, clientFlags: JSON_TEXT }
}

function stringify(value: object): string | undefined {
  try {
    const why = whyNotJson(value)
    if (why !== undefined) throw unstorable(why)
    const text = JSON.stringify(value) as string | undefined
    if (text !== '{}' || !hidesFromJson(value)) return text
  } catch (cause) {
    if (cause instanceof SerdeError) throw cause
    throw new SerdeError(`the value cannot be stored as JSON${jsonReason(cause)}`, { delivery: 'not-sent', cause })
  }
  throw unstorable(`${showValue(value)} cannot be stored: JSON keeps nothing of it`)
}

function unstorable(message: string): SerdeError {
  return new SerdeError(message, { delivery: 'not-sent' })
}

function deserializeRange(
  bytes: Buffer,
  start: number,
  end: number,
  clientFlags: number,
  owned: boolean,
  ascii: boolean,
): unknown {
  switch (clientFlags) {
    case TEXT:
    case EXPLICIT_TEXT:
      return readText(bytes, start, end, clientFlags, ascii)
    case INTEGER:
      return readInteger(bytes, start, end)
    case BIGINT:
      return BigInt(readCounter(bytes, start, end, BIGINT))
    case JSON_TEXT:
      return readJson(bytes, start, end, ascii)
    case BYTES:
      return takeBytes(bytes, start, end, owned)
    default:
      throw unreadable(
        `client flags ${clientFlags} are not the default serde's: choose the writer's serde, or \`raw\`${foreignHint(bytes.subarray(start, end), clientFlags)}`,
      )
  }
}

function readText(bytes: Buffer, start: number, end: number, clientFlags: number, ascii: boolean): string {
  if (ascii) return decode(latin1Slice, bytes, start, end)
  const text = decode(utf8Slice, bytes, start, end)
  // Looking for U+FFFD is free in one-byte text and cheap in any other; validating first would double the cost.
  if (text.includes('\ufffd') && !isUtf8(bytes.subarray(start, end))) {
    const hint = foreignHint(bytes.subarray(start, end), clientFlags)
    throw unreadable(`the value is not valid UTF-8: read it with the serde \`raw\`${hint}`)
  }
  return text
}

function decode(slice: typeof utf8Slice, bytes: Buffer, start: number, end: number): string {
  try {
    return slice(bytes, start, end)
  } catch (cause) {
    throw unreadable('the value is too long for a string: read it with the serde `raw`', cause)
  }
}

function readInteger(bytes: Buffer, start: number, end: number): number | bigint {
  let value = 0
  let at = start
  // Plain digits are read in place, at a tenth of the cost of a string; `readAnyInteger` reads the rest.
  for (const last = Math.min(end, start + SAFE_DIGITS); at < last; at++) {
    const digit = bytes[at]! - DIGIT_0
    if (digit < 0 || digit > 9) break
    value = value * 10 + digit
  }
  return at === end && at > start ? value : readAnyInteger(bytes, start, end)
}

function readAnyInteger(bytes: Buffer, start: number, end: number): number | bigint {
  const digits = readCounter(bytes, start, end, INTEGER)
  const value = Number(digits)
  // `+ 0` turns -0 into 0.
  return Number.isSafeInteger(value) ? value + 0 : BigInt(digits)
}

function readCounter(bytes: Buffer, start: number, end: number, clientFlags: number): string {
  const text = decode(utf8Slice, bytes, start, end)
  if (!COUNTER.test(text)) {
    const hint = foreignHint(bytes.subarray(start, end), clientFlags)
    throw unreadable(`the value has the flags of an integer (${clientFlags}) and is not one${hint}`)
  }
  // `decr` pads the shorter number with spaces.
  const digits = text.trimEnd()
  if (hasTooManyDigits(digits)) throw unreadable(`the integer has more than ${MAX_DIGITS} digits`)
  return digits
}

function readJson(bytes: Buffer, start: number, end: number, ascii: boolean): unknown {
  const text = readText(bytes, start, end, JSON_TEXT, ascii)
  try {
    return JSON.parse(text)
  } catch {
    // The engine's own message quotes the text, and a value must not reach a log.
    throw unreadable('the value has the flags of JSON and is not JSON', new SyntaxError('not JSON'))
  }
}

function unreadable(message: string, cause?: unknown): SerdeError {
  return new SerdeError(message, { delivery: 'answered', cause })
}
