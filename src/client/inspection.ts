import { MANIFEST_FLAGS } from '../protocol/manifest.ts'
import type { Interpret, Operation } from '../protocol/operation.ts'
import { isMetaPlaceholder, PLACEHOLDER_FLAGS } from '../protocol/placeholder.ts'
import { type Reply, Returned } from '../protocol/reply.ts'
import { GET, type Request } from '../protocol/request.ts'
import { type LargeValues, manifestError } from './large-values.ts'
import type { ReleaseWinToken } from './placeholder.ts'

/** Result of `inspect` for an item. */
export interface Inspection {
  /** Seconds left; `Infinity` = never expires. */
  readonly ttl: number
  /** Seconds since the last access. */
  readonly lastAccess: number
  /** Whether it was read before. */
  readonly hitBefore: boolean
  /** Length of the value as stored, in bytes; with the option `chunks`, of all its chunks. */
  readonly size: number
  /** 0n: this server keeps no cas numbers (`memcached -C`). */
  readonly cas: bigint
  /** The number stored beside the value, by which serdes know how to read. */
  readonly clientFlags: number
}

/** Asks whether an item is there; in text mode by reading it, value discarded. */
export const HAS: Request = Object.freeze({
  command: 'mg',
  label: 'has',
  flags: { clientFlags: true, cas: true, size: true },
  text: GET,
} as const)

/** Asks for all that the server knows, without disturbing the LRU. */
export const INSPECT: Request = Object.freeze({
  command: 'mg',
  label: 'inspect',
  flags: { noLruBump: true, clientFlags: true, cas: true, ttl: true, lastAccess: true, hitBefore: true, size: true },
} as const)

/** Whether there is a value: a placeholder or a tombstone is none. */
export function hasReader(releaseWinToken: ReleaseWinToken): Interpret {
  const read: Interpret = (reply, operation) => {
    if (reply.outcome !== 'hit') return false
    const isPlaceholder =
      reply.type === 'VALUE' ? reply.clientFlags === PLACEHOLDER_FLAGS : isMetaPlaceholder(reply, reply.valueSize)
    if (isPlaceholder) operation.outcome = 'miss'
    return reply.type === 'VALUE' ? !isPlaceholder : withTokenBack(reply, operation, releaseWinToken, !isPlaceholder)
  }
  // The value that a text server sends is not kept.
  return Object.assign(read, { borrows: () => true })
}

/**
 * Whether there was an item to renew: a placeholder or a tombstone is none. In text mode the server says `TOUCHED` of a
 * placeholder too.
 */
export function touchReader(releaseWinToken: ReleaseWinToken, large: LargeValues | undefined): Interpret {
  return (reply, operation) => {
    if (reply.outcome !== 'touched') return false
    if (reply.type !== 'HD') return large === undefined || renewChunks(large, operation)
    const isPlaceholder = isMetaPlaceholder(reply, reply.valueSize)
    if (isPlaceholder) operation.outcome = 'notFound'
    const result = withTokenBack(reply, operation, releaseWinToken, !isPlaceholder)
    if (reply.clientFlags !== MANIFEST_FLAGS) return result
    if (large === undefined) throw manifestError(operation)
    return Promise.all([renewChunks(large, operation), result]).then(([isRenewed]) => isRenewed)
  }
}

/** Renews the chunks of a value that has any. If one is lost, there is no value. */
async function renewChunks(large: LargeValues, operation: Operation): Promise<boolean> {
  const isRenewed = await large.renew(operation)
  if (!isRenewed) operation.outcome = 'notFound'
  return isRenewed
}

/** The metadata; a miss, a placeholder or a tombstone is `undefined`. */
export function inspectionReader(releaseWinToken: ReleaseWinToken, large: LargeValues | undefined): Interpret {
  return (reply, operation) => {
    if (reply.outcome !== 'hit') return undefined
    const inspection = isMetaPlaceholder(reply, reply.valueSize) ? undefined : inspectionOf(reply)
    if (inspection === undefined) operation.outcome = 'miss'
    const result = withTokenBack(reply, operation, releaseWinToken, inspection)
    if (large === undefined || inspection?.clientFlags !== MANIFEST_FLAGS) return result
    return Promise.all([large.measure(operation), result]).then(([size = inspection.size]) => ({ ...inspection, size }))
  }
}

/** The result, once the win token of a stale item, if the reply took it, is back. */
function withTokenBack<T>(
  reply: Reply,
  operation: Operation,
  releaseWinToken: ReleaseWinToken,
  result: T,
): T | Promise<T> {
  return reply.has(Returned.won) ? releaseWinToken(operation, reply.cas()).then(() => result) : result
}

function inspectionOf(reply: Reply): Inspection {
  return {
    ttl: reply.ttl === -1 ? Number.POSITIVE_INFINITY : reply.ttl,
    lastAccess: reply.lastAccess,
    hitBefore: reply.hitBefore,
    size: reply.valueSize,
    cas: reply.cas(),
    clientFlags: reply.clientFlags,
  }
}
