import { ProtocolError } from '../errors.ts'
import type { Reply } from '../protocol/reply.ts'

/** Makes the error for a reply that does not fit; `what` describes the reply. */
export function desyncError(server: string, reply: Reply, what: string): ProtocolError {
  const excerpt = reply.type === 'GARBAGE' ? `: ${JSON.stringify(reply.line())}` : ` (${reply.type})`
  return new ProtocolError(`${server} sent ${what}${excerpt}; the connection is out of step`, {
    server,
    delivery: 'unknown',
  })
}

/** Makes the error for bytes that came when no reply was due. */
export function unsolicitedError(server: string, bytes: number): ProtocolError {
  const message = `${server} sent ${bytes} bytes that nobody waits for; the connection is out of step`
  return new ProtocolError(message, { server, delivery: 'unknown' })
}
