import type { HashInput } from './hash-function.ts'
import { textOf } from './key-text.ts'

/** Returns `String.hashCode()` of Java, over UTF-16 units: spymemcached's default, `NATIVE_HASH`. */
export function javaStringHash(data: HashInput): number {
  const text = textOf(data)
  let hash = 0
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0
  return hash >>> 0
}
