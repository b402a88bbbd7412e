import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { OutgoingChunk } from './outgoing-batch.ts'
import type { ReadBuffer, Reader } from './read-buffer.ts'

/** Who hears about a transport. */
export interface TransportListener {
  readonly receive: Reader
  /** Everything handed to the socket has left for the kernel. */
  drained(): void
  /** The stream ended, by itself or by an error. Called once, and not after `destroy`. */
  closed(error: Error | undefined): void
}

/** A stream of bytes to a server, whatever carries it, and the buffer that its bytes are read into. */
export class Transport {
  readonly #stream: Duplex
  readonly #buffer: ReadBuffer
  #listener: TransportListener | undefined
  #error: Error | undefined
  #closed = false

  constructor(stream: Duplex, buffer: ReadBuffer) {
    this.#stream = stream
    this.#buffer = buffer
    stream.on('error', (error: Error) => {
      this.#error ??= error
      this.#close()
    })
    // Node ends half-open sockets by itself; here the first FIN is the end, for nobody would answer any more.
    stream.on('end', () => this.#close())
    stream.on('close', () => this.#close())
    stream.on('drain', () => this.#listener?.drained())
  }

  /** Names who hears about it from now on. A stream that ended before is reported at once. */
  setListener(listener: TransportListener): void {
    this.#listener = listener
    this.#buffer.setReader(listener.receive)
    if (this.#closed) listener.closed(this.#error)
  }

  /** Bytes that the socket has taken and the kernel has not. */
  get backlog(): number {
    return this.#stream.writableLength
  }

  /** Whether the socket asked for a pause; `drained` ends it. */
  get congested(): boolean {
    return this.#stream.writableNeedDrain
  }

  /** Writes all of it in as few system calls as the pieces allow. */
  write(chunks: readonly OutgoingChunk[]): void {
    if (chunks.length === 1) return this.#writeChunk(chunks[0]!)
    this.#stream.cork()
    for (const chunk of chunks) this.#writeChunk(chunk)
    this.#stream.uncork()
  }

  #writeChunk(chunk: OutgoingChunk): void {
    if (chunk.onReleased === undefined) this.#stream.write(chunk.data, chunk.encoding)
    else this.#stream.write(chunk.data, chunk.encoding, chunk.onReleased)
  }

  /** Lets the process exit although this stream is open. */
  unref(): void {
    if (this.#stream instanceof Socket) this.#stream.unref()
  }

  /** Keeps the process alive while this stream is open. */
  ref(): void {
    if (this.#stream instanceof Socket) this.#stream.ref()
  }

  /** Says goodbye: what was written leaves, then FIN. */
  end(): void {
    this.#detach()
    // A server that never reads must not hold us: nobody waits for anything here.
    this.#stream.end(() => this.#stream.destroy())
    this.unref()
  }

  /** Ends it at once. After this returns the socket reads no byte of any body that it was given. */
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
