import type { Item } from './item.ts'

/** Items in order of use. A list through the items: bumping one moves four references and allocates nothing. */
export class RecencyList {
  #newest: Item | undefined
  #oldest: Item | undefined

  get newest(): Item | undefined {
    return this.#newest
  }

  /** First item to be evicted. */
  get oldest(): Item | undefined {
    return this.#oldest
  }

  add(item: Item): void {
    item.older = this.#newest
    item.newer = undefined
    if (this.#newest === undefined) this.#oldest = item
    else this.#newest.newer = item
    this.#newest = item
  }

  remove(item: Item): void {
    if (item.newer === undefined) this.#newest = item.older
    else item.newer.older = item.older
    if (item.older === undefined) this.#oldest = item.newer
    else item.older.newer = item.newer
    item.newer = undefined
    item.older = undefined
  }

  bump(item: Item): void {
    if (this.#newest === item) return
    this.remove(item)
    this.add(item)
  }

  clear(): void {
    this.#newest = undefined
    this.#oldest = undefined
  }
}
