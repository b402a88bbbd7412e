import type { ReadRequest, StoreRequest } from '../../protocol/classic-request.ts'
import { deleteUnchanged, PLACEHOLDER_FLAGS } from '../../protocol/placeholder.ts'
import { DELETE, type Request } from '../../protocol/request.ts'
import type { ResolvedLease } from './options.ts'

/**
 * Reads and elects in one. Options that need the time left (`refreshAhead`, `staleOnError`) have no text form.
 *
 * @param text - Reads where text is spoken.
 */
export function lookRequest(
  { kind, leaseTtl, refreshAhead, staleOnError, fresh }: ResolvedLease,
  text: ReadRequest,
): Request {
  const recache = refreshAhead + staleOnError
  const flags = {
    value: true,
    clientFlags: true,
    cas: true,
    ttl: true,
    recache: recache === 0 ? undefined : recache,
    vivify: kind === 'inline' ? leaseTtl : undefined,
  }
  if (recache === 0) return { command: 'mg', label: 'getOrSet', flags, text, isLook: true, fresh }
  const label = `getOrSet with ${refreshAhead > 0 ? 'refreshAhead' : 'staleOnError'}`
  return { command: 'mg', label, flags, isLook: true, fresh }
}

/**
 * Elects by a placeholder: the first to store one wins.
 *
 * @param cas - Of the item that it replaces; 0n: it is added where there is none.
 */
export function placeholderRequest({ leaseTtl }: ResolvedLease, cas = 0n): StoreRequest {
  return {
    command: cas === 0n ? 'add' : 'cas',
    data: '',
    bytes: 0,
    clientFlags: PLACEHOLDER_FLAGS,
    exptime: leaseTtl,
    cas,
    preparing: undefined,
  }
}

/** Removes what holds the place. */
export function removeRequest(cas: bigint): Request {
  return cas === 0n ? DELETE : deleteUnchanged(cas, 'getOrSet')
}

/** The item keeps its time: `I` without `T` does not change it (seen on memcached 1.6.18 and 1.6.45). */
export function rearmRequest(cas: bigint): Request {
  const flags = cas === 0n ? { invalidate: true } : { invalidate: true, compareCas: cas }
  return { command: 'md', label: 'giving the win token back for', flags }
}
