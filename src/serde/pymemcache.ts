import { type ZlibCompression, zlibCodec } from './compression.ts'
import { resolveCompression } from './foreign-options.ts'
import { checkPickleOptions, type PickleOptions, type PythonLayout, pythonSerde } from './python-layout.ts'
import type { Serde } from './serde.ts'

/** Options of pymemcache's layout. */
export interface PymemcacheOptions extends PickleOptions {
  /**
   * Whether to compress as `CompressedSerde` does: values of more than `minBytes` (400) bytes, no integers, with zlib.
   * Compressed values are read either way; a Python client needs `CompressedSerde` to read them.
   *
   * @defaultValue `false`
   */
  readonly compression?: false | ZlibCompression
}

/** `min_compress_len` of CompressedSerde. */
const MIN_BYTES = 400

const LAYOUT: PythonLayout = {
  name: 'pymemcache',
  textFlags: 16,
  bytesFlags: 0,
  integerFlags: 2,
  plainBooleans: false,
  compressIntegers: false,
  codec: zlibCodec,
  codecFlag: 8,
}

/**
 * Returns the serde for the layout of pymemcache's `PickleSerde` and `CompressedSerde` (4.0.0, and since 2.1), by
 * client flags:
 *
 * | flags | holds | in JavaScript |
 * |---|---|---|
 * | 0 | bytes | Buffer |
 * | 1 | a pickle of anything else, bool, float and None too | see `pickle` |
 * | 2 | an int in decimal | number, beyond ±(2⁵³−1) bigint |
 * | 4 | a `long` of Python 2 (never written) | as 2 |
 * | 16 | a str in UTF-8 | text |
 * | +8 | the same, compressed with zlib | |
 *
 * Numbers with a fraction, beyond ±(2⁵³−1), -0, booleans, null, arrays and objects need `pickle: 'readWrite'`.
 * pymemcache without a serde stores `str(value)` with client flags 0: a Buffer here, and read with `raw` or
 * `defaultSerde` as well.
 */
export function pymemcache(options: PymemcacheOptions = {}): Serde {
  checkPickleOptions(options, 'pymemcache')
  return pythonSerde(LAYOUT, options, resolveCompression(options.compression, MIN_BYTES))
}
