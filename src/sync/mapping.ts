import { type MemcacheError, ServerError } from '../errors.ts'
import { type Key, quoteKey } from '../protocol/key.ts'

/** A cache as an object: properties are items. A miss is `undefined`; so is `then`, which is not asked for. */
export type MemcacheMapping<T> = Record<string, T | undefined>

/** The commands that a mapping uses. */
export interface MappedCommands {
  get(key: Key): unknown
  set(key: Key, value: unknown): boolean
  delete(key: Key): boolean
  has(key: Key): boolean
}

/** An object whose properties are the items of a cache. */
export function createMapping<T>(commands: MappedCommands): MemcacheMapping<T> {
  return new Proxy<MemcacheMapping<T>>(Object.create(null) as MemcacheMapping<T>, handlerOf(commands))
}

function handlerOf(commands: MappedCommands): ProxyHandler<object> {
  return {
    // Whoever awaits the mapping, or gives it back from an async function, asks for `then`: that is not a read.
    get: (_, key) => (typeof key === 'string' && key !== 'then' ? commands.get(key) : undefined),
    set: (_, key, value) => {
      if (typeof key !== 'string') return false
      if (commands.set(key, value)) return true
      throw notStored(key)
    },
    has: (_, key) => typeof key === 'string' && commands.has(key),
    // True whether it was there or not, as in JavaScript.
    deleteProperty: (_, key) => {
      if (typeof key === 'string') commands.delete(key)
      return true
    },
    ownKeys: () => [],
    getOwnPropertyDescriptor: () => undefined,
    defineProperty: () => false,
    setPrototypeOf: () => false,
  }
}

/** With failures absorbed, `set` says no more than that. */
function notStored(key: string): MemcacheError {
  return new ServerError(`the value for ${quoteKey(key)} was not stored`, { delivery: 'unknown' })
}
