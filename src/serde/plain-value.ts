import { isBytes, UNREADABLE_BYTES, viewOf } from '../bytes.ts'
import { InvalidInputError } from '../errors.ts'
import { isPlainObject } from '../plain-object.ts'
import { showValue } from '../show-value.ts'
import { isInteger } from './integer.ts'
import { checkText } from './text.ts'

/**
 * Deepest nesting of lists and dicts, in writing and in reading: far more than data has, far less than the stack
 * allows. A cycle ends here too.
 */
export const MAX_DEPTH = 512

/** Writer of the plain types of another language: one call per value, in order. */
export interface PlainSink {
  nothing(): void
  boolean(value: boolean): void
  /** Writes a safe integer, or a bigint of any size. */
  integer(value: number | bigint): void
  /** Writes any other number; -0, NaN and ±Infinity too. */
  float(value: number): void
  /** Writes well-formed text. */
  text(value: string): void
  bytes(value: Uint8Array): void
  openList(length: number): void
  /** Called before each item of a list. */
  item(index: number): void
  closeList(length: number): void
  openDict(size: number): void
  /** Writes a key that is text or another scalar. */
  key(value: unknown): void
  closeDict(size: number): void
}

/**
 * Writes a value to a sink, part by part: null, booleans, numbers, bigints, text, `Uint8Array`, arrays, `Map` (scalar
 * keys) and plain objects, whose undefined members are left out. Anything else is an error: it would be read back as
 * something else.
 */
export function writePlain(value: unknown, sink: PlainSink, depth = 0): void {
  if (writeScalar(value, sink)) return
  if (depth === MAX_DEPTH) throw new Error(`the value is nested deeper than ${MAX_DEPTH} levels, or contains itself`)
  if (Array.isArray(value)) return writeList(value, sink, depth + 1)
  if (value instanceof Map) return writeDict([...(value as Map<unknown, unknown>)], sink, depth + 1)
  if (isPlainObject(value)) return writeDict(Object.entries(value).filter(hasValue), sink, depth + 1)
  throw new Error(`${showValue(value)} cannot be stored: it is not of a plain type`)
}

/** Writes a value to a sink if it is a scalar or bytes; returns false otherwise. */
export function writeScalar(value: unknown, sink: PlainSink): boolean {
  if (value === null) sink.nothing()
  else if (typeof value === 'boolean') sink.boolean(value)
  else if (typeof value === 'bigint') sink.integer(value)
  else if (typeof value === 'string') sink.text(checkText(value))
  else if (typeof value === 'number') writeNumber(value, sink)
  else if (isBytes(value)) sink.bytes(readable(value))
  else return false
  return true
}

function readable(value: Uint8Array): Uint8Array {
  const bytes = viewOf(value)
  if (bytes === undefined) throw new InvalidInputError(`a part of it is bytes, and ${UNREADABLE_BYTES}`)
  return bytes
}

function writeNumber(value: number, sink: PlainSink): void {
  if (isInteger(value)) sink.integer(value)
  else sink.float(value)
}

function writeList(items: readonly unknown[], sink: PlainSink, depth: number): void {
  sink.openList(items.length)
  for (let index = 0; index < items.length; index++) {
    sink.item(index)
    writePlain(items[index], sink, depth)
  }
  sink.closeList(items.length)
}

function writeDict(entries: readonly (readonly [unknown, unknown])[], sink: PlainSink, depth: number): void {
  sink.openDict(entries.length)
  for (const [key, value] of entries) {
    sink.key(key)
    writePlain(value, sink, depth)
  }
  sink.closeDict(entries.length)
}

function hasValue(entry: readonly [string, unknown]): boolean {
  return entry[1] !== undefined
}

/** Returns a dict as an object if every key is text, else as a `Map`. */
export function toObjectOrMap(dict: Map<unknown, unknown>): object {
  const object: Record<string, unknown> = {}
  for (const [key, value] of dict) {
    if (typeof key !== 'string') return dict
    setMember(object, key, value)
  }
  return object
}

/** Sets a member of an object, whatever its name: `__proto__` too. */
export function setMember(object: object, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  } else {
    Reflect.set(object, key, value)
  }
}
