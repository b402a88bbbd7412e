import { Buffer } from 'node:buffer'
import { throwLater } from '../throw-later.ts'
import type { ByteStream } from './byte-stream.ts'
import type { OutgoingChunk } from './outgoing-batch.ts'
import type { ReadBuffer, Reader } from './read-buffer.ts'

/** Listener of a transport. */
export interface TransportListener {
  readonly receive: Reader
  /** Called when all written bytes have left for the kernel. */
  drained(): void
  /** Called when the stream ended, by itself or by an error; once, and not after `destroy`. */
  closed(error: Error | undefined): void
}

/** Methods that keep the process alive, or stop doing so. */
export type ProcessHold = Pick<ByteStream, 'ref' | 'unref'>

/** Properties that a stream itself does not have. */
export interface TransportTraits {
  /** Whether the stream carries TLS records. */
  readonly encrypted: boolean
  /** Whether an idle stream passes its writes to the kernel at once, as sockets of Node's do. */
  readonly writesThrough: boolean
  /** Object with the `ref` and `unref` methods of the stream. */
  readonly hold: ProcessHold
}

/** Stream of bytes to a server, whatever carries it, and the buffer that its bytes are read into. */
export class Transport {
  readonly #stream: ByteStream
  readonly #buffer: ReadBuffer
  #listener: TransportListener | undefined
  #error: Error | undefined
  #closed = false
  /** Whether a write is pending and the next one would share a TLS record with it. */
  #writing = false
  /** Whether every write must become TLS records of its own: the socket joins writes that wait for each other. */
  readonly keepsRecords: boolean
  readonly #writesThrough: boolean
  readonly #hold: ProcessHold

  constructor(stream: ByteStream, buffer: ReadBuffer, { encrypted, writesThrough, hold }: TransportTraits) {
    this.#stream = stream
    this.#buffer = buffer
    this.keepsRecords = encrypted
    this.#writesThrough = writesThrough
    this.#hold = hold
    stream.on('error', (error: Error) => {
      this.#error ??= error
      this.#close()
    })
    // Node ends half-open sockets by itself; here the first FIN is the end, because the server would not answer any
    // more.
    stream.on('end', () => this.#close())
    stream.on('close', () => this.#close())
    stream.on('drain', () => {
      if (!this.#writing) this.#listener?.drained()
    })
  }

  /** Sets the listener from now on. A stream that ended before is reported at once. */
  setListener(listener: TransportListener): void {
    this.#listener = listener
    this.#buffer.setReader(listener.receive)
    if (this.#closed) listener.closed(this.#error)
  }

  /** The stream itself, for code that watches it from outside. */
  get stream(): ByteStream {
    return this.#stream
  }

  /** Whether the socket asked for a pause; `drained` ends it. */
  get congested(): boolean {
    return this.#writing || this.#stream.writableNeedDrain
  }

  /** Writes all of it in as few system calls as the pieces allow. */
  write(chunks: readonly OutgoingChunk[]): void {
    if (this.keepsRecords) return this.#writeRecords(chunks)
    // Bytes that a socket keeps for later must not be a view that the caller can detach: the socket would send fewer
    // bytes than announced. An idle socket passes them to the kernel now.
    const own = this.#mayKeep ? chunks.map(ownChunk) : chunks
    if (own.length === 1) return this.#writeChunk(own[0]!, own[0]!.onReleased)
    this.#writeChunks(own)
  }

  /**
   * Whether the stream may keep written bytes to send them later: it has more to send, or is not a socket of Node's.
   */
  get #mayKeep(): boolean {
    return this.#stream.writableLength > 0 || !this.#writesThrough
  }

  #writeRecords(chunks: readonly OutgoingChunk[]): void {
    this.#writing = true
    const last = chunks.at(-1)!
    const { data, encoding, onReleased } = last
    const onWritten = (): void => {
      this.#writing = false
      onReleased?.()
      this.#listener?.drained()
    }
    this.#writeChunks([...chunks.slice(0, -1), { data, encoding, onReleased: onWritten }])
  }

  #writeChunks(chunks: readonly OutgoingChunk[]): void {
    this.#stream.cork()
    for (const chunk of chunks) this.#writeChunk(chunk, chunk.onReleased)
    this.#stream.uncork()
  }

  #writeChunk(chunk: OutgoingChunk, onReleased: (() => void) | undefined): void {
    if (onReleased === undefined) this.#stream.write(chunk.data, chunk.encoding)
    else this.#stream.write(chunk.data, chunk.encoding, onReleased)
  }

  /** Lets the process exit although this stream is open. */
  unref(): void {
    try {
      this.#hold.unref?.()
    } catch (error) {
      throwLater(error)
    }
  }

  /** Keeps the process alive while this stream is open. */
  ref(): void {
    try {
      this.#hold.ref?.()
    } catch (error) {
      throwLater(error)
    }
  }

  /** Ends the stream at once. Once this returns, the socket reads no byte of any body. */
  destroy(): void {
    this.#detach()
    this.#stream.destroy()
  }

  #detach(): void {
    this.#closed = true
    this.#listener = undefined
    this.#buffer.setReader(undefined)
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    const listener = this.#listener
    this.#stream.destroy()
    listener?.closed(this.#error)
  }
}

function ownChunk(chunk: OutgoingChunk): OutgoingChunk {
  return typeof chunk.data === 'string' ? chunk : { ...chunk, data: Buffer.from(chunk.data) }
}
