import { decodeLatin1 } from './text.ts'

/** Backslash and escaped character in a `raw-unicode-escape` line. */
const RAW_ESCAPE = /\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|[^uU])/g
/** Backslash and escaped character in the `repr` of a Python 2 string. */
const REPR_ESCAPE = /\\(?:x([0-9a-f]{2})|([0-7]{1,3})|([\\'"abfnrtv]))/gi
const QUOTED = /^(?:'.*'|".*")$/s
const FLOAT = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?(?:e[+-]?[0-9]+)?|\.[0-9]+|inf|nan)$/i
const CONTROLS: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}
const LAST_CODE_POINT = 0x10ffff

/** Decodes the text of a UNICODE line: latin1 with `\u` and `\U`. */
export function decodeRawUnicodeEscape(line: Uint8Array): string {
  return decodeLatin1(line).replace(RAW_ESCAPE, (whole: string, short?: string, long?: string) => {
    const code = short ?? long
    return code === undefined ? whole : codePoint(Number.parseInt(code, 16))
  })
}

function codePoint(code: number): string {
  if (code > LAST_CODE_POINT) throw new Error('the pickle has a character beyond Unicode')
  return String.fromCodePoint(code)
}

/** Decodes the text of a STRING line: the quoted `repr` of a Python 2 string. */
export function decodeRepr(line: Uint8Array): string {
  const quoted = decodeLatin1(line).trim()
  if (quoted.length < 2 || !QUOTED.test(quoted)) throw new Error('the pickle has a string without its quotes')
  return quoted.slice(1, -1).replace(REPR_ESCAPE, (_, hex?: string, octal?: string, character?: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff)
    return CONTROLS[character!] ?? character!
  })
}

/** Checks a `str` of Python 2 as Python 3 does: ASCII or an error, because its encoding is unknown. */
export function checkAscii(text: string): string {
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) > 0x7f) throw new Error('the pickle has a string of Python 2 that is not ASCII')
  }
  return text
}

/** Decodes the number of a FLOAT line, as `repr` writes it. */
export function decodeFloat(line: Uint8Array): number {
  const text = decodeLatin1(line)
  if (!FLOAT.test(text)) throw new Error('the pickle has a float that is none')
  return Number(text.replace(/inf/i, 'Infinity').replace(/nan/i, 'NaN'))
}
