import { messageOf } from '../message-of.ts'

/** `…:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/openssl/…`; its last parts may be absent. */
const OPENSSL_ERROR = /\berror:[0-9A-F]+:[^:\n]*:[^:\n]*:([^:\n]+)/i

/** Messages of OpenSSL and the system for bytes that are not TLS. */
const NOT_TLS = /wrong version number|packet length too long|EPROTO/i

/**
 * Returns the reason of a failed or ended connection in one line: OpenSSL's own messages are lines of its source code.
 *
 * @param tls - Whether the connection was about to use TLS.
 */
export function failureReason(error: unknown, tls = false): string {
  const message = messageOf(error)
  const reason = OPENSSL_ERROR.exec(message)?.[1] ?? message.trim().replace(/\s*[\r\n]+\s*/g, ' ')
  if (tls && NOT_TLS.test(reason)) return `the server does not answer in TLS; is that its plain port? (${reason})`
  return reason
}
