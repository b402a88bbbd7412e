import { InvalidInputError } from '../../errors.ts'
import { showValue } from '../../show-value.ts'
import type { Ttl } from '../../ttl.ts'
import type { SchemaInput, SchemaOutput, StandardSchema } from '../standard-schema.ts'
import type { Namespace } from './namespace.ts'

/** Options of a namespace. */
export interface NamespaceOptions<T = unknown> {
  /** Time to live of what is stored here without a `ttl` of its own. Without it, the client's `defaultTtl`. */
  readonly ttl?: Ttl
  /**
   * Schema that checks each value that is read, and gives the result its type: one of zod, valibot, arktype, or another
   * library with the Standard Schema interface. A value that does not fit reads as a miss, and is an `invalidValue` event;
   * `getOrSet` loads it anew. Stored values are not checked, except what a loader gives.
   */
  readonly schema?: StandardSchema<unknown, T>
}

/** With generations, a namespace can be cleared. */
export interface GenerationOptions {
  /**
   * Every key carries a generation number, an item of its own (`<prefix>generation`), so that `clear()` is one command.
   * Other processes see a clear within `refreshMs` (default 1000): so long a number that was read is trusted. While the
   * item's server is out, the last number known is used; without one the calls of the namespace fail.
   */
  readonly generations: true | { readonly refreshMs?: number }
}

/** Methods that only a namespace with generations has. */
export interface Clearable {
  /**
   * Empties the namespace, whatever its size, with one command: what was stored is out of reach, and the server drops it
   * in its own time. Other processes see it within their `refreshMs`. Fails while the server of the generation is out:
   * nothing stands in for it.
   */
  clear(): Promise<void>
  /**
   * A namespace within this one: its keys carry the generations of both, so that the `clear` of each of them empties it. Both
   * are read together. Its generation is an item of its own (`<prefix>generation:<inner prefix>`). `ttl` and `refreshMs` are
   * those of this namespace, unless they are given.
   */
  namespace<S extends StandardSchema>(
    prefix: string,
    options: InnerNamespaceOptions<SchemaOutput<S>> & { readonly schema: S },
  ): Namespace<SchemaOutput<S>, SchemaInput<S>> & Clearable
  namespace<T = unknown>(prefix: string, options?: InnerNamespaceOptions<T>): Namespace<T> & Clearable
}

/** Options of a namespace within one that has generations: it has them too. */
export interface InnerNamespaceOptions<T = unknown> extends NamespaceOptions<T>, Partial<GenerationOptions> {}

/** The time for which a generation is trusted; undefined: the namespace has none. */
export function resolveGenerations(generations: GenerationOptions['generations'] | undefined): number | undefined {
  if (generations === undefined) return undefined
  if (generations === true) return 1000
  const refreshMs: unknown = generations?.refreshMs ?? 1000
  if (typeof generations === 'object' && typeof refreshMs === 'number' && refreshMs >= 0) return refreshMs
  throw new InvalidInputError(`generations must be true, or { refreshMs: 0 or more }, got ${showValue(generations)}`)
}

/** Checks a prefix: text; with generations not empty, since the generation's own item needs a name. */
export function checkPrefix(prefix: string, withGenerations: boolean): string {
  if (typeof prefix !== 'string') throw new InvalidInputError(`a namespace's prefix is text, got ${showValue(prefix)}`)
  if (withGenerations && prefix === '') throw new InvalidInputError('a namespace with generations needs a prefix')
  return prefix
}
