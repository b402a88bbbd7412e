import { UNKNOWN_COMMAND } from './replies.ts'

/** First byte of every request of memcached's binary protocol. */
const BINARY_REQUEST = 0x80
/** First byte of a TLS handshake. */
const TLS_HANDSHAKE = 0x16

/** Protocol other than text. */
export interface ForeignProtocol {
  /** Description of the protocol in a warning. */
  readonly description: string
  /** Text sent before the connection is closed. */
  readonly answer: string
}

const BINARY: ForeignProtocol = {
  description: 'the binary protocol, which is not served: set the client to the text protocol',
  answer: '',
}

const TLS: ForeignProtocol = {
  description: 'TLS to a server without TLS: turn it off in the client, or give the server a certificate and a key',
  // From any text, a TLS library sees, and reports, that the server does not speak TLS.
  answer: UNKNOWN_COMMAND,
}

/**
 * Returns the protocol of a client that does not speak text; `undefined` for text. Each of them begins with a byte that
 * begins no command. The server would wait for the end of a line, and the client for an answer.
 *
 * @param first - First byte of the connection.
 */
export function foreignProtocolOf(first: number): ForeignProtocol | undefined {
  switch (first) {
    case BINARY_REQUEST:
      return BINARY
    case TLS_HANDSHAKE:
      return TLS
    default:
      return undefined
  }
}
