import type { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import type { ClientRecord, ClosedBy } from './client-registry.ts'
import type { Engine } from './engine.ts'
import type { Account } from './login.ts'
import { Session } from './session.ts'

/** Limit of unread output, in bytes: a client above it is not read from until it has read. */
const MAX_UNREAD_BYTES = 1024 * 1024

/** Options of a served connection. */
export interface ServeOptions {
  /** Accounts that may log in; empty: no login is needed. */
  readonly accounts: readonly Account[]
  /** Idle timeout; 0: none. */
  readonly idleTimeoutMs: number
}

/** Serves the client at the other end of a socket, until one of them ends it. */
export function serve(engine: Engine, socket: Socket, options: ServeOptions): void {
  const record = engine.clients.add(addressesOf(engine, socket), engine.clock.seconds)
  const connection = new ClientConnection(engine, socket, record, options.accounts)
  socket.on('data', (chunk: Buffer) => connection.receive(chunk))
  socket.on('drain', () => connection.resume())
  socket.once('close', (broken: boolean) => connection.ended(broken))
  if (options.idleTimeoutMs > 0) connection.watchIdleness(options.idleTimeoutMs)
}

function addressesOf({ listening }: Engine, socket: Socket): { remote: string; local: string } {
  const { path } = listening
  if (path !== undefined) return { remote: `unix:${path}`, local: `unix:${path}` }
  return {
    remote: `tcp:${bracketed(socket.remoteAddress)}:${socket.remotePort ?? 0}`,
    local: `tcp:${bracketed(socket.localAddress)}:${socket.localPort ?? 0}`,
  }
}

function bracketed(address = ''): string {
  return address.includes(':') ? `[${address}]` : address
}

/** Socket and its session. */
class ClientConnection {
  readonly #engine: Engine
  readonly #socket: Socket
  readonly #record: ClientRecord
  readonly #session: Session
  #stalled = false
  /** Whether watched lines will be sent at the end of this turn of the event loop. */
  #sendingSoon = false
  #closedBy: ClosedBy = 'normal'
  #idleTimer: NodeJS.Timeout | undefined
  /** Number of commands carried out when the timer was last restarted. */
  #commands = 0

  constructor(engine: Engine, socket: Socket, record: ClientRecord, accounts: readonly Account[]) {
    this.#engine = engine
    this.#socket = socket
    this.#record = record
    this.#session = new Session(engine, accounts, {
      id: record.id,
      remote: record.remote,
      onOutput: () => this.#sendSoon(),
      unsentBytes: () => socket.writableLength,
    })
  }

  receive(chunk: Buffer): void {
    this.#session.receive(chunk)
    this.#record.watching = this.#session.watching
    this.#pump()
  }

  /** Resumes reading: the client has read everything. */
  resume(): void {
    if (!this.#stalled) return
    this.#stalled = false
    if (this.#session.full) this.#session.proceed()
    this.#pump()
    if (!this.#stalled) this.#socket.resume()
  }

  /** Ends the connection once no command came for a time. */
  watchIdleness(idleTimeoutMs: number): void {
    this.#idleTimer = setTimeout(() => this.#kickIfIdle(), idleTimeoutMs).unref()
  }

  /** Closes an idle connection. As in memcached, half a line is no command, but a value that is being sent is one. */
  #kickIfIdle(): void {
    if (this.#session.busy || this.#stalled || this.#socket.writableLength > 0) {
      this.#idleTimer?.refresh()
      return
    }
    this.#engine.counters.idleKicks++
    this.#closedBy = 'idle_timeout'
    this.#socket.destroy()
  }

  /** Called when the socket is closed; `broken` if by an error. */
  ended(broken: boolean): void {
    clearTimeout(this.#idleTimer)
    this.#session.end()
    this.#engine.clients.remove(this.#record, broken ? 'error' : this.#closedBy)
  }

  #noteCommands(): void {
    if (this.#session.commands === this.#commands) return
    this.#commands = this.#session.commands
    this.#record.lastCommandAt = this.#engine.clock.seconds
    this.#idleTimer?.refresh()
  }

  #sendSoon(): void {
    if (this.#sendingSoon) return
    this.#sendingSoon = true
    setImmediate(() => {
      this.#sendingSoon = false
      this.#send()
    })
  }

  /** Sends the replies, and runs more commands for as long as the client keeps up. */
  #pump(): void {
    for (;;) {
      this.#noteCommands()
      this.#send()
      if (this.#session.fate !== 'stay') {
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

  /** Sends all replies in one write. */
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
    // Later input is not read: after a `quit` only the earlier replies are due.
    this.#socket.removeAllListeners('data')
    if (this.#session.fate === 'drop') this.#socket.destroy()
    else this.#socket.destroySoon()
  }
}
