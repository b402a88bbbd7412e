/** The parts of `cloudflare:sockets` that the dialer uses. */

/** Opens a TCP connection. */
export type SocketConnect = (address: SocketAddress, options: SocketOptions) => WorkerSocket

/** Address of a connection; an IPv6 address has brackets. */
export interface SocketAddress {
  readonly hostname: string
  readonly port: number
}

/** Options of a connection. */
export interface SocketOptions {
  /** `on` is TLS from the start; `starttls` is plain TCP until `startTls` is called. */
  readonly secureTransport: 'off' | 'on' | 'starttls'
  readonly allowHalfOpen: false
}

/** TCP socket of a Worker. */
export interface WorkerSocket {
  readonly readable: { getReader(): SocketReader }
  readonly writable: { getWriter(): SocketWriter }
  /** Resolves when the connection is open, its TLS handshake included where TLS is on from the start. */
  readonly opened: Promise<unknown>
  /** Settles when the connection is closed: rejects if by an error. */
  readonly closed: Promise<unknown>
  close(): Promise<unknown>
  /** Returns a socket that continues the connection in TLS, for the name that the certificate must have. */
  startTls(options: { readonly expectedServerHostname: string }): WorkerSocket
}

/** Reader of a socket's bytes. */
export interface SocketReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>
}

/** Writer of a socket's bytes. */
export interface SocketWriter {
  /** Resolves when the runtime has taken the bytes. */
  write(bytes: Uint8Array): Promise<void>
}
