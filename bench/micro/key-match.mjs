// Question: what is the cheapest way to see whether the key in a reply is the key that was asked for?
import { measure } from './measure.mjs'

const KEY_COUNT = 1024
const keys = Array.from({ length: KEY_COUNT }, (_, index) => flatKey(index))
const reply = Buffer.from(keys.join(' '))
const keyLength = keys[0].length
const encoded = keys.map((key) => Buffer.from(key))

const positionOf = (turn) => (turn & (KEY_COUNT - 1)) * (keyLength + 1)
const keyOf = (turn) => keys[turn & (KEY_COUNT - 1)]

measure('compare character codes, forwards', (turn) => isKeyForwards(reply, positionOf(turn), keyOf(turn)))
measure('compare character codes, backwards', (turn) => isKeyBackwards(reply, positionOf(turn), keyOf(turn)))
measure('latin1Slice and ===', (turn) => {
  const at = positionOf(turn)
  return reply.latin1Slice(at, at + keyLength) === keyOf(turn)
})
measure('utf8Slice and ===', (turn) => {
  const at = positionOf(turn)
  return reply.utf8Slice(at, at + keyLength) === keyOf(turn)
})
measure('Buffer.compare with the encoded key', (turn) => {
  const at = positionOf(turn)
  return reply.compare(encoded[turn & (KEY_COUNT - 1)], 0, keyLength, at, at + keyLength) === 0
})

function isKeyForwards(buffer, at, key) {
  for (let index = 0; index < key.length; index++) {
    if (buffer[at + index] !== key.charCodeAt(index)) return false
  }
  return true
}

function isKeyBackwards(buffer, at, key) {
  for (let index = key.length - 1; index >= 0; index--) {
    if (buffer[at + index] !== key.charCodeAt(index)) return false
  }
  return true
}

/** In one piece: walking a key that was glued together from parts takes half as long again. */
function flatKey(index) {
  return Buffer.from(`user:profile:${String(index).padStart(5, '0')}`).toString()
}
