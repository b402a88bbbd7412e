import { gzipCodec } from './compression.ts'
import { type JavaOptions, javaSerde } from './java-layout.ts'
import type { Serde } from './serde.ts'

/**
 * Returns the serde for the basic types of spymemcached's `SerializingTranscoder` (2.12), by client flags:
 *
 * | flags | holds | in JavaScript |
 * |---|---|---|
 * | 0 | String in UTF-8, and counters | text |
 * | 1 | a serialized Java object | an error |
 * | 256 | Boolean | boolean |
 * | 512, 768 | Integer, Long | number, beyond ±(2⁵³−1) bigint |
 * | 1024 | Date | `Date` |
 * | 1280 | Byte | number |
 * | 1536, 1792 | Float, Double | number |
 * | 2048 | byte[] | Buffer |
 * | +2 | the same, compressed with gzip | |
 *
 * Written: text, booleans, integers as Integer or Long, bigints as Long, other numbers as Double, `Date`, `Uint8Array`;
 * anything else is refused.
 */
export function spymemcached(options: JavaOptions = {}): Serde {
  return javaSerde('spymemcached', options, gzipCodec)
}
