/**
 * Stream of bytes in both directions: the part of a `Duplex` of `node:stream` that the client uses. Sockets of
 * `node:net` and `node:tls` are such streams.
 */
export interface ByteStream {
  /** Bytes that were written and have not left yet. */
  readonly writableLength: number
  /** Whether the stream asked for a pause, which `drain` ends. */
  readonly writableNeedDrain: boolean
  /** Whether the stream was destroyed. */
  readonly destroyed: boolean
  /** Whether the stream may still be read from. */
  readonly readable: boolean
  /** Whether the stream may still be written to. */
  readonly writable: boolean
  /** Whether the stream carries its bytes in TLS, or needs none: it is then never wrapped in TLS. */
  readonly encrypted?: boolean
  /**
   * Writes text in an encoding, or bytes. `onWritten` is called when the bytes have left, or the stream was destroyed.
   */
  write(data: string | Uint8Array, encoding: 'latin1' | 'utf8', onWritten?: () => void): boolean
  /** Holds back later writes, to send them as one. */
  cork(): void
  /** Sends the writes that were held back. */
  uncork(): void
  /** Ends the stream at once. */
  destroy(error?: Error): unknown
  /** Adds a listener for received bytes. */
  on(event: 'data', listener: (bytes: Uint8Array | string) => void): unknown
  /** Adds a listener for the error that ends the stream. */
  on(event: 'error', listener: (error: Error) => void): unknown
  /** Adds a listener for: all bytes have left, the other end has ended, the stream is closed. */
  on(event: 'drain' | 'end' | 'close', listener: () => void): unknown
  /** Lets the stream keep the process alive: called while commands wait. */
  ref?(): unknown
  /** Lets the process exit although the stream is open: called while no commands wait. */
  unref?(): unknown
}

/** Stream, and properties that the stream itself does not have. */
export interface DialedStream {
  /** Stream that carries the bytes. */
  readonly stream: ByteStream
  /**
   * Whether the bytes of the stream are encrypted already, as `encrypted` on the stream itself says.
   *
   * @defaultValue `false`
   */
  readonly secure?: boolean
  /** Lets the stream keep the process alive: called while commands wait, instead of the stream's own method. */
  readonly ref?: () => unknown
  /**
   * Lets the process exit although the stream is open: called while no commands wait, instead of the stream's own
   * method.
   */
  readonly unref?: () => unknown
}
