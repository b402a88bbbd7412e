import { Buffer, isUtf8 } from 'node:buffer'
import type { Context } from './command.ts'
import { type Decoded, decodeStored } from './decode.ts'
import { toJson } from './output.ts'
import type { Stored } from './stored.ts'
import { escapeText } from './terminal/escape.ts'

/**
 * Writes a value to standard output: text as it is, anything else as JSON; bytes that are not known as they are, and on a
 * terminal escaped. A line feed follows, except behind bytes in a file or a pipe. JSON that is wider than the terminal has several
 * lines there.
 */
export async function writeValue({ out, serde }: Pick<Context, 'out' | 'serde'>, stored: Stored): Promise<void> {
  const { value } = await decodeStored(stored, serde)
  if (!(value instanceof Uint8Array))
    out.line(out.isTerminal ? escapeText(textOf(value, out.columns), '\n\t') : textOf(value))
  else if (out.isTerminal) out.line(escapeText(Buffer.from(value).toString('latin1')))
  else out.bytes(value)
}

function textOf(value: unknown, columns = Number.POSITIVE_INFINITY): string {
  if (typeof value === 'string' || typeof value === 'bigint') return String(value)
  const line = toJson(value)
  return line.length > columns ? toJson(value, 2) : line
}

/** Value in a JSON object: `value`, or `base64` where it is bytes that are not text. */
export type JsonValue = { readonly value: unknown } | { readonly base64: string }

/** Returns a decoded value as a part of a JSON object. */
export function jsonValue({ value }: Decoded): JsonValue {
  return value instanceof Uint8Array ? jsonBytes(Buffer.from(value)) : { value }
}

/** Returns bytes as a part of a JSON object. */
export function jsonBytes(bytes: Buffer): JsonValue {
  return isUtf8(bytes) ? { value: bytes.toString('utf8') } : { base64: bytes.toString('base64') }
}
