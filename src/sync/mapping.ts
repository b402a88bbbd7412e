import { type MemcacheError, ServerError } from '../errors.ts'
import { type Key, quoteKey } from '../protocol/key.ts'

/** Cache as an object: properties are items. A miss is `undefined`, and so is `then`, which is never read. */
export type MemcacheMapping<T> = Record<string, T | undefined>

/** Commands used by a mapping. */
export interface MappedCommands {
  get(key: Key): unknown
  set(key: Key, value: unknown): boolean
  delete(key: Key): boolean
  has(key: Key): boolean
}

/** Creates an object whose properties are the items of a cache. */
export function createMapping<T>(commands: MappedCommands): MemcacheMapping<T> {
  return new Proxy<MemcacheMapping<T>>(Object.create(null) as MemcacheMapping<T>, handlerOf(commands))
}

function handlerOf(commands: MappedCommands): ProxyHandler<object> {
  return {
    // Awaiting the mapping, or returning it from an async function, reads `then`: that is not a read of an item.
    get: (_, key) => (typeof key === 'string' && key !== 'then' ? commands.get(key) : undefined),
    set: (_, key, value) => {
      if (typeof key !== 'string') return false
      if (commands.set(key, value)) return true
      throw notStored(key)
    },
    has: (_, key) => typeof key === 'string' && commands.has(key),
    // True whether the item existed or not, as in JavaScript.
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

/** Makes the error of an item that was not stored: with failures absorbed, `set` reports no more than that. */
function notStored(key: string): MemcacheError {
  return new ServerError(`the value for ${quoteKey(key)} was not stored`, { delivery: 'unknown' })
}
