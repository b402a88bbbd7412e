import {
  ClientError,
  type ErrorSubject,
  type MemcacheError,
  ServerError,
  UnknownCommandError,
  ValueTooLargeError,
} from '../errors.ts'
import type { Operation } from './operation.ts'
import type { Reply } from './reply.ts'

/** Longest part of a server's line shown in messages, in characters. */
const MAX_TEXT = 200

/** Checks whether the reply is one of the protocol's three error lines. */
export function isErrorReply(reply: Reply): boolean {
  return reply.type === 'ERROR' || reply.type === 'CLIENT_ERROR' || reply.type === 'SERVER_ERROR'
}

/**
 * Returns the error that an error line means for a command.
 *
 * @param about - Names the command in the message.
 * @param subject - Command and key of the error; none if it may be about another command.
 */
export function serverReplyError(reply: Reply, about: string, server: string, subject?: ErrorSubject): MemcacheError {
  const text = reply.line().slice(0, MAX_TEXT)
  const details = { server, delivery: 'answered', ...subject } as const
  if (reply.type === 'ERROR') return new UnknownCommandError(`${about}: ${server} answered ${text}`, details)
  if (reply.type === 'CLIENT_ERROR') return new ClientError(`${about}: ${server} answered ${text}`, details)
  if (/object too large/.test(text)) {
    // memcached deletes the old value of the key before it refuses a classic `set` or a meta command, and not before it
    // refuses `add`, `replace`, `append` or `prepend` (every version seen, 1.6.9 to 1.6.45).
    const message = `${about}: too large for ${server} (${text}); a set that is refused has deleted the old value. memlane/chunks stores larger values`
    return new ValueTooLargeError(message, details)
  }
  return new ServerError(`${about}: ${server} answered ${text}`, details)
}

/**
 * Checks whether the connection is still in step after an error line (protocol.txt, "Error strings", and real servers):
 * SERVER_ERROR always; the others unless a data block may now be taken for commands, or a classic read's framing
 * differs between versions.
 *
 * @param skipsRefusedBlock - Whether the server skips the data block of a refused store.
 */
export function staysInStep(reply: Reply, operation: Operation, skipsRefusedBlock: boolean): boolean {
  if (reply.type === 'SERVER_ERROR') return true
  if (reply.line().startsWith('CLIENT_ERROR bad data chunk')) return false
  if (operation.inLine) return false
  switch (operation.command) {
    case 'set':
    case 'add':
    case 'replace':
    case 'append':
    case 'prepend':
    case 'cas':
    case 'ms':
      // A server that knows `ms` skips the block after a refused line; ERROR means that it does not know `ms`.
      return skipsRefusedBlock && reply.type === 'CLIENT_ERROR'
    case 'get':
    case 'gets':
    case 'gat':
    case 'gats':
    case 'mg':
    case 'md':
    case 'ma':
    case 'me':
    case 'delete':
    case 'incr':
    case 'decr':
    case 'touch':
    case 'version':
    case 'noop':
      return true
  }
}
