import { PLACEHOLDER_FLAGS } from './placeholder.ts'
import type { Request } from './request.ts'

/**
 * Whether a command that is not idempotent may be repeated after an error line has answered it. The error of a proxy
 * ("SERVER_ERROR backend failure") is no proof that the server behind it did nothing, so no write may be: the second
 * answer would be wrong, or the write carried out twice.
 *
 * What elects the caller that loads a value may be: the error line carried no win token. Behind a proxy the server may
 * have elected it none the less, and its answer is lost. The caller then waits for the lease to end, as if the process
 * that won it had died.
 */
export function mayFollowErrorLine(request: Request): boolean {
  if (request.command === 'mg') return true
  return request.command === 'add' && request.bytes === 0 && request.clientFlags === PLACEHOLDER_FLAGS
}
