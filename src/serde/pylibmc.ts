import { type ZlibCompression, zlibCodec } from './compression.ts'
import { resolveCompression } from './foreign-options.ts'
import { checkPickleOptions, type PickleOptions, type PythonLayout, pythonSerde } from './python-layout.ts'
import type { Serde } from './serde.ts'

/** Options of pylibmc's layout. */
export interface PylibmcOptions extends PickleOptions {
  /**
   * Whether to compress as pylibmc does with `min_compress_len`: values of more than `minBytes` (0) bytes that get
   * smaller, with zlib; integers too, which cannot be counted afterwards. Compressed values are read either way.
   *
   * @defaultValue `false`
   */
  readonly compression?: false | ZlibCompression
}

const LAYOUT: PythonLayout = {
  name: 'pylibmc',
  textFlags: 16,
  bytesFlags: 0,
  integerFlags: 4,
  plainBooleans: true,
  compressIntegers: true,
  codec: zlibCodec,
  codecFlag: 8,
}

/**
 * Returns the serde for the layout of pylibmc 1.6, by client flags:
 *
 * | flags | holds | in JavaScript |
 * |---|---|---|
 * | 0 | bytes | Buffer |
 * | 1 | a pickle of anything else, float and None too | see `pickle` |
 * | 2 | a bool, `1` or `0`; pylibmc itself reads it as an int | boolean; any other integer as 4 |
 * | 4 | an int in decimal | number, beyond ±(2⁵³−1) bigint |
 * | 16 | a str in UTF-8 | text |
 * | +8 | the same, compressed with zlib | |
 *
 * Numbers with a fraction, beyond ±(2⁵³−1), -0, null, arrays and
 * objects need `pickle: 'readWrite'`.
 */
export function pylibmc(options: PylibmcOptions = {}): Serde {
  checkPickleOptions(options, 'pylibmc')
  return pythonSerde(LAYOUT, options, resolveCompression(options.compression, 0))
}
