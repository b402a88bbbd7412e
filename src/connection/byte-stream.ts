/**
 * A stream of bytes in both directions: what the client uses of a `Duplex` of `node:stream`. Sockets of `node:net` and
 * `node:tls` are such streams.
 */
export interface ByteStream {
  /** Bytes that were written and have not left yet. */
  readonly writableLength: number
  /** Whether it asked for a pause, which `drain` ends. */
  readonly writableNeedDrain: boolean
  /** Whether it was destroyed. */
  readonly destroyed: boolean
  /** Whether it may still be read from. */
  readonly readable: boolean
  /** Whether it may still be written to. */
  readonly writable: boolean
  /** Whether it carries its bytes in TLS, or needs none: never wrapped in TLS then. */
  readonly encrypted?: boolean
  /** Writes text in an encoding, or bytes. `onWritten` is called when it has let go of them: they have left, or it was destroyed. */
  write(data: string | Uint8Array, encoding: 'latin1' | 'utf8', onWritten?: () => void): boolean
  /** Holds back what is written from now on, to send it as one. */
  cork(): void
  /** Sends what was held back. */
  uncork(): void
  /** Ends it at once. */
  destroy(error?: Error): unknown
  /** Names what is called with bytes that came. */
  on(event: 'data', listener: (bytes: Uint8Array | string) => void): unknown
  /** Names what is called with the error that ends it. */
  on(event: 'error', listener: (error: Error) => void): unknown
  /** Names what is called when all has left, when the other end has ended, when it is closed. */
  on(event: 'drain' | 'end' | 'close', listener: () => void): unknown
  /** Lets it keep the process alive: called while commands wait. */
  ref?(): unknown
  /** Lets the process exit although it is open: called while none wait. */
  unref?(): unknown
}

/** A stream, and what it does not tell by itself. */
export interface DialedStream {
  /** Carries the bytes. */
  readonly stream: ByteStream
  /**
   * Whether its bytes are encrypted already, as `encrypted` on the stream itself says.
   *
   * @defaultValue `false`
   */
  readonly secure?: boolean
  /** Lets it keep the process alive: called while commands wait, instead of the stream's own. */
  readonly ref?: () => unknown
  /** Lets the process exit although it is open: called while none wait, instead of the stream's own. */
  readonly unref?: () => unknown
}
