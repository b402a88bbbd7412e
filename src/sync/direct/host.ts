import { once } from 'node:events'
import { fstatSync } from 'node:fs'
import { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { ServerStatus } from '../../seam/executor.ts'
import type { Observing } from '../../seam/observer.ts'
import type { SocketHost } from '../bridge/socket-host.ts'
import {
  hashServerList,
  type SharedSockets,
  SocketField,
  SocketLock,
  SocketState,
  shareSockets,
} from './shared-sockets.ts'

/** Internals of a socket of `node:net`, as far as they are used here. */
interface Internals {
  readonly _handle?: { readonly fd?: unknown; readonly reading?: unknown } | null
  _destroy(error: Error | null, done: (error?: Error | null) => void): void
}

/** Client that reports its servers. */
interface Client {
  readonly servers: readonly ServerStatus[]
}

/** Time at which a stream was last seen to have read something. */
interface Activity {
  bytes: number
  at: number
}

/**
 * The worker's end of the direct way. While the client is idle, the worker reads no more from its sockets, one to a
 * server, and lends them to the caller by the numbers of their file descriptors.
 *
 * `node:net` promises neither those numbers nor that a paused socket is left unread. If either is not as expected, no
 * socket is lent, and every call goes through the worker.
 */
export class DirectHost implements SocketHost {
  readonly #shared: SharedSockets
  #client: Client | undefined
  /** Streams to every server. */
  readonly #streams: Map<string, Map<Socket, Activity>> = new Map()
  /** Sockets lent to the caller, in the order of the servers. */
  readonly #given: (Socket | undefined)[]

  /** @param fields - Memory shared with the caller. */
  constructor(fields: Int32Array) {
    this.#shared = shareSockets(fields)
    this.#given = this.#shared.sockets.map(() => undefined)
  }

  /** Whether the caller may be using a socket. */
  get isOpen(): boolean {
    return this.#given.some((socket) => socket !== undefined)
  }

  /** Observers for the client whose sockets are lent: none if there is no room for any socket. */
  get observers(): readonly Observing[] {
    if (this.#given.length === 0) return []
    return [{ streamOpened: (server, stream) => this.#adopt(server, stream) }]
  }

  /**
   * Sets the client that was given the observers; sockets of a client that does not report its servers are not lent.
   */
  watch(client: object): void {
    if ('servers' in client && this.#given.length > 0) this.#client = client as Client
  }

  #adopt(server: string, stream: object): void {
    if (!(stream instanceof Socket) || stream instanceof TLSSocket) return
    const streams = this.#streams.get(server) ?? new Map<Socket, Activity>()
    this.#streams.set(server, streams.set(stream, { bytes: 0, at: performance.now() }))
    const internals = stream as unknown as Internals
    const destroy = internals._destroy.bind(stream)
    internals._destroy = (error, done) => {
      streams.delete(stream)
      this.#revoke(this.#given.indexOf(stream))
      destroy(error, done)
    }
  }

  /** Records which connections are alive, at the end of a call. */
  note(): void {
    const now = performance.now()
    for (const streams of this.#streams.values()) {
      for (const [{ bytesRead }, activity] of streams) {
        if (bytesRead !== activity.bytes) activity.at = now
        activity.bytes = bytesRead
      }
    }
  }

  /** Lends the caller the idle sockets, if every server is up: otherwise a key's server may be another one. */
  openIfIdle(): void {
    if (this.#client === undefined) return
    const { servers } = this.#client
    if (servers.some(({ state }) => state !== 'up')) return
    Atomics.store(this.#shared.servers, 0, hashServerList(servers.map(({ name }) => name)))
    for (const [index, server] of servers.slice(0, this.#given.length).entries()) this.#give(index, server)
  }

  #give(index: number, { name, connections, pending }: ServerStatus): void {
    const [entry, another] = this.#streams.get(name) ?? []
    if (entry === undefined || another !== undefined || this.#given[index] !== undefined) return
    const [socket, activity] = entry
    if (connections.open !== 1 || connections.busy !== 0 || pending !== 0 || socket.writableLength > 0) return
    socket.pause()
    const handle = (socket as unknown as Internals)._handle
    const fd = handle?.fd
    if (socket.destroyed || handle?.reading !== false || typeof fd !== 'number' || fd < 0) return void socket.resume()
    this.#given[index] = socket
    const fields = this.#shared.sockets[index]!
    fields[SocketField.inode] = fstatSync(fd).ino | 0
    fields[SocketField.idleMs] = performance.now() - activity.at
    Atomics.store(fields, SocketField.state, SocketState.clean)
    Atomics.store(fields, SocketField.socket, fd + 1)
  }

  /**
   * Takes the sockets back: the caller calls the worker. A connection with a reply that the caller gave up ends.
   *
   * @returns settles when those connections have ended, so that nothing is sent on them; undefined when there are none.
   */
  settle(): Promise<unknown> | undefined {
    const ends: Promise<unknown>[] = []
    for (const [index, fields] of this.#shared.sockets.entries()) {
      const socket = this.#given[index]
      if (socket === undefined) continue
      this.#given[index] = undefined
      Atomics.store(fields, SocketField.socket, 0)
      if (Atomics.load(fields, SocketField.state) === SocketState.clean) socket.resume()
      else ends.push(once(socket.destroy(), 'close'))
    }
    return ends.length === 0 ? undefined : Promise.allSettled(ends)
  }

  /** Takes the sockets back at the end of the worker. */
  close(): void {
    for (const index of this.#given.keys()) this.#revoke(index)
  }

  /** Takes a file descriptor back before it is closed: its number may be another file's at once. */
  #revoke(index: number): void {
    if (this.#given[index] === undefined) return
    this.#given[index] = undefined
    const fields = this.#shared.sockets[index]!
    while (Atomics.compareExchange(fields, SocketField.lock, SocketLock.free, SocketLock.revoked) === SocketLock.used) {
      Atomics.wait(fields, SocketField.lock, SocketLock.used, 10)
    }
    Atomics.store(fields, SocketField.socket, 0)
    Atomics.store(fields, SocketField.lock, SocketLock.free)
    Atomics.notify(fields, SocketField.socket)
  }
}
