/** First byte of every request of memcached's binary protocol. */
const BINARY_REQUEST = 0x80
/** First byte of a TLS handshake. */
const TLS_HANDSHAKE = 0x16

/**
 * The protocol that a client speaks instead of text, as a warning describes it; `undefined` for text. Both protocols begin
 * with a byte that begins no command. The server would wait for the end of a line, and the client for an answer.
 *
 * @param first - First byte of the connection.
 */
export function foreignProtocolOf(first: number): string | undefined {
  switch (first) {
    case BINARY_REQUEST:
      return 'the binary protocol, which is not served: set the client to the text protocol'
    case TLS_HANDSHAKE:
      return 'TLS to a server without TLS: turn it off in the client, or give the server a certificate and a key'
    default:
      return undefined
  }
}
