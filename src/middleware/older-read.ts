import { Buffer } from 'node:buffer'
import type { StoreRequest } from '../protocol/classic-request.ts'
import type { MetaGetRequest } from '../protocol/meta/request.ts'
import { type Reply, Returned } from '../protocol/reply.ts'
import { GET, isLineRead, type Request } from '../protocol/request.ts'
import { MAX_RELATIVE_SECONDS } from '../ttl.ts'

/** Marks of a value that is stale, or only being made: such a value is not copied. */
const UNFINISHED = Returned.won | Returned.stale | Returned.alreadyWon

/** Whether a miss of this command is looked up in older clusters. */
export function isRead(request: Request): boolean {
  if (isLineRead(request)) return true
  // Flags that the caller spells himself may make an item where there is none.
  return request.command === 'mg' && (request.flagText === undefined || !/ [NR]/.test(request.flagText))
}

/** Whether the answer is of use with the cas number of the first cluster only. */
export function wantsCas(request: Request): boolean {
  if (request.command === 'mg') return request.flags.cas === true && request.flags.value === true
  return request.command === 'gets' || request.command === 'gats'
}

/** Returns the request for an older cluster: the same, without the flags that make or recache an item there. */
export function plainRead(request: Request): Request {
  if (request.command !== 'mg') return request
  const { vivify, recache, ...flags } = request.flags
  return vivify === undefined && recache === undefined ? request : { ...request, flags }
}

/** As {@link plainRead}, and all that is needed to copy the item. A text server gives no ttl, so nothing is copied. */
export function copyingRead(request: Request): Request {
  const plain = plainRead(request)
  const flags = { value: true, clientFlags: true, cas: true, ttl: true } as const
  if (plain.command === 'mg') return { ...plain, flags: { ...plain.flags, ...flags } }
  const touch = 'exptime' in plain ? { touch: plain.exptime } : {}
  return { command: 'mg', label: plain.command, flags: { ...flags, ...touch }, text: GET } satisfies MetaGetRequest
}

/**
 * Returns the store of a copy in the place of another item, with the time that is left; undefined when it may not be
 * copied: the time is not known or over, or the value is stale or only being made. The caller sets the cas number.
 *
 * @param nowMs - The wall clock, in milliseconds since 1970.
 * @param keepsBytes - `false`: it is only asked whether the item may be copied, and the bytes need not outlive the reply.
 */
export function copyRequest(reply: Reply, nowMs: number, keepsBytes = true): StoreRequest | undefined {
  if (reply.type !== 'VA' || !reply.has(Returned.ttl) || reply.has(UNFINISHED) || reply.ttl === 0) return undefined
  const view = reply.bytes.subarray(reply.start, reply.end)
  return {
    command: 'cas',
    // The read buffer is used again for the next reply.
    data: reply.owned || !keepsBytes ? view : Buffer.from(view),
    bytes: view.length,
    clientFlags: reply.clientFlags,
    exptime: exptimeOf(reply.ttl, nowMs),
    cas: 0n,
  }
}

function exptimeOf(ttl: number, nowMs: number): number {
  if (ttl < 0) return 0
  return ttl <= MAX_RELATIVE_SECONDS ? ttl : Math.floor(nowMs / 1000) + ttl
}
