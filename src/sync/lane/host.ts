import { once } from 'node:events'
import { fstatSync } from 'node:fs'
import { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { ServerStatus } from '../../seam/executor.ts'
import type { Observing } from '../../seam/observer.ts'
import { LaneLock, LaneState, LaneWord, laneWords, stampOf, Word } from '../crossing/channel.ts'

/** What a socket of `node:net` is made of, as far as the lane needs it. */
interface Internals {
  readonly _handle?: { readonly fd?: unknown; readonly reading?: unknown } | null
  _destroy(error: Error | null, done: (error?: Error | null) => void): void
}

/** A client that tells of its servers. */
interface Client {
  readonly servers: readonly ServerStatus[]
}

/** When a stream was last seen to have read something. */
interface Activity {
  bytes: number
  at: number
}

/**
 * The worker's end of the lane: while the client has nothing to do, it reads no more from its sockets, one to a server,
 * and the caller has them, by the numbers of their file descriptors.
 *
 * Those numbers, and that a paused socket is left unread, are nobody's promise: where either is not as expected, there is
 * no lane, and every call goes through the worker.
 */
export class LaneHost {
  readonly #header: Int32Array
  readonly #words: readonly Int32Array[]
  #client: Client | undefined
  /** The streams to every server. */
  readonly #streams: Map<string, Map<Socket, Activity>> = new Map()
  /** What the caller has, in the order of the servers. */
  readonly #given: (Socket | undefined)[]

  constructor(header: Int32Array) {
    this.#header = header
    this.#words = laneWords(header)
    this.#given = this.#words.map(() => undefined)
  }

  /** Whether the caller may be using a socket. */
  get isOpen(): boolean {
    return this.#given.some((socket) => socket !== undefined)
  }

  /** Observers for the client whose sockets the lane uses: none where there is no lane. */
  get observers(): readonly Observing[] {
    if (this.#words.length === 0) return []
    return [{ streamOpened: (server, stream) => this.#adopt(server, stream) }]
  }

  /** Names the client that was given the observers; one that does not report its servers has no lane. */
  watch(client: object): void {
    if ('servers' in client && this.#words.length > 0) this.#client = client as Client
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

  /** Notes which connections are alive, at the end of a call. */
  note(): void {
    const now = performance.now()
    for (const streams of this.#streams.values()) {
      for (const [{ bytesRead }, activity] of streams) {
        if (bytesRead !== activity.bytes) activity.at = now
        activity.bytes = bytesRead
      }
    }
  }

  /** Gives the caller what is idle, if every server is well: else a key's server may be another one. */
  openIfIdle(): void {
    const servers = this.#client?.servers ?? []
    if (servers.some(({ state }) => state !== 'up')) return
    Atomics.store(this.#header, Word.servers, stampOf(servers.map(({ name }) => name)))
    for (const [index, server] of servers.slice(0, this.#words.length).entries()) this.#give(index, server)
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
    const words = this.#words[index]!
    words[LaneWord.inode] = fstatSync(fd).ino | 0
    words[LaneWord.idleMs] = performance.now() - activity.at
    Atomics.store(words, LaneWord.state, LaneState.clean)
    Atomics.store(words, LaneWord.socket, fd + 1)
  }

  /**
   * The caller has left the lane and calls the worker. A connection with a reply that it gave up ends.
   *
   * @returns settles when those have ended, so that nothing is sent on them any more; undefined when there are none.
   */
  settle(): Promise<unknown> | undefined {
    const ends: Promise<unknown>[] = []
    for (const [index, words] of this.#words.entries()) {
      const socket = this.#given[index]
      if (socket === undefined) continue
      this.#given[index] = undefined
      Atomics.store(words, LaneWord.socket, 0)
      if (Atomics.load(words, LaneWord.state) === LaneState.clean) socket.resume()
      else ends.push(once(socket.destroy(), 'close'))
    }
    return ends.length === 0 ? undefined : Promise.allSettled(ends)
  }

  /** For the end of the worker. */
  close(): void {
    for (const index of this.#given.keys()) this.#revoke(index)
  }

  /** Takes a file descriptor back before it is closed: its number may be somebody else's at once. */
  #revoke(index: number): void {
    if (this.#given[index] === undefined) return
    this.#given[index] = undefined
    const words = this.#words[index]!
    while (Atomics.compareExchange(words, LaneWord.lock, LaneLock.free, LaneLock.revoked) === LaneLock.used) {
      Atomics.wait(words, LaneWord.lock, LaneLock.used, 10)
    }
    Atomics.store(words, LaneWord.socket, 0)
    Atomics.store(words, LaneWord.lock, LaneLock.free)
    Atomics.notify(words, LaneWord.socket)
  }
}
