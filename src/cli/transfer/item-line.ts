import { Buffer } from 'node:buffer'
import type { Key } from '../../protocol/key.ts'
import { jsonKey } from '../key-argument.ts'
import { Stored } from '../stored.ts'
import { UsageError } from '../usage-error.ts'
import { jsonBytes } from '../value-output.ts'
import type { Item } from './item.ts'

/** Version of the format of a dump. */
export const DUMP_VERSION = 1

/** Client flags have 32 bits. */
const MAX_FLAGS = 0xffff_ffff

type Fields = Readonly<Record<string, unknown>>

/** Line of a dump. */
export type DumpLine =
  | { readonly kind: 'header' }
  | { readonly kind: 'item'; readonly item: Item; readonly expires: number | undefined }
  | { readonly kind: 'end' }

/**
 * Returns an item as an object for a line of JSON. `ttl` is in seconds, 0: never expires; `expires` is the time of this machine's
 * clock when it does, in seconds since 1970.
 */
export function lineOf({ key, stored, ttl, inChunks }: Item, nowMs: number): Fields {
  return {
    ...jsonKey(key),
    ttl,
    ...(ttl === 0 ? {} : { expires: Math.round(nowMs / 1000) + ttl }),
    flags: stored.clientFlags,
    size: stored.data.length,
    ...(inChunks ? { chunks: true } : {}),
    ...jsonBytes(stored.data),
  }
}

/** Reads a line of a dump, or one written by hand: `key` and `value` are enough. Throws `UsageError` that says what is wrong. */
export function readLine(text: string): DumpLine {
  const fields = readObject(text)
  if ('memlane' in fields) return readHeader(fields)
  if ('end' in fields) return { kind: 'end' }
  const stored = new Stored(readValue(fields), readInteger(fields, 'flags', MAX_FLAGS))
  const item = {
    key: readKeyField(fields),
    stored,
    ttl: readInteger(fields, 'ttl', Number.MAX_SAFE_INTEGER),
    inChunks: fields['chunks'] === true,
  }
  const expires = 'expires' in fields ? readInteger(fields, 'expires', Number.MAX_SAFE_INTEGER) : undefined
  return { kind: 'item', item, expires }
}

function readObject(text: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new UsageError('it is not JSON', { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new UsageError('it is no JSON object')
  return value as Fields
}

function readHeader({ memlane: version }: Fields): DumpLine {
  if (version === DUMP_VERSION) return { kind: 'header' }
  throw new UsageError(`it is the header of version ${JSON.stringify(version)} of the format; this memlane reads 1`)
}

function readKeyField({ key, keyBase64 }: Fields): Key {
  if (typeof key === 'string' && key !== '') return key
  if (typeof keyBase64 === 'string' && keyBase64 !== '') return Buffer.from(keyBase64, 'base64')
  throw new UsageError('it has neither key nor keyBase64')
}

function readValue({ value, base64 }: Fields): Buffer {
  if (typeof value === 'string') return Buffer.from(value)
  if (typeof base64 === 'string') return Buffer.from(base64, 'base64')
  throw new UsageError('it has neither a value that is text nor base64')
}

function readInteger(fields: Fields, name: string, max: number): number {
  const value = fields[name] ?? 0
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max) return value as number
  throw new UsageError(`${name} must be a whole number from 0 to ${max}`)
}
