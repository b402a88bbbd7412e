import type { HashInput } from './hash-function.ts'

/** Bytes to read before the next call of the function that returned them: one object serves every call. */
export interface KeyBytes {
  bytes: Uint8Array
  length: number
}

/**
 * Size of the shared buffer: keys have 250 bytes at most; three times as many hold any text of that many UTF-16 units.
 */
const SCRATCH_BYTES = 1024
const scratch = new Uint8Array(SCRATCH_BYTES)
const encoder = new TextEncoder()
const current: KeyBytes = { bytes: scratch, length: 0 }

/** Returns the bytes of the input, without a new array for short text. A lone surrogate becomes U+FFFD. */
export function bytesOf(data: HashInput): KeyBytes {
  if (typeof data === 'string') return bytesOfText(data)
  current.bytes = data
  current.length = data.length
  return current
}

function bytesOfText(text: string): KeyBytes {
  const { length } = text
  if (length > SCRATCH_BYTES) return encoded(text)
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at)
    if (code >= 0x80) return encoded(text)
    scratch[at] = code
  }
  current.bytes = scratch
  current.length = length
  return current
}

function encoded(text: string): KeyBytes {
  // A UTF-16 unit takes three bytes at most.
  const fits = text.length * 3 <= SCRATCH_BYTES
  current.bytes = fits ? scratch : encoder.encode(text)
  current.length = fits ? encoder.encodeInto(text, scratch).written : current.bytes.length
  return current
}
