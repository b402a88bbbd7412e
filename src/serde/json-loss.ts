import { showValue } from '../show-value.ts'

/** Kinds of which JSON keeps nothing that matters, and `structuredClone` does. */
const CLONEABLE: ReadonlySet<string> = new Set(['Map', 'Set', 'Error', 'RegExp'])

const TypedArray = Object.getPrototypeOf(Uint8Array) as new () => Iterable<unknown>

/** What an object may have that changes what JSON makes of it. */
interface AnyObject {
  readonly then?: unknown
  readonly toJSON?: unknown
  readonly [Symbol.toStringTag]?: unknown
}

/**
 * Why an object that is the value itself must not be stored as JSON: JSON would quietly make something else of it, most
 * often `{}`. What lies inside a value goes by JSON's rules, which callers know. Undefined: it may be stored.
 */
export function whyNotJson(value: AnyObject): string | undefined {
  if (typeof value.then === 'function') return 'a promise cannot be stored: await it first'
  if (isUsual(value)) return undefined
  if (isBinary(value)) return `${showValue(value)} cannot be stored: binary data is stored as a Uint8Array`
  if (typeof value.toJSON === 'function') return undefined
  if (!CLONEABLE.has(kindOf(value)) && !(value instanceof Error)) return undefined
  return `${showValue(value)} cannot be stored: JSON keeps nothing of it, but \`structuredClone\` from memlane/serde does`
}

/**
 * Whether an object of which JSON makes `{}` has content that is out of JSON's reach: iterators, weak collections, `Blob`,
 * `Headers` and others that name their kind. An instance of a class without a member of its own is no such object.
 */
export function hidesFromJson(value: AnyObject): boolean {
  return !isUsual(value) && typeof value.toJSON !== 'function' && kindOf(value) !== 'Object'
}

/** Nearly every value; more need not be asked about it. */
function isUsual(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === Array.prototype
}

/** Objects that only pretend to be typed arrays, and proxies of them, are meant as binary data too. */
function isBinary(value: AnyObject): boolean {
  if (ArrayBuffer.isView(value) || value instanceof TypedArray) return true
  const kind = value[Symbol.toStringTag]
  return kind === 'ArrayBuffer' || kind === 'SharedArrayBuffer'
}

function kindOf(value: object): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1)
}
