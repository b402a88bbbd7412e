import type { ReadOptions } from '../client/call-options.ts'
import type { GetOrSetOptions } from '../client/lease/options.ts'
import { GET_OR_SET_NAMES, type Names } from '../client/option-names.ts'
import { InvalidInputError } from '../errors.ts'
import { showValue } from '../show-value.ts'

/** More tags would make each value large, and each read many. */
const MAX_TAGS = 64

/** Options of `tagged`. */
export interface TaggedOptions {
  /** In front of all keys and tags, after the client's `keyPrefix`. */
  readonly prefix: string
  /**
   * Time that a tag's version is trusted after it was read, in milliseconds: an invalidation by another process may go
   * unseen so long. 0: every read asks for it.
   *
   * @defaultValue `1000`
   */
  readonly refreshMs?: number
}

/** Options of `get` and `getMany`. `timeoutMs` bounds the read of the values; versions of tags take the client's own. */
export interface TaggedReadOptions extends Omit<ReadOptions, 'routingKey' | 'near'> {}

/** Options of `getOrSet`. */
export interface TaggedGetOrSetOptions<T = unknown> extends Omit<GetOrSetOptions<T>, 'lease' | 'routingKey' | 'near'> {
  /** Tags that the value depends on, at most 64 names: after `invalidateTags` of one of them it is a miss. */
  readonly tags: readonly string[]
}

const { lease: _lease, routingKey: _routingKey, near: _near, ...OTHER_NAMES } = GET_OR_SET_NAMES

export const TAGGED_GET_OR_SET_NAMES: Names<TaggedGetOrSetOptions> = { ...OTHER_NAMES, tags: true }

export const TAGGED_READ_NAMES: Names<TaggedReadOptions> = {
  signal: true,
  timeoutMs: true,
  failures: true,
  serde: true,
}

/** Returns the tags of a call, each once. */
export function checkTags(tags: readonly string[]): readonly string[] {
  if (!Array.isArray(tags)) throw new InvalidInputError(`tags must be an array of names, got ${showValue(tags)}`)
  const names = new Set<string>(tags as readonly string[])
  for (const name of names) {
    if (typeof name === 'string' && name !== '' && name.isWellFormed()) continue
    throw new InvalidInputError(`a tag must be text that is not empty, got ${showValue(name)}`)
  }
  if (names.size <= MAX_TAGS) return [...names]
  throw new InvalidInputError(`a value has at most ${MAX_TAGS} tags, got ${names.size}`)
}
