import { Buffer } from 'node:buffer'
import { readFileSync } from 'node:fs'

/** A value, and what the Python client itself stored for it; no data where that is long, no flags where it failed. */
export interface PythonRow {
  readonly name: string
  readonly value: PythonValue
  readonly flags?: number
  readonly base64?: string | null
}

interface PythonValue {
  readonly type: string
  readonly value?: string | boolean
  readonly base64?: string
  readonly repr?: string
}

const LITERALS: Readonly<Record<string, unknown>> = {
  "{'a': 1, 'b': ['c', {'d': 'e'}]}": { a: 1, b: ['c', { d: 'e' }] },
  "[b'x', b'\\x00\\xff']": [Buffer.from('x'), Buffer.from([0, 255])],
}

/** The rows of one file in test/vectors/values, by set. */
export function pythonRows(file: string): Readonly<Record<string, readonly PythonRow[]>> {
  const url = new URL(`../../vectors/values/${file}.json`, import.meta.url)
  const { sets } = JSON.parse(readFileSync(url, 'utf8')) as { sets: Record<string, readonly PythonRow[]> }
  return sets
}

/** The value of a row in JavaScript. */
export function toJavaScript({ type, value, base64, repr }: PythonValue): unknown {
  switch (type) {
    case 'bytes':
      return Buffer.from(base64!, 'base64')
    case 'int':
      return Number.isSafeInteger(Number(value)) ? Number(value) : BigInt(value as string)
    case 'float':
      return Number(value)
    case 'None':
      return null
    case 'list':
    case 'dict':
      return LITERALS[repr!] ?? JSON.parse(repr!)
    default:
      return value
  }
}
