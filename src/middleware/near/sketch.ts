/** Counters of a row: a power of two. */
const COLUMNS = 65_536
const ROWS = 4

/** Misses after which all numbers are halved, so that what was read long ago does not count for ever. */
export const WINDOW: number = 8 * COLUMNS

/** Largest number that a counter holds. */
export const MAX_READS = 255

/**
 * Estimates how often keys were read, in 256 kB for any number of keys (a count-min sketch). An estimate is never too low within
 * a window, and too high where other keys share all counters of a key.
 */
export class Sketch {
  readonly #counters: Uint8Array = new Uint8Array(ROWS * COLUMNS)
  /** The same counters, four at a time. */
  readonly #words: Uint32Array = new Uint32Array(this.#counters.buffer)
  #left = WINDOW

  /** Counts a read of a key, and returns how many reads of it were counted. */
  add(name: string): number {
    const hash = hashOf(name)
    const step = (hash >>> 16) | 1
    let least = MAX_READS
    let column = hash
    for (let row = 0; row < ROWS; row++) {
      const at = row * COLUMNS + (column & (COLUMNS - 1))
      const reads = this.#counters[at]!
      if (reads < MAX_READS) this.#counters[at] = reads + 1
      if (reads < least) least = reads
      column = (column + Math.imul(step, row + 1)) | 0
    }
    return least < MAX_READS ? least + 1 : MAX_READS
  }

  /** Notes that a read has missed. Returns true at the end of each window, when all numbers have been halved. */
  turn(): boolean {
    if (--this.#left > 0) return false
    this.#left = WINDOW
    const words = this.#words
    for (let at = 0; at < words.length; at++) words[at] = (words[at]! >>> 1) & 0x7f7f7f7f
    return true
  }
}

/** Returns 32 bits of a text: FNV-1a by characters, mixed so that all bits depend on all characters. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}
