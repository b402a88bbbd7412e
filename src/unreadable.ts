import { InvalidInputError, MemcacheError } from './errors.ts'
import { messageOf } from './message-of.ts'

/**
 * The error of input whose getters, iterators or proxies throw while it is read.
 *
 * @param what - As in "the keys", for the message.
 * @param cause - What was thrown; an error of ours is given back as it is.
 */
export function unreadable(what: string, cause: unknown): MemcacheError {
  if (cause instanceof MemcacheError) return cause
  return new InvalidInputError(`${what} cannot be read: ${messageOf(cause)}`, { cause })
}
