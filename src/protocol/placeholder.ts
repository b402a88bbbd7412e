import { type Reply, Returned } from './reply.ts'
import type { Request } from './request.ts'

/**
 * Client flags of the item that holds a key's place in text mode while its value is being loaded, and in either
 * protocol while it is being copied from another cluster: the letters `ml`, `k` and a 1. A promise of the data format.
 */
export const PLACEHOLDER_FLAGS = 0x6d6c6b01

/**
 * Checks whether an empty item in a meta reply is a placeholder: `Z`, the token is out, or `W`, a dropped value whose
 * token this very reply took (seen on memcached 1.6.18 and 1.6.45).
 */
export function isMetaPlaceholder(reply: Reply, size: number): boolean {
  return (
    size === 0 &&
    (reply.clientFlags === PLACEHOLDER_FLAGS || (reply.returned & (Returned.won | Returned.alreadyWon)) !== 0)
  )
}

/** Exptime in January 1970: an item stored with it is gone at once. Not -1, on which twemproxy closes. */
const GONE_AT_ONCE = 2_592_001

/**
 * Returns a request that deletes the item if it still has this cas number. In text mode an empty value that has expired
 * already replaces it (seen on memcached 1.6.18 and 1.6.45).
 *
 * @param label - Name of the command in messages.
 */
export function deleteUnchanged(cas: bigint, label: string): Request {
  const text = {
    command: 'cas',
    data: '',
    bytes: 0,
    clientFlags: 0,
    exptime: GONE_AT_ONCE,
    cas,
    preparing: undefined,
  } as const
  return { command: 'md', label, flags: { compareCas: cas }, text }
}
