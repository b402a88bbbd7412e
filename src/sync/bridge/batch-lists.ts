import { checkKeys, type Entries, entriesOf } from '../../client/entries.ts'
import type { Key } from '../../protocol/key.ts'

const LISTS_OF_KEYS: ReadonlySet<string> = new Set(['getMany', 'getsMany', 'deleteMany', 'incrMany', 'getOrSetMany'])
const LISTS_OF_ENTRIES: ReadonlySet<string> = new Set(['setMany', 'addMany'])

/**
 * Reads the keys or entries of a batch, of the client and of namespaces, before they cross: in the worker a promise or
 * a `WeakMap` would be the plain object that holds its methods. An iterable that can be read only once is read once.
 */
export function withLists(name: string, args: readonly unknown[]): readonly unknown[] {
  const [list, ...rest] = args
  if (LISTS_OF_KEYS.has(name)) return [checkKeys(list as Iterable<Key>), ...rest]
  if (LISTS_OF_ENTRIES.has(name)) return [entriesOf(list as Entries<Key>), ...rest]
  return args
}
