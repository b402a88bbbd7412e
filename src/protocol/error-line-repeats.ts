import { PLACEHOLDER_FLAGS } from './placeholder.ts'
import type { Request } from './request.ts'

/**
 * Checks whether a command that is not idempotent may be repeated after an error line has answered it. The error of a
 * proxy ("SERVER_ERROR backend failure") does not prove that its backend did nothing, so no write may be: the second
 * answer would be wrong, or the write carried out twice.
 *
 * Commands that elect the loading caller may be repeated: the error line carried no win token. Behind a proxy the
 * server may have elected the caller none the less, with the answer lost. The caller then waits for the lease to end,
 * as after the death of a process that won it.
 */
export function mayFollowErrorLine(request: Request): boolean {
  if (request.command === 'mg') return true
  return request.command === 'add' && request.bytes === 0 && request.clientFlags === PLACEHOLDER_FLAGS
}
