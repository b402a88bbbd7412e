import { InvalidInputError } from '../errors.ts'
import { refuseUnknown } from '../known-options.ts'
import { showValue } from '../show-value.ts'
import type { ZlibCompression } from './compression.ts'

/**
 * Handling of values in another language's own object format.
 *
 * - `refuse`: reading or writing one is an error.
 * - `read`: plain types are read, by a decoder that makes nothing else; writing one is an error.
 * - `readWrite`: plain types are written as well.
 */
export type NativeObjects = 'refuse' | 'read' | 'readWrite'

/** Type of the strings of a client without a type for bytes; as text, bytes that are not UTF-8 are an error. */
export type StringsAs = 'text' | 'bytes'

/**
 * Options of every foreign layout that reads compressed values. If a layout compresses, use its own option: the
 * client's `compression` marks values with client flags that have other meanings for the other program.
 */
export interface ForeignOptions {
  /**
   * Largest decompressed value, in bytes; a longer one is an error. So is a pickle, Marshal or PHP `serialize` whose
   * parts would use more memory than this: about 8 bytes for each item of a list, 48 for a list, 64 for each member of
   * a dict or object, 256 for a dict, and the bytes of texts and Buffers.
   *
   * @defaultValue `134217728` (128 MiB)
   */
  readonly maxBytes?: number
}

const DEFAULT_MAX_BYTES = 128 * 1024 * 1024
const LARGEST_MAX_BYTES = 2 ** 31 - 1
const MAX_ZLIB_LEVEL = 9
const DEFAULT_ZLIB_LEVEL = 6

/** Checks the option `maxBytes`, or returns its default. */
export function resolveMaxBytes(options: ForeignOptions): number {
  return checkCount('maxBytes', options.maxBytes ?? DEFAULT_MAX_BYTES, 1, LARGEST_MAX_BYTES)
}

/** Checks that an option is one of some values. */
export function checkChoice<T>(name: string, value: T, choices: readonly T[]): T {
  if (choices.includes(value)) return value
  throw new InvalidInputError(`${name} must be ${choices.map(showValue).join(' or ')}, got ${showValue(value)}`)
}

/** Checks the option `strings`. */
export function checkStrings(value: StringsAs): StringsAs {
  return checkChoice('strings', value, ['text', 'bytes'])
}

/** Checks an option about objects of the other language, with its name. */
export function checkNativeObjects(name: string, value: NativeObjects = 'refuse'): NativeObjects {
  return checkChoice(name, value, ['refuse', 'read', 'readWrite'])
}

/** Settings of a compressing writer; undefined: no compression. */
export interface ResolvedCompression {
  readonly minBytes: number
  readonly level: number
}

const COMPRESSION_OPTIONS: readonly (keyof ZlibCompression)[] = ['minBytes', 'level']

/**
 * @param minBytes - Size from which the foreign client itself compresses.
 * @param known - Options that this compression has.
 */
export function resolveCompression(
  compression: false | ZlibCompression | undefined,
  minBytes: number,
  known: readonly string[] = COMPRESSION_OPTIONS,
  level: number = DEFAULT_ZLIB_LEVEL,
  maxLevel: number = MAX_ZLIB_LEVEL,
): ResolvedCompression | undefined {
  if (compression === undefined || compression === false) return undefined
  if (typeof compression !== 'object' || compression === null) {
    throw new InvalidInputError(`compression must be false or an object, got ${showValue(compression)}`)
  }
  refuseUnknown(compression, known, 'compression')
  return {
    minBytes: checkCount('compression.minBytes', compression.minBytes ?? minBytes, 0, LARGEST_MAX_BYTES),
    level: checkCount('compression.level', compression.level ?? level, 0, maxLevel),
  }
}

function checkCount(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw new InvalidInputError(`${name} must be an integer from ${min} to ${max}, got ${showValue(value)}`)
}
