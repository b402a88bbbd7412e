import type { Key } from '../protocol/key.ts'

/** Result of a schema for a value that was read. */
export type Refined = { readonly isValid: true; readonly value: unknown } | { readonly isValid: false }

/** A schema between the cache and the caller. */
export interface Refine {
  /** Tells one schema from another: what is read through one is no answer for the other. */
  readonly id: number
  /** Checks what was read. An invalid value has been reported. */
  read(value: unknown, key: Key): Refined | Promise<Refined>
  /** Checks what was loaded; throws `InvalidInputError` when it is not valid. */
  loaded(value: unknown, key: Key): unknown
}
