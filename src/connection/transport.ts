import { Buffer } from 'node:buffer'
import { throwLater } from '../throw-later.ts'
import type { ByteStream } from './byte-stream.ts'
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

/** What may keep the process alive. */
export type ProcessHold = Pick<ByteStream, 'ref' | 'unref'>

/** What a stream does not tell by itself. */
export interface TransportTraits {
  /** Whether it carries TLS records. */
  readonly encrypted: boolean
  /** Whether it gives what it is written to the kernel at once while it is idle, as sockets of Node's do. */
  readonly writesThrough: boolean
  /** Has the methods `ref` and `unref` that hold for it. */
  readonly hold: ProcessHold
}

/** A stream of bytes to a server, whatever carries it, and the buffer that its bytes are read into. */
export class Transport {
  readonly #stream: ByteStream
  readonly #buffer: ReadBuffer
  #listener: TransportListener | undefined
  #error: Error | undefined
  #closed = false
  /** A write is on its way and the next one would share a TLS record with it. */
  #writing = false
  /** Whether every write must become TLS records of its own: writes that wait for each other are joined by the socket. */
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
    // Node ends half-open sockets by itself; here the first FIN is the end, for nobody would answer any more.
    stream.on('end', () => this.#close())
    stream.on('close', () => this.#close())
    stream.on('drain', () => {
      if (!this.#writing) this.#listener?.drained()
    })
  }

  /** Names who hears about it from now on. A stream that ended before is reported at once. */
  setListener(listener: TransportListener): void {
    this.#listener = listener
    this.#buffer.setReader(listener.receive)
    if (this.#closed) listener.closed(this.#error)
  }

  /** The stream itself, for whatever watches it from outside. */
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
    // What a socket keeps for later must not be a view of bytes that the caller can give away: it would send less of
    // them than was announced. A socket that is idle hands them to the kernel now.
    const own = this.#mayKeep ? chunks.map(ownChunk) : chunks
    if (own.length === 1) return this.#writeChunk(own[0]!, own[0]!.onReleased)
    this.#writeChunks(own)
  }

  /** Whether the stream may keep what it is given, to send it later: it has more to send, or is not a socket of Node's. */
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

function ownChunk(chunk: OutgoingChunk): OutgoingChunk {
  return typeof chunk.data === 'string' ? chunk : { ...chunk, data: Buffer.from(chunk.data) }
}
