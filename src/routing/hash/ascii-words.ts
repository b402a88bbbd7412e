/**
 * Writes an ASCII text as little-endian words, without a detour over bytes: most keys of a cache are ASCII, and hashes
 * of words read them twice as fast. The last word is filled up with zeros.
 *
 * @returns Whether the text was ASCII; if not, the written words are of no use.
 */
export function writeAsciiWords(text: string, words: Int32Array): boolean {
  const { length } = text
  const whole = length & ~3
  // Every unit so far: above 0x7f as soon as one of them is.
  let seen = 0
  for (let at = 0; at < whole; at += 4) {
    const first = text.charCodeAt(at)
    const second = text.charCodeAt(at + 1)
    const third = text.charCodeAt(at + 2)
    const fourth = text.charCodeAt(at + 3)
    seen |= first | second | third | fourth
    words[at >> 2] = first | (second << 8) | (third << 16) | (fourth << 24)
  }
  let rest = 0
  for (let at = length - 1; at >= whole; at--) {
    const unit = text.charCodeAt(at)
    seen |= unit
    rest = (rest << 8) | unit
  }
  words[whole >> 2] = rest
  return seen < 0x80
}
