import { showValue } from '../show-value.ts'

/** Kinds of objects of which JSON keeps nothing that matters; `structuredClone` stores them. */
const CLONEABLE: ReadonlySet<string> = new Set(['Map', 'Set', 'Error', 'RegExp'])

const TypedArray = Object.getPrototypeOf(Uint8Array) as new () => Iterable<unknown>

/** Members of an object that change its JSON. */
interface AnyObject {
  readonly then?: unknown
  readonly toJSON?: unknown
  readonly [Symbol.toStringTag]?: unknown
}

/**
 * Returns why an object that is the value itself must not be stored as JSON: JSON would silently change it, most often
 * to `{}`. Inside a value JSON's rules hold, which callers know. Undefined: the object may be stored.
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
 * Checks whether an object with the JSON `{}` has content that JSON cannot read: iterators, weak collections, `Blob`,
 * `Headers` and others that name their kind. An instance of a class without a member of its own has none.
 */
export function hidesFromJson(value: AnyObject): boolean {
  return !isUsual(value) && typeof value.toJSON !== 'function' && kindOf(value) !== 'Object'
}

/** Checks for a plain object or array, as nearly every value is; these need no more checks. */
function isUsual(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === Array.prototype
}

/** Checks for binary data. Objects that imitate typed arrays, and proxies of them, count as binary data too. */
function isBinary(value: AnyObject): boolean {
  if (ArrayBuffer.isView(value) || value instanceof TypedArray) return true
  const kind = value[Symbol.toStringTag]
  return kind === 'ArrayBuffer' || kind === 'SharedArrayBuffer'
}

function kindOf(value: object): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1)
}
