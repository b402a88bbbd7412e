import { isUtf8 } from 'node:buffer'
import { asBuffer } from './bytes.ts'

/** Checks that a text has a UTF-8 form: with a lone surrogate another text would be read back. */
export function checkText(text: string): string {
  if (text.isWellFormed()) return text
  throw new Error('text with a lone surrogate cannot be stored: it has no UTF-8')
}

/** Decodes UTF-8; never returns a U+FFFD that was not stored. */
export function decodeText(data: Uint8Array): string {
  const bytes = asBuffer(data)
  if (!isUtf8(bytes)) throw new Error('the value is not valid UTF-8: read it with the serde `raw`')
  return decodeWith(bytes, 'utf8')
}

/** Decodes bytes that a layout's own grammar keeps to ASCII, such as digits. */
export function decodeLatin1(data: Uint8Array): string {
  return decodeWith(asBuffer(data), 'latin1')
}

function decodeWith(bytes: Buffer, encoding: 'utf8' | 'latin1'): string {
  try {
    return bytes.toString(encoding)
  } catch (cause) {
    throw new Error('the value is too long for a string: read it with the serde `raw`', { cause })
  }
}
