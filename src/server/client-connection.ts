import type { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import type { Engine } from './engine.ts'
import type { Account } from './login.ts'
import { Session } from './session.ts'

/** A client that leaves this much unread is not read from, until it has read. */
const MAX_UNREAD_BYTES = 1024 * 1024

/**
 * Serves the client at the other end of a socket, until one of them ends it.
 *
 * @param accounts who may log in; empty: nobody has to
 * @param idleTimeoutMs 0: none
 */
export function serve(engine: Engine, socket: Socket, accounts: readonly Account[], idleTimeoutMs: number): void {
  const connection = new ClientConnection(engine, socket, accounts)
  socket.on('data', (chunk: Buffer) => connection.receive(chunk))
  socket.on('drain', () => connection.resume())
  if (idleTimeoutMs > 0) {
    socket.setTimeout(idleTimeoutMs, () => {
      engine.counters.idleKicks++
      socket.destroy()
    })
  }
}

/** A socket and the session that it carries. */
class ClientConnection {
  readonly #engine: Engine
  readonly #socket: Socket
  readonly #session: Session
  #stalled = false

  constructor(engine: Engine, socket: Socket, accounts: readonly Account[]) {
    this.#engine = engine
    this.#socket = socket
    this.#session = new Session(engine, accounts)
  }

  receive(chunk: Buffer): void {
    this.#session.receive(chunk)
    this.#pump()
  }

  /** The client has read everything. */
  resume(): void {
    if (!this.#stalled) return
    this.#stalled = false
    if (this.#session.full) this.#session.proceed()
    this.#pump()
    if (!this.#stalled) this.#socket.resume()
  }

  /** Sends the replies, and carries out more for as long as the client keeps up. */
  #pump(): void {
    for (;;) {
      this.#send()
      if (this.#session.verdict !== 'stay') {
        this.#end()
        return
      }
      if (this.#socket.writableLength > MAX_UNREAD_BYTES) {
        this.#stall()
        return
      }
      if (!this.#session.full) return
      this.#session.proceed()
    }
  }

  #stall(): void {
    this.#stalled = true
    this.#socket.pause()
  }

  /** All replies leave in one write. */
  #send(): void {
    const parts = this.#session.output.take()
    if (parts.length === 0 || this.#socket.destroyed) return
    if (parts.length > 1) this.#socket.cork()
    for (const part of parts) {
      this.#engine.counters.bytesWritten += part.length
      this.#socket.write(part)
    }
    if (parts.length > 1) this.#socket.uncork()
  }

  #end(): void {
    // What else the client sends is not read: to a `quit` nothing is owed but the replies before it.
    this.#socket.removeAllListeners('data')
    if (this.#session.verdict === 'drop') this.#socket.destroy()
    else this.#socket.destroySoon()
  }
}
