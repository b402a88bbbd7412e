import { type Codec, gzipCodec, zlibCodec } from './compression.ts'
import { type JavaOptions, javaSerde } from './java-layout.ts'
import type { Serde } from './serde.ts'

const GZIP_MAGIC = 0x1f

/** xmemcached compresses with gzip or, in its mode ZIP, with zlib; the first byte tells. */
const EITHER: Codec = {
  compress: (data, level) => gzipCodec.compress(data, level),
  decompress: (data, maxBytes) => (data[0] === GZIP_MAGIC ? gzipCodec : zlibCodec).decompress(data, maxBytes),
}

/**
 * The basic types of xmemcached's `SerializingTranscoder` (2.4): the layout of `spymemcached`, and values
 * compressed in mode ZIP are read as well.
 */
export function xmemcached(options: JavaOptions = {}): Serde {
  return javaSerde('xmemcached', options, EITHER)
}
