import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { fstatSync } from 'node:fs'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { ServerStatus } from '../executor.ts'
import { LaneLock, LaneState, Word } from './channel.ts'

/** What `node:net` calls, under a symbol of this name, with the bytes of a socket that reads into a buffer of its own. */
const READ_CALLBACK = 'kBufferCb'

type ReadCallback = (length: number, bytes: Uint8Array) => boolean

interface Internals {
  [callback: symbol]: unknown
  readonly _handle?: { readonly fd?: number } | null
  _destroy(error: Error | null, done: (error?: Error | null) => void): void
}

/**
 * The worker's end of the lane: while the client has nothing to do, the caller writes its commands to the client's only
 * socket itself, and what comes back goes straight into shared memory. One thread is woken on the way instead of two.
 *
 * It needs the number of a socket's file descriptor and the place where `node:net` hands over what was read, which are
 * nobody's promise: where they are not what is expected, there is no lane, and every call takes the usual way.
 */
export class LaneHost {
  readonly #header: Int32Array
  readonly #bytes: Uint8Array
  readonly #sockets: Set<Socket> = new Set()
  #client: { readonly servers: readonly ServerStatus[] } | undefined
  #open: Socket | undefined

  constructor(header: Int32Array, memory: SharedArrayBuffer) {
    this.#header = header
    this.#bytes = new Uint8Array(memory)
  }

  /** Whether the caller may be using it. */
  get isOpen(): boolean {
    return this.#open !== undefined
  }

  /** Names the client whose sockets they are; one that does not tell of its servers has no lane. */
  watch(client: object): void {
    if (!('servers' in client) || this.#bytes.length === 0) return
    this.#client = client as { readonly servers: readonly ServerStatus[] }
    subscribe('net.client.socket', this.#adopt)
  }

  readonly #adopt = (message: unknown): void => {
    const { socket } = message as { readonly socket: Socket }
    const internals = socket as unknown as Internals
    const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === READ_CALLBACK)
    const read = symbol === undefined ? undefined : internals[symbol]
    if (symbol === undefined || typeof read !== 'function' || socket instanceof TLSSocket) return this.#giveUp()
    this.#sockets.add(socket)
    internals[symbol] = (length: number, bytes: Uint8Array): boolean =>
      socket === this.#open && this.#take(length, bytes) ? true : (read as ReadCallback)(length, bytes)
    const destroy = internals._destroy.bind(socket)
    internals._destroy = (error, done) => {
      this.#sockets.delete(socket)
      if (socket === this.#open) this.#revoke()
      destroy(error, done)
    }
  }

  /** This runtime, or this client, is not made for it. */
  #giveUp(): void {
    this.#client = undefined
    unsubscribe('net.client.socket', this.#adopt)
  }

  /** Gives the caller the socket, if it is the only one and nothing is under way on it. */
  openIfIdle(): void {
    const [socket, another] = this.#sockets
    const [server, second] = this.#client?.servers ?? []
    if (socket === undefined || another !== undefined || server === undefined || second !== undefined) return
    const { open, busy } = server.connections
    if (server.state !== 'up' || open !== 1 || busy !== 0 || server.pending !== 0 || socket.writableLength > 0) return
    const fd = (socket as unknown as Internals)._handle?.fd
    if (typeof fd !== 'number' || fd < 0 || socket.destroyed) return
    this.#open = socket
    this.#header[Word.laneInode] = fstatSync(fd).ino | 0
    Atomics.store(this.#header, Word.laneWaits, LaneState.idle)
    Atomics.store(this.#header, Word.laneSocket, fd + 1)
  }

  /** The caller has left the lane and calls in the usual way. A command whose reply it gave up ends the connection. */
  settle(): void {
    const isGivenUp = Atomics.load(this.#header, Word.laneWaits) === LaneState.abandoned
    Atomics.store(this.#header, Word.laneWaits, LaneState.idle)
    const socket = this.#open
    this.#open = undefined
    Atomics.store(this.#header, Word.laneSocket, 0)
    if (isGivenUp) socket?.destroy()
  }

  /** For the end of the worker. */
  close(): void {
    if (this.#open !== undefined) this.#revoke()
  }

  /** What was read, if it is for the caller. */
  #take(length: number, bytes: Uint8Array): boolean {
    const state = Atomics.load(this.#header, Word.laneWaits)
    if (state === LaneState.idle) return false
    const filled = Atomics.load(this.#header, Word.laneLength)
    if (state === LaneState.abandoned || filled + length > this.#bytes.length) {
      // The reply cannot be told from the next one any more.
      this.#open?.destroy()
      return true
    }
    this.#bytes.set(length === bytes.length ? bytes : bytes.subarray(0, length), filled)
    Atomics.store(this.#header, Word.laneLength, filled + length)
    Atomics.notify(this.#header, Word.laneLength)
    return true
  }

  /** Takes the file descriptor back before it is closed: its number may be somebody else's at once. */
  #revoke(): void {
    this.#open = undefined
    while (Atomics.compareExchange(this.#header, Word.laneLock, LaneLock.free, LaneLock.revoked) === LaneLock.used) {
      Atomics.wait(this.#header, Word.laneLock, LaneLock.used, 10)
    }
    Atomics.store(this.#header, Word.laneSocket, 0)
    Atomics.store(this.#header, Word.laneLock, LaneLock.free)
    Atomics.store(this.#header, Word.laneLength, -1)
    Atomics.notify(this.#header, Word.laneLength)
  }
}
