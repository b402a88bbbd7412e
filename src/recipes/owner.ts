import { accessOf, type ClientAccess } from '../client/client-access.ts'
import type { CacheClient } from '../client/executor-of.ts'
import type { Namespace } from '../client/namespace/namespace.ts'
import { InvalidInputError } from '../errors.ts'
import { showValue } from '../show-value.ts'

/** A `Memcache` (a `MockMemcache` too), or a namespace of one, whatever its values are. */
export type RecipeOwner = CacheClient | Pick<Namespace, 'delete' | 'has'>

/** Returns the parts of a client or of a namespace. @param recipe - Name of the function, for the message. */
export function recipeAccessOf(recipe: string, owner: RecipeOwner): ClientAccess {
  const access = accessOf(owner)
  if (access !== undefined) return access
  throw new InvalidInputError(`${recipe} takes a Memcache or a namespace of one, got ${showValue(owner)}`)
}

/** Checks the name that a recipe makes keys of. */
export function checkName(recipe: string, what: string, name: unknown): string {
  if (typeof name === 'string' && name !== '') return name
  throw new InvalidInputError(`the ${what} of ${recipe} must be text that is not empty, got ${showValue(name)}`)
}
