import type { HashInput } from './hash-function.ts'

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const strictDecoder = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })
const encoder = new TextEncoder()

/** Returns the text of a key, for hashes of characters; bytes that are not UTF-8 become U+FFFD. */
export function textOf(key: HashInput): string {
  return typeof key === 'string' ? key.toWellFormed() : decoder.decode(key)
}

/**
 * Returns the bytes hashed by Python clients that treat a text as bytes: the low eight bits of each code point. Bytes
 * count as the equal text; bytes that are not UTF-8 stay as they are, and so does ASCII.
 */
export function codePointBytes(key: HashInput): HashInput {
  const text = typeof key === 'string' ? key : decodeWhole(key)
  if (text === undefined || isAscii(text)) return key
  return Uint8Array.from(text.toWellFormed(), (character) => character.codePointAt(0)!)
}

/**
 * Returns the key as text of one character per UTF-8 byte: its hash is that of a client which decodes the bytes as
 * latin-1 and encodes the result as UTF-8.
 */
export function latin1Text(key: HashInput): string {
  if (typeof key === 'string' && isAscii(key)) return key
  const bytes = typeof key === 'string' ? encoder.encode(key) : key
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
}

/** Returns the bytes of a key as Python prints them: `b'key'`. */
export function pythonBytesText(key: HashInput): string {
  const text = latin1Text(key)
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  return `b${quote}${text.replaceAll(/[^ -~]|[\\'"]/g, (character) => escapeForPython(character, quote))}${quote}`
}

const PYTHON_ESCAPES: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '\\': '\\\\' }

function escapeForPython(character: string, quote: string): string {
  if (character === "'" || character === '"') return character === quote ? `\\${quote}` : character
  return PYTHON_ESCAPES[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
}

function decodeWhole(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes)
  } catch {
    return undefined
  }
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) >= 0x80) return false
  return true
}
