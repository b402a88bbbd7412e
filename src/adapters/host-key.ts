import { Buffer } from 'node:buffer'
import { InvalidInputError } from '../errors.ts'
import { needNodeModule } from '../node-modules.ts'
import { showValue } from '../show-value.ts'

/** Longest key that is sent as it is, in bytes. memcached takes 250, prefixes and generations included. */
export const MAX_PLAIN_BYTES = 180

/** Marks a key that was hashed. */
const HASHED = '~'

/** Text that not every protocol carries, or that could be taken for a hash. */
const UNFIT = /^~|[\s\p{Cc}]/u

/**
 * Returns what stands for a host's key: the key itself, or `~` and its SHA-256 where it is long, or memcached could not take
 * it. Hosts make keys of what users send. Keys of two kinds never meet.
 */
export function hostKey(key: string): string {
  if (typeof key !== 'string') throw new InvalidInputError(`a key must be text, got ${showValue(key)}`)
  // Three bytes is the most that a unit of a string takes.
  const fits = key.length * 3 <= MAX_PLAIN_BYTES || Buffer.byteLength(key) <= MAX_PLAIN_BYTES
  if (fits && !UNFIT.test(key) && key.isWellFormed()) return key
  return HASHED + needNodeModule('node:crypto').createHash('sha256').update(bytesOf(key)).digest('base64url')
}

/** Returns the bytes of a key. UTF-8 would make one of all lone surrogates; it never has the byte 255. */
function bytesOf(key: string): string | Buffer {
  return key.isWellFormed() ? key : Buffer.concat([Buffer.of(0xff), Buffer.from(key, 'utf16le')])
}

/** Whether a key of the cache stands for one that cannot be derived from it. */
export function isHashedKey(key: string): boolean {
  return key.startsWith(HASHED)
}
