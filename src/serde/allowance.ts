/** What the parts of a decoded value take up, in bytes: about what V8 allocates for them on 64 bits. */
export const COST = {
  /** One place in a list, on a stack, or in a table. */
  slot: 8,
  list: 48,
  /** A `Map`, and the object that it may become. */
  dict: 256,
  /** A member of either. */
  entry: 64,
  /** Besides its bytes. */
  buffer: 160,
  /** Besides its characters. */
  text: 24,
} as const

/** The memory that decoding one value may take up. Everything that a decoder makes is taken out of it. */
export class Allowance {
  readonly #maxBytes: number
  #left: number

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#left = maxBytes
  }

  /** Takes bytes out, before they are allocated where that can be known; an error where fewer are left. */
  take(bytes: number): void {
    this.#left -= bytes
    if (this.#left >= 0) return
    throw new Error(`the value takes up more than maxBytes (${this.#maxBytes}) when decoded`)
  }
}
