import { type ZlibCompression, zlibCodec } from './compression.ts'
import { resolveCompression } from './foreign-options.ts'
import { checkPickleOptions, type PickleOptions, type PythonLayout, pythonSerde } from './python-layout.ts'
import type { Serde } from './serde.ts'

/** Options of python-memcached's layout. */
export interface PythonMemcachedOptions extends PickleOptions {
  /**
   * Whether to compress as python-memcached does with `min_compress_len`: values of more than `minBytes` (0) bytes that
   * get smaller, no integers, with zlib. Compressed values are read either way.
   *
   * @defaultValue `false`
   */
  readonly compression?: false | ZlibCompression
}

const LAYOUT: PythonLayout = {
  name: 'python-memcached',
  textFlags: 16,
  bytesFlags: 0,
  integerFlags: 2,
  plainBooleans: false,
  compressIntegers: false,
  codec: zlibCodec,
  codecFlag: 8,
}

/**
 * Returns the serde for the layout of python-memcached (1.58 and newer), by client flags:
 *
 * | flags | holds | in JavaScript |
 * |---|---|---|
 * | 0 | bytes | Buffer |
 * | 1 | a pickle of anything else, bool, float and None too (protocol 0 unless told otherwise) | see `pickle` |
 * | 2 | an int in decimal | number, beyond ±(2⁵³−1) bigint |
 * | 4 | a `long` of Python 2 | as 2 |
 * | 16 | a str in UTF-8 | text |
 * | +8 | the same, compressed with zlib | |
 *
 * Numbers with a fraction, beyond ±(2⁵³−1), -0, booleans, null, arrays and objects need `pickle: 'readWrite'`.
 */
export function pythonMemcached(options: PythonMemcachedOptions = {}): Serde {
  checkPickleOptions(options, 'pythonMemcached')
  return pythonSerde(LAYOUT, options, resolveCompression(options.compression, 0))
}
