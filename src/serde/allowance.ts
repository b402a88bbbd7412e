/** Memory of the parts of a decoded value, in bytes: about the sizes that V8 allocates on 64 bits. */
export const COST = {
  /** One place in a list, on a stack, or in a table. */
  slot: 8,
  list: 48,
  /** A `Map`, and its later object. */
  dict: 256,
  /** A member of either. */
  entry: 64,
  /** Besides its bytes. */
  buffer: 160,
  /** Besides its characters. */
  text: 24,
} as const

/** Memory that decoding one value may use. Every part that a decoder makes is subtracted. */
export class Allowance {
  readonly #maxBytes: number
  #left: number

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#left = maxBytes
  }

  /** Subtracts bytes, before their allocation if the size is known by then; throws if fewer are left. */
  take(bytes: number): void {
    this.#left -= bytes
    if (this.#left >= 0) return
    throw new Error(`the value takes up more than maxBytes (${this.#maxBytes}) when decoded`)
  }
}
