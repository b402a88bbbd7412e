import { InvalidInputError } from '../errors.ts'
import { type Codec, hasZstd, magiclessZstdCodec, type ZlibCompression, zlibCodec } from './compression.ts'
import { checkChoice, resolveCompression } from './foreign-options.ts'
import { checkPickleOptions, type PickleOptions, type PythonLayout, pythonSerde } from './python-layout.ts'
import type { Serde } from './serde.ts'

/** Compression of meta-memcache. */
export interface MetaMemcacheCompression extends ZlibCompression {
  /**
   * `zlib` as `MixedSerializer` (level 6), `zstd` as `ZstdSerializer` without dictionaries (level 9, up to 22; Node
   * 22.15 or newer).
   *
   * @defaultValue `'zlib'`
   */
  readonly algorithm?: 'zlib' | 'zstd'
}

/** Options of meta-memcache's layout. */
export interface MetaMemcacheOptions extends PickleOptions {
  /**
   * Whether to compress values of more than `minBytes` (128) bytes, as both of its serializers do. Compressed values
   * are read either way; one that was compressed with a dictionary is an error.
   *
   * @defaultValue `false`
   */
  readonly compression?: false | MetaMemcacheCompression
}

const COMPRESSION_OPTIONS: readonly (keyof MetaMemcacheCompression)[] = ['minBytes', 'level', 'algorithm']

const MIN_BYTES = 128
const ZLIB = 8
const ZSTD = 32
const ZSTD_LEVEL = 9
const MAX_ZSTD_LEVEL = 22

/**
 * Returns the serde for the layout of meta-memcache-py 2.5 (`MixedSerializer`, `ZstdSerializer`), by client flags. Text
 * and bytes are the other way round than in the other Python clients:
 *
 * | flags | holds | in JavaScript |
 * |---|---|---|
 * | 0 | a str in UTF-8 | text |
 * | 1 | a pickle of anything else, bool, float and None too | see `pickle` |
 * | 2 | an int in decimal | number, beyond ±(2⁵³−1) bigint |
 * | 4 | as 2 (never written) | |
 * | 16 | bytes | Buffer |
 * | +8 | the same, compressed with zlib | |
 * | +32 | the same, compressed with zstd, without the magic number | |
 *
 * Numbers with a fraction, beyond ±(2⁵³−1), -0, booleans, null, arrays and objects need `pickle: 'readWrite'`.
 */
export function metaMemcache(options: MetaMemcacheOptions = {}): Serde {
  checkPickleOptions(options, 'metaMemcache')
  const compression = options.compression === false ? undefined : options.compression
  const algorithm = checkChoice('compression.algorithm', compression?.algorithm ?? 'zlib', ['zlib', 'zstd'])
  if (algorithm === 'zlib') {
    const resolved = resolveCompression(compression, MIN_BYTES, COMPRESSION_OPTIONS)
    return pythonSerde(layout(zlibCodec, ZLIB), options, resolved)
  }
  if (!hasZstd()) throw new InvalidInputError('compression.algorithm: zstd needs Node 22.15 or newer')
  const resolved = resolveCompression(compression, MIN_BYTES, COMPRESSION_OPTIONS, ZSTD_LEVEL, MAX_ZSTD_LEVEL)
  return pythonSerde(layout(magiclessZstdCodec, ZSTD), options, resolved)
}

function layout(codec: Codec, codecFlag: number): PythonLayout {
  return {
    name: 'meta-memcache',
    textFlags: 0,
    bytesFlags: 16,
    integerFlags: 2,
    plainBooleans: false,
    compressIntegers: true,
    codec,
    codecFlag,
    alsoRead: new Map([[ZSTD, magiclessZstdCodec]]),
  }
}
