import { MemcacheError } from '../../errors.ts'
import type { Interpret, Operation } from '../../protocol/operation.ts'
import { deleteUnchanged } from '../../protocol/placeholder.ts'
import { Returned } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import type { Zone } from './zone.ts'
import { zoneOperation } from './zone-command.ts'

/**
 * Gives back the win token of a stale item, which a command to that zone took: the next `getOrSet` of the zone wins it. No
 * call waits for it.
 */
export function releaseWinToken(outer: Operation, zone: Zone, cas: bigint): void {
  const flags = cas === 0n ? { invalidate: true } : { invalidate: true, compareCas: cas }
  send(outer, zone, { command: 'md', label: 'giving the win token back for', flags })
}

/** Removes the placeholder that a command made in a zone, and that is not filled. No call waits for it. */
export function releasePlaceholder(outer: Operation, zone: Zone, cas: bigint): void {
  if (cas !== 0n) send(outer, zone, deleteUnchanged(cas, 'getOrSet'))
}

function send(outer: Operation, zone: Zone, request: Request): void {
  const operation = zoneOperation(outer, zone, request, readNothing)
  operation.deadline = 0
  operation.reject = (reason) => {
    if (reason instanceof MemcacheError) zone.target.options.onError(reason, operation)
  }
  zone.executor.dispatch(operation)
}

/** Reads the reply to a renewal that no call waits for. */
export function renewalReader(outer: Operation, zone: Zone): Interpret {
  return (reply) => {
    if (reply.type === 'HD' && reply.has(Returned.won)) releaseWinToken(outer, zone, reply.cas())
  }
}

function readNothing(): void {}
