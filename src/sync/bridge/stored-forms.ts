import { isBytes } from '../../bytes.ts'
import { type Entries, entriesOf } from '../../client/entries.ts'
import { checkReadable } from '../../client/serialize.ts'
import type { Key } from '../../protocol/key.ts'
import type { Serde, SerializedValue } from '../../serde/serde.ts'
import { unreadable } from '../../unreadable.ts'
import { StoreValue } from './caller-references.ts'

/** Position of the options in commands that store one value. */
const OPTIONS_AT: ReadonlyMap<string, number> = new Map([
  ['set', 2],
  ['sets', 2],
  ['add', 2],
  ['replace', 2],
  ['cas', 3],
])

const EXTENSIONS: ReadonlySet<string> = new Set(['append', 'prepend'])

const BATCHES: ReadonlySet<string> = new Set(['setMany', 'addMany'])

/**
 * Serializes values before the call instead of in the middle of it, if the call will surely store them. A value that
 * the serde refuses is left for the call, which then fails as it should.
 */
export function withStoredForms(name: string, args: readonly unknown[], serde: Serde): readonly unknown[] {
  try {
    return storedForms(name, args, serde)
  } catch (cause) {
    throw unreadable(`the arguments of ${name}`, cause)
  }
}

function storedForms(name: string, args: readonly unknown[], serde: Serde): readonly unknown[] {
  if (EXTENSIONS.has(name)) checkReadable(args[1], args[0] as Key)
  const at = OPTIONS_AT.get(name)
  if (at !== undefined) {
    const [key, value, ...rest] = args
    checkReadable(value, key as Key)
    // MetaClient extends values by `set` too, past the serde.
    if ((args[at] as { readonly mode?: unknown } | null | undefined)?.mode !== undefined) return args
    return [key, storeValue(value, key, serdeOf(args[at], serde)), ...rest]
  }
  if (!BATCHES.has(name)) return args
  const [entries, ...rest] = args
  return [storeEntries(entries, serdeOf(args[1], serde)), ...rest]
}

function serdeOf(options: unknown, serde: Serde): Serde {
  const own = (options as { readonly serde?: Serde } | null | undefined)?.serde
  return typeof own?.serialize === 'function' ? own : serde
}

function storeValue(value: unknown, key: unknown, serde: Serde): StoreValue {
  if (typeof value === 'object' && value !== null && StoreValue.is(value)) return value
  checkReadable(value, key as Key)
  const form = formOf(value, key, serde)
  if (form !== undefined) checkReadable(form.data, key as Key)
  return new StoreValue(value, form)
}

/** Returns the serde's result for a value; undefined if the value cannot be stored. */
function formOf(value: unknown, key: unknown, serde: Serde): SerializedValue | undefined {
  try {
    const form = serde.serialize(value, key as string)
    const isWhole = typeof form.data === 'string' || isBytes(form.data)
    const isNumber = Number.isInteger(form.clientFlags) && form.clientFlags >= 0 && form.clientFlags <= 0xffff_ffff
    return isWhole && isNumber ? form : undefined
  } catch {
    return undefined
  }
}

function storeEntries(entries: unknown, serde: Serde): (readonly [Key, StoreValue])[] {
  return entriesOf(entries as Entries<Key>).map(([key, value]) => [key, storeValue(value, key, serde)])
}
