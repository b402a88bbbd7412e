const USUAL_DELIMITER = ':'

interface PrefixCounts {
  get: number
  hit: number
  set: number
  del: number
}

/** Counts of `stats detail`: classic commands by the part of the key before the first delimiter. */
export class PrefixStats {
  enabled: boolean
  /** Character that ends the prefix of a key. */
  readonly delimiter: string
  readonly #counts = new Map<string, PrefixCounts>()

  /** @param delimiter - If given, counting begins at once, else when it is turned on. */
  constructor(delimiter?: string) {
    this.enabled = delimiter !== undefined
    this.delimiter = delimiter ?? USUAL_DELIMITER
  }

  recordGet(key: string, hit: boolean): void {
    if (!this.enabled) return
    const counts = this.#countsOf(key)
    if (counts === undefined) return
    counts.get++
    if (hit) counts.hit++
  }

  recordSet(key: string): void {
    if (!this.enabled) return
    const counts = this.#countsOf(key)
    if (counts !== undefined) counts.set++
  }

  recordDelete(key: string): void {
    if (!this.enabled) return
    const counts = this.#countsOf(key)
    if (counts !== undefined) counts.del++
  }

  clear(): void {
    this.#counts.clear()
  }

  /** Returns the lines of `stats detail dump`. */
  dump(): string {
    const lines = Array.from(
      this.#counts,
      ([prefix, { get, hit, set, del }]) => `PREFIX ${prefix} get ${get} hit ${hit} set ${set} del ${del}\r\n`,
    )
    return `${lines.join('')}END\r\n`
  }

  /** Returns the counts of a key's prefix; a key without the delimiter has none. */
  #countsOf(key: string): PrefixCounts | undefined {
    const end = key.indexOf(this.delimiter)
    if (end < 0) return undefined
    const prefix = key.slice(0, end)
    let counts = this.#counts.get(prefix)
    if (counts === undefined) {
      counts = { get: 0, hit: 0, set: 0, del: 0 }
      this.#counts.set(prefix, counts)
    }
    return counts
  }
}
