import { Buffer } from 'node:buffer'

const MAX_SHOWN = 24

/** A value on its way between two languages. */
export interface Portable {
  readonly type: string
  readonly value?: unknown
}

/** A value of JavaScript as the other programs are told of it. */
export function toPortable(value: unknown): Portable {
  if (value === undefined) return { type: 'nothing' }
  if (value === null) return { type: 'null' }
  if (typeof value === 'string') return { type: 'text', value }
  if (typeof value === 'boolean') return { type: 'bool', value }
  if (typeof value === 'bigint') return { type: 'int', value: String(value) }
  if (typeof value === 'number') return { type: Number.isInteger(value) ? 'int' : 'float', value: String(value) }
  if (Buffer.isBuffer(value)) return { type: 'bytes', value: value.toString('base64') }
  if (Array.isArray(value)) return { type: 'list', value: value.map(toPortable) }
  const entries = value instanceof Map ? [...(value as Map<unknown, unknown>)] : Object.entries(value)
  return { type: 'dict', value: entries.map(([key, item]) => [key, toPortable(item)]) }
}

/** What became of a value: `same`, or what it is now, in a few words. */
export function describeOutcome(sent: Portable, got: Portable): string {
  if (JSON.stringify(sent) === JSON.stringify(got)) return 'same'
  const { type, value } = got
  if (type === 'bytes' && isUtf8Of(value, sent)) return 'bytes (its UTF-8)'
  if (type === 'bytes') return `bytes ${describeBytes(Buffer.from(value as string, 'base64'))}`
  if (type === 'text') return `text ${JSON.stringify(cut(value as string))}`
  if (type === 'list' || type === 'dict') return type
  if (type === 'error') return `error (${String(value)})`
  return typeof value === 'string' || typeof value === 'boolean' ? `${type} ${value}` : type
}

function isUtf8Of(base64: unknown, { type, value }: Portable): boolean {
  return type === 'text' && base64 === Buffer.from(value as string).toString('base64')
}

/** Bytes as characters; those that are not ASCII by their numbers. */
function describeBytes(bytes: Buffer): string {
  return JSON.stringify(cut(bytes.toString('latin1'))).replace(
    /[\x7f-\xff]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16)}`,
  )
}

function cut(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text
}

/** What is sent both ways, by the name it has in the tables. */
export const samples: Readonly<Record<string, unknown>> = {
  text: 'olé 🍺\r\nnext',
  'empty text': '',
  'long text': 'abcdefghij'.repeat(2000),
  bytes: Buffer.from([0, 10, 13, 128, 255]),
  'empty bytes': Buffer.alloc(0),
  integer: 42,
  'negative integer': -7,
  'integer beyond 2^53': 2n ** 63n - 1n,
  float: 0.1,
  true: true,
  false: false,
  null: null,
  list: [1, 'a', [true, null, 0.5]],
  dict: { a: 1, b: ['é', { c: null }] },
}
