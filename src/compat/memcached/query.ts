import { Buffer } from 'node:buffer'
import { needNodeModule } from '../../node-modules.ts'
import type { MemcachedAny, MemcachedArgumentType } from './api.ts'

/** A callback of any call. */
export type AnyCallback = (this: MemcachedAny, ...args: MemcachedAny[]) => unknown

/** A command before and while it is carried out: `this` of its callback, with the fields that the package gives it. */
export interface Query {
  start?: number
  execution?: number
  readonly key?: string
  readonly callback: AnyCallback | undefined
  readonly lifetime?: number
  readonly value?: unknown
  readonly cas?: string | undefined
  readonly number?: number
  readonly slabid?: number
  readonly validate: readonly ArgumentRule[]
  readonly type: string
  readonly redundancyEnabled?: boolean
  command: string
}

/** Name of an argument, and its type. */
export type ArgumentRule = readonly [name: keyof Query, type: MemcachedArgumentType]

/** Settings of a client about keys. */
export interface KeySettings {
  readonly maxKeySize: number
  readonly keyCompression: boolean
}

const KEY: ArgumentRule = ['key', String]
const VALUE: ArgumentRule = ['value', String]
const LIFETIME: ArgumentRule = ['lifetime', Number]
const CALLBACK: ArgumentRule = ['callback', Function]

/** The arguments of the commands. */
export const KEY_RULES: readonly ArgumentRule[] = [KEY, CALLBACK]
export const STORE_RULES: readonly ArgumentRule[] = [KEY, VALUE, LIFETIME, CALLBACK]
export const TOUCH_RULES: readonly ArgumentRule[] = [KEY, LIFETIME, CALLBACK]
export const COUNT_RULES: readonly ArgumentRule[] = [KEY, ['value', Number], CALLBACK]
export const DUMP_RULES: readonly ArgumentRule[] = [['number', Number], ['slabid', Number], CALLBACK]

/** Longest key that servers take, in bytes. */
const MAX_KEY_BYTES = 250

/** Returns what is wrong with the arguments; of several, the last, as the package says it. */
export function problemOf(query: Query, settings: KeySettings): string | undefined {
  let problem: string | undefined
  for (const [name, type] of query.validate) {
    if (!isOfType(query[name], type, name)) problem = `Argument "${name}" is not a valid ${type.name}.`
    else if (name === 'key' && problem === undefined) problem = keyProblem(String(query.key), settings)
  }
  return problem
}

/** A call without a callback is carried out all the same; the package drops it. */
function isOfType(value: unknown, type: MemcachedArgumentType, name: keyof Query): boolean {
  if (name === 'callback') return value === undefined || value === null || typeof value === 'function'
  if (name === 'lifetime' && !Number.isFinite(Number(value))) return false
  return Object.prototype.toString.call(value) === `[object ${type.name}]`
}

/** Returns what is wrong with a key, namespace included. */
export function keyProblem(key: string, { maxKeySize, keyCompression }: KeySettings): string | undefined {
  if (key.length > maxKeySize) {
    return keyCompression ? undefined : `Argument "key" is longer than the maximum allowed length of ${maxKeySize}`
  }
  return /\s/.test(key) ? 'The key should not contain any whitespace or new lines' : undefined
}

/** Returns the key that goes to the server: a long one is replaced by its md5. */
export function wireKey(key: string, { maxKeySize, keyCompression }: KeySettings): string {
  const isLong = key.length > maxKeySize || (key.length * 3 > MAX_KEY_BYTES && Buffer.byteLength(key) > MAX_KEY_BYTES)
  if (!isLong || !keyCompression) return key
  return needNodeModule('node:crypto').createHash('md5').update(key).digest('hex')
}
