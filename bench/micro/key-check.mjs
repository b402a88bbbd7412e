// Question: what does the check of a key cost, by a regular expression or by a loop that also sees non-ASCII text?
import { measure } from './measure.mjs'

const MAX_KEY_BYTES = 250
const KEY_COUNT = 1024
const keys = Array.from({ length: KEY_COUNT }, (_, index) => flatKey(index))
const keyOf = (turn) => keys[turn & (KEY_COUNT - 1)]

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what the check is for
const FORBIDDEN = /[\x00-\x20\x7f]/
const PLAIN = /^[\x21-\x7e]{1,250}$/

measure('no check at all', (turn) => keyOf(turn).length > 0)
measure('length and a regular expression of what is forbidden', (turn) => {
  const key = keyOf(turn)
  return key.length <= MAX_KEY_BYTES && !FORBIDDEN.test(key)
})
measure('one regular expression of what is plain', (turn) => PLAIN.test(keyOf(turn)))
measure('a loop over the character codes', (turn) => isPlain(keyOf(turn)))
measure('a loop, and Buffer.byteLength', (turn) => {
  const key = keyOf(turn)
  return Buffer.byteLength(key) <= MAX_KEY_BYTES && isPlain(key)
})

function isPlain(key) {
  const { length } = key
  if (length === 0 || length > MAX_KEY_BYTES) return false
  for (let index = 0; index < length; index++) {
    const code = key.charCodeAt(index)
    if (code <= 0x20 || code >= 0x7f) return false
  }
  return true
}

/** In one piece: walking a key that was glued together from parts takes half as long again. */
function flatKey(index) {
  return Buffer.from(`user:profile:${String(index).padStart(5, '0')}`).toString()
}
