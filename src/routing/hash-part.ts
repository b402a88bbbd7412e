import { InvalidInputError } from '../errors.ts'
import { showValue } from '../show-value.ts'
import type { HashFunction, HashInput } from './hash/hash-function.ts'

/**
 * Adds twemproxy's hash tags (`hash_tag`): of a key with both characters only the part between them is hashed, unless
 * that part is empty, so that `{user:1}:name` and `{user:1}:mail` share a server.
 */
export function withHashTag(hash: HashFunction, tag: string | undefined, distribution: string): HashFunction {
  if (tag === undefined) return hash
  if (typeof tag !== 'string' || !/^[!-~]{2}$/.test(tag)) {
    throw new InvalidInputError(
      `${distribution}: hashTag must be two characters of ASCII, such as '{}', got ${showValue(tag)}`,
    )
  }
  const [opening, closing] = [tag[0]!, tag[1]!]
  return (key) => hash(typeof key === 'string' ? taggedText(key, opening, closing) : taggedBytes(key, tag))
}

function taggedText(key: string, opening: string, closing: string): string {
  const start = key.indexOf(opening) + 1
  const end = start === 0 ? -1 : key.indexOf(closing, start)
  return end > start ? key.slice(start, end) : key
}

function taggedBytes(key: Uint8Array, tag: string): Uint8Array {
  const start = key.indexOf(tag.charCodeAt(0)) + 1
  const end = start === 0 ? -1 : key.indexOf(tag.charCodeAt(1), start)
  return end > start ? key.subarray(start, end) : key
}

const HASH_STOP = '|#|'

/** Returns the part of a key before mcrouter's hash stop `|#|`: only that part is hashed. */
export function beforeHashStop(key: HashInput): HashInput {
  const at = typeof key === 'string' ? key.indexOf(HASH_STOP) : indexOfHashStop(key)
  if (at === -1) return key
  return typeof key === 'string' ? key.slice(0, at) : key.subarray(0, at)
}

function indexOfHashStop(key: Uint8Array): number {
  const [bar, hash] = [HASH_STOP.charCodeAt(0), HASH_STOP.charCodeAt(1)]
  return key.findIndex((byte, at) => byte === bar && key[at + 1] === hash && key[at + 2] === bar)
}
