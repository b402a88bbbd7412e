import { type Codec, gzipCodec, zlibCodec } from './compression.ts'
import { type JavaOptions, javaSerde } from './java-layout.ts'
import type { Serde } from './serde.ts'

const GZIP_MAGIC = 0x1f

/** Codec of xmemcached: gzip or, in its mode ZIP, zlib; the first byte shows which. */
const EITHER: Codec = {
  compress: (data, level) => gzipCodec.compress(data, level),
  decompress: (data, maxBytes) => (data[0] === GZIP_MAGIC ? gzipCodec : zlibCodec).decompress(data, maxBytes),
}

/**
 * Returns the serde for the basic types of xmemcached's `SerializingTranscoder` (2.4): the layout of `spymemcached`;
 * values compressed in mode ZIP are read as well.
 */
export function xmemcached(options: JavaOptions = {}): Serde {
  return javaSerde('xmemcached', options, EITHER)
}
