import type { WatchEvent } from '../../keys/watch-line.ts'
import type { Key } from '../../protocol/key.ts'
import { showKeyText } from '../key-argument.ts'

/** Keys that are counted at a time. Beyond them the rarest half is forgotten. */
const MAX_KEYS = 50_000

/** Reads of a key, as far as they were seen. */
export interface HotKey {
  readonly key: string
  reads: number
  hits: number
  /** Bytes of its value, when it was hit last; undefined before. */
  size: number | undefined
}

/** Reads of keys with one prefix that found nothing. */
export interface MissedPrefix {
  /** `user:*`; `*` for keys without the delimiter. */
  readonly prefix: string
  misses: number
}

/** Read that was counted, so that it can be taken back. */
interface CountedRead {
  readonly counted: HotKey
  readonly isHit: boolean
  readonly missed: MissedPrefix | undefined
}

/**
 * Counts reads by key, and misses by prefix, from the events of the topics `fetchers` and `mutations` of one server. memcached (seen
 * on 1.6.18 to 1.6.45) reports a read of the key in front of every store, on the same connection: it is no read of a client. The
 * reads within `incr`, `touch` and `delete` cannot be told from others.
 */
export class HotKeys {
  readonly #delimiter: string
  readonly #maxKeys: number
  #keys: Map<string, HotKey> = new Map()
  #prefixes: Map<string, MissedPrefix> = new Map()
  /** Last read of each connection, by its descriptor. */
  readonly #last: Map<string, CountedRead> = new Map()
  #reads = 0
  #hits = 0
  #skipped = 0

  /** @param delimiter - Ends the prefix of a key. */
  constructor(delimiter: string, maxKeys: number = MAX_KEYS) {
    this.#delimiter = delimiter
    this.#maxKeys = maxKeys
  }

  /** Reads that were seen. */
  get reads(): number {
    return this.#reads
  }

  /** Reads that were seen and were hits. */
  get hits(): number {
    return this.#hits
  }

  /** Events that the server left out because they were not read fast enough. */
  get skipped(): number {
    return this.#skipped
  }

  /** Keys that were read, in no order. */
  get keys(): HotKey[] {
    return [...this.#keys.values()].filter(({ reads }) => reads > 0)
  }

  /** Prefixes with misses, in no order. */
  get prefixes(): MissedPrefix[] {
    return [...this.#prefixes.values()].filter(({ misses }) => misses > 0)
  }

  /** Counts the reads among some events. */
  add(events: readonly WatchEvent[]): void {
    for (const { type, key, fields } of events) {
      if (type === 'skipped') this.#skipped += Number(fields['count'])
      else if (key !== undefined && type === 'item_get') this.#count(key, fields)
      else if (key !== undefined && type === 'item_store') this.#takeBack(showKeyText(key), fields['cfd'] ?? '')
    }
  }

  #count(key: Key, { status, size, cfd = '' }: WatchEvent['fields']): void {
    const isHit = status === 'found'
    const text = showKeyText(key)
    const counted = this.#keys.get(text) ?? { key: text, reads: 0, hits: 0, size: undefined }
    this.#reads++
    counted.reads++
    if (isHit) {
      this.#hits++
      counted.hits++
      counted.size = Number(size)
    }
    this.#last.set(cfd, { counted, isHit, missed: isHit ? undefined : this.#countMiss(text) })
    if (counted.reads === 1) this.#keys.set(text, counted)
    if (this.#keys.size > this.#maxKeys) this.#keys = halve(this.#keys, ({ reads }) => reads)
  }

  #countMiss(key: string): MissedPrefix {
    const end = key.indexOf(this.#delimiter)
    const prefix = end === -1 ? '*' : `${key.slice(0, end + this.#delimiter.length)}*`
    const missed = this.#prefixes.get(prefix) ?? { prefix, misses: 0 }
    missed.misses++
    if (missed.misses === 1) this.#prefixes.set(prefix, missed)
    if (this.#prefixes.size > this.#maxKeys) this.#prefixes = halve(this.#prefixes, ({ misses }) => misses)
    return missed
  }

  /** Takes back the read that belongs to a store. */
  #takeBack(key: string, cfd: string): void {
    const last = this.#last.get(cfd)
    this.#last.delete(cfd)
    if (last?.counted.key !== key) return
    this.#reads--
    last.counted.reads--
    if (last.isHit) {
      this.#hits--
      last.counted.hits--
    }
    if (last.missed !== undefined) last.missed.misses--
  }
}

/** Keeps the half that was counted most. */
function halve<T>(counted: ReadonlyMap<string, T>, count: (one: T) => number): Map<string, T> {
  const sorted = [...counted].toSorted(([, a], [, b]) => count(b) - count(a))
  return new Map(sorted.slice(0, counted.size >> 1))
}
