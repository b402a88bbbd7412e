const UNSAFE = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\u001b': '\\e', '\0': '\\0' }

/**
 * Escapes what could move the cursor, change colors or reverse the direction of text on a terminal: control characters, bidi
 * controls and lone surrogates. Keys and values come from others.
 *
 * @param kept - Characters to leave as they are, as `'\n\t'`.
 */
export function escapeText(text: string, kept = ''): string {
  return text.replaceAll(UNSAFE, (character) => (kept.includes(character) ? character : escapeCharacter(character)))
}

function escapeCharacter(character: string): string {
  const named = NAMED[character]
  if (named !== undefined) return named
  const digits = character.charCodeAt(0).toString(16)
  return digits.length <= 2 ? `\\x${digits.padStart(2, '0')}` : `\\u${digits.padStart(4, '0')}`
}
