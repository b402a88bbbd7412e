// Question: what is the cheapest correct decode of a 100-byte text that is nearly always ASCII?
import { isAscii, isUtf8 } from 'node:buffer'
import { measure } from './measure.mjs'

const LENGTH = 100
const SLOTS = 512
const ascii = Buffer.alloc(LENGTH * SLOTS, 'user:profile:00042 0123456789abcdef ')
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const positionOf = (turn) => (turn & (SLOTS - 1)) * LENGTH

measure('latin1Slice (wrong beyond ASCII)', (turn) => {
  const at = positionOf(turn)
  return ascii.latin1Slice(at, at + LENGTH).length
})
measure('asciiSlice (wrong beyond ASCII)', (turn) => {
  const at = positionOf(turn)
  return ascii.asciiSlice(at, at + LENGTH).length
})
measure('utf8Slice (bad bytes become U+FFFD)', (turn) => {
  const at = positionOf(turn)
  return ascii.utf8Slice(at, at + LENGTH).length
})
measure('utf8Slice, then a search for U+FFFD', (turn) => {
  const at = positionOf(turn)
  const text = ascii.utf8Slice(at, at + LENGTH)
  return !text.includes('\ufffd')
})
measure('a loop for ASCII, then latin1Slice', (turn) => {
  const at = positionOf(turn)
  return isAsciiLoop(ascii, at, at + LENGTH) && ascii.latin1Slice(at, at + LENGTH).length
})
measure('isAscii of a subarray, then latin1Slice', (turn) => {
  const at = positionOf(turn)
  return isAscii(ascii.subarray(at, at + LENGTH)) && ascii.latin1Slice(at, at + LENGTH).length
})
measure('isUtf8 of a subarray, then utf8Slice', (turn) => {
  const at = positionOf(turn)
  return isUtf8(ascii.subarray(at, at + LENGTH)) && ascii.utf8Slice(at, at + LENGTH).length
})
measure('fatal TextDecoder of a subarray', (turn) => {
  const at = positionOf(turn)
  return decoder.decode(ascii.subarray(at, at + LENGTH)).length
})
measure('String.fromCharCode of every byte', (turn) => {
  const at = positionOf(turn)
  return fromCharCodes(ascii, at, at + LENGTH).length
})

function isAsciiLoop(buffer, start, end) {
  for (let at = start; at < end; at++) {
    if (buffer[at] > 0x7f) return false
  }
  return true
}

function fromCharCodes(buffer, start, end) {
  let text = ''
  for (let at = start; at < end; at++) text += String.fromCharCode(buffer[at])
  return text
}
