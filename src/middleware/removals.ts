import type { Operation } from '../protocol/operation.ts'
import { DELETE, type Request } from '../protocol/request.ts'

/**
 * Returns the command for older clusters when the first one carries out this one, so that their items do not come
 * back: the removal or the mark itself; undefined for anything else.
 */
export function removalFor(request: Request): Request | undefined {
  if (request.command === 'delete') return DELETE
  if (request.command !== 'md') return undefined
  return removes(request) ? DELETE : request
}

/**
 * Whether the command makes what older clusters hold of the client's bookkeeping wrong: a number that moves on must not
 * come back as it was.
 */
export function supersedes({ homeOnly, command }: Operation): boolean {
  return homeOnly && command === 'incr'
}

/** Whether the command depends on the cas number of the first cluster: only what it did remove is removed elsewhere. */
export function comparesCas(request: Request): boolean {
  if (request.command !== 'md' || request.flags.invalidate === true) return false
  return request.flags.compareCas !== undefined || hasFlag(request.flagText, 'C')
}

/** Whether the item is gone afterwards, and not only marked stale. */
export function removes(removal: Request): boolean {
  return removal.command !== 'md' || !(removal.flags.invalidate === true || hasFlag(removal.flagText, 'I'))
}

function hasFlag(flagText: string | undefined, letter: string): boolean {
  return flagText?.includes(` ${letter}`) === true
}
