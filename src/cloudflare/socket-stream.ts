import { Buffer } from 'node:buffer'
import { Duplex } from 'node:stream'
import type { SocketReader, SocketWriter, WorkerSocket } from './worker-socket.ts'

/** Socket of a Worker as a stream of Node's. */
export class SocketStream extends Duplex {
  /** Whether the runtime carries the bytes in TLS. */
  readonly encrypted: boolean
  readonly #socket: WorkerSocket
  readonly #reader: SocketReader
  readonly #writer: SocketWriter

  constructor(socket: WorkerSocket, encrypted: boolean) {
    super({ allowHalfOpen: false })
    this.encrypted = encrypted
    this.#socket = socket
    this.#reader = socket.readable.getReader()
    this.#writer = socket.writable.getWriter()
    // An end without an error is seen by the reader, behind the last bytes.
    socket.closed.catch((error: unknown) => this.destroy(errorOf(error)))
  }

  override _read(): void {
    this.#reader.read().then(
      ({ done, value }) => this.push(done ? null : (value ?? null)),
      (error: unknown) => this.destroy(errorOf(error)),
    )
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    void this.#writeThen(bytes, done)
  }

  async #writeThen(bytes: Buffer, done: (error?: Error) => void): Promise<void> {
    let failure: Error | undefined
    try {
      await this.#writer.write(bytes)
    } catch (error) {
      failure = errorOf(error)
    }
    done(failure)
  }

  /** Sends the writes that came meanwhile as one: each write of a Worker's socket is a call of the runtime. */
  override _writev(writes: readonly { readonly chunk: Buffer }[], done: (error?: Error) => void): void {
    this._write(Buffer.concat(writes.map(({ chunk }) => chunk)), 'latin1', done)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    closeSocket(this.#socket)
    done(error)
  }
}

/** Closes a socket, whatever its state. */
export function closeSocket(socket: WorkerSocket): void {
  try {
    socket.close().catch(() => undefined)
  } catch {
    // A socket of another request may not even be closed.
  }
}

function errorOf(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
