import type { ListedKey } from '../../keys/listed-key.ts'
import { showKeyText } from '../key-argument.ts'
import { LogHistogram } from './log-histogram.ts'

/** Most groups that are kept apart; keys of further ones are counted together. */
const MAX_GROUPS = 10_000

/** Name of the group of all keys beyond {@link MAX_GROUPS}. */
const OTHERS = '(others)'

/** Keys with one prefix. */
export interface KeyGroup {
  /** `user:*`; `*` for keys without the delimiter. */
  readonly prefix: string
  items: number
  /** Of whole items, with key and header. */
  bytes: number
  /** Items that were not read since they were stored. */
  unread: number
  /** Items that never expire. */
  immortal: number
  /** Seconds to live of the items that expire. */
  readonly ttl: LogHistogram
  /** Seconds since the last access. */
  readonly idle: LogHistogram
}

/** Groups keys by the text in front of a delimiter. */
export class KeyGroups {
  readonly #delimiter: string
  readonly #depth: number
  readonly #groups: Map<string, KeyGroup> = new Map()

  /** @param depth - How many delimiters the prefix has. */
  constructor(delimiter: string, depth: number) {
    this.#delimiter = delimiter
    this.#depth = depth
  }

  /** Counts a key. */
  add({ key, size, fetched, ttl, lastAccess }: ListedKey): void {
    const group = this.#groupOf(this.#prefixOf(showKeyText(key)))
    group.items++
    group.bytes += size
    if (!fetched) group.unread++
    if (ttl === Number.POSITIVE_INFINITY) group.immortal++
    else group.ttl.add(ttl)
    group.idle.add(lastAccess)
  }

  /** The groups, the one with most bytes first. */
  get sorted(): KeyGroup[] {
    return [...this.#groups.values()].toSorted((a, b) => b.bytes - a.bytes || (a.prefix < b.prefix ? -1 : 1))
  }

  /** All keys as one group. */
  get total(): KeyGroup {
    const total = emptyGroup('ALL')
    for (const { items, bytes, unread, immortal, ttl, idle } of this.#groups.values()) {
      total.items += items
      total.bytes += bytes
      total.unread += unread
      total.immortal += immortal
      total.ttl.addAll(ttl)
      total.idle.addAll(idle)
    }
    return total
  }

  #prefixOf(key: string): string {
    let end = 0
    for (let depth = 0; depth < this.#depth; depth++) {
      const at = key.indexOf(this.#delimiter, end)
      if (at === -1) break
      end = at + this.#delimiter.length
    }
    return `${key.slice(0, end)}*`
  }

  #groupOf(prefix: string): KeyGroup {
    const known = this.#groups.get(prefix)
    if (known !== undefined) return known
    if (this.#groups.size >= MAX_GROUPS && prefix !== OTHERS) return this.#groupOf(OTHERS)
    const group = emptyGroup(prefix)
    this.#groups.set(prefix, group)
    return group
  }
}

function emptyGroup(prefix: string): KeyGroup {
  return { prefix, items: 0, bytes: 0, unread: 0, immortal: 0, ttl: new LogHistogram(), idle: new LogHistogram() }
}
