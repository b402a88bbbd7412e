/**
 * A first-in-first-out queue with access by position, in a circular array that doubles when full. An Array's `shift`
 * costs about three times as much at the depths that pipelining reaches.
 */
export class RingQueue<T> {
  #items: (T | undefined)[] = Array.from({ length: 64 })
  #mask = 63
  #head = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Returns the item at a position counted from the oldest; the position must be filled. */
  at(position: number): T {
    return this.#items[(this.#head + position) & this.#mask] as T
  }

  push(item: T): void {
    if (this.#length > this.#mask) this.#grow()
    this.#items[(this.#head + this.#length) & this.#mask] = item
    this.#length++
  }

  /** Removes and returns the oldest item; the queue must not be empty. */
  shift(): T {
    const item = this.#items[this.#head] as T
    this.#items[this.#head] = undefined
    this.#head = (this.#head + 1) & this.#mask
    this.#length--
    return item
  }

  #grow(): void {
    const items: (T | undefined)[] = Array.from({ length: (this.#mask + 1) * 2 })
    for (let position = 0; position < this.#length; position++) items[position] = this.at(position)
    this.#items = items
    this.#mask = items.length - 1
    this.#head = 0
  }
}
