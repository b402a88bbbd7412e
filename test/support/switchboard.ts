import type { Buffer } from 'node:buffer'
import { connect } from 'node:net'
import { Duplex } from 'node:stream'
import { onTestFinished } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { type MemcacheOptions, patient } from './memcache-options.ts'

/** Many servers of a client, all played by one: the test sees which were asked for keys, and holds back their answers. */
export class Switchboard {
  /** Servers in the order in which they were asked for keys, by name; one that is asked again is there again. */
  readonly asked: string[] = []
  /** Servers that were asked and have not answered. */
  readonly unanswered: Set<string> = new Set()
  /** Most servers that had not answered at a time. */
  most = 0
  /** Servers that cannot be reached. */
  readonly unreachable: Set<string> = new Set()
  /** Number of connections by server. */
  readonly dials: Map<string, number> = new Map()
  readonly names: readonly string[]
  readonly #server: MemcachedServer
  readonly #held: Map<string, (() => void)[]> = new Map()
  #holdsAll = false
  readonly #silent: Set<string> = new Set()
  /** Servers whose next answer is passed on: it was released before it came. */
  readonly #free: Set<string> = new Set()
  readonly #streams: Map<string, Duplex> = new Map()

  private constructor(server: MemcachedServer, count: number) {
    this.#server = server
    this.names = Array.from({ length: count }, (_, index) => `server-${String(index).padStart(2, '0')}`)
  }

  static async open(count: number): Promise<Switchboard> {
    const server = await MemcachedServer.start({ maxConnections: 10_000 })
    onTestFinished(() => server.close())
    return new Switchboard(server, count)
  }

  /** Returns a client of all servers; `key-<n>:…` is on server n. Each has a connection already. */
  async client(readWindow: number | undefined, options: MemcacheOptions = {}): Promise<Memcache> {
    const { cluster, ...others } = options
    const client = new Memcache(
      this.names.map((name) => ({ name, host: 'localhost' })),
      {
        ...patient,
        // A server that is silent for a tenth of it gives up its place: none may, while a test holds answers back.
        timeoutMs: 900_000,
        ...others,
        connect: ({ name }) => this.#dial(name!),
        cluster: {
          distribution: (servers) => {
            const home = (key: string | Uint8Array): number =>
              Number(/\d+/.exec(String(key))?.[0] ?? 0) % servers.length
            return { pick: home, order: (key) => servers.map((_, step) => (home(key) + step) % servers.length) }
          },
          ...(readWindow !== undefined && { readWindow }),
          ...cluster,
        },
      },
    )
    onTestFinished(() => client.destroy())
    await client.connect()
    return client
  }

  /** Servers whose answers are held back. */
  get holding(): string[] {
    return [...this.#held.keys()]
  }

  /** Returns a key of every server. */
  keys(suffix = 'a'): string[] {
    return this.names.map((_, index) => `key-${index}:${suffix}`)
  }

  /** Holds back the answers of all servers from now on, or only those of one. */
  hold(name?: string): void {
    if (name === undefined) this.#holdsAll = true
    else this.#silent.add(name)
  }

  /** Passes on the answers that were held back, of all servers or of one; that of one server also if it has not come yet. */
  release(name?: string): void {
    if (name === undefined) {
      this.#holdsAll = false
      this.#silent.clear()
    } else {
      this.#silent.delete(name)
      if (!this.#held.has(name)) this.#free.add(name)
    }
    for (const server of name === undefined ? [...this.#held.keys()] : [name]) {
      const pieces = this.#held.get(server) ?? []
      this.#held.delete(server)
      for (const pass of pieces) pass()
    }
  }

  /** Closes the connection to a server, which cannot be reached from now on. */
  cut(name: string): void {
    this.unreachable.add(name)
    this.#streams.get(name)?.destroy()
  }

  async #dial(name: string): Promise<Duplex> {
    this.dials.set(name, (this.dials.get(name) ?? 0) + 1)
    if (this.unreachable.has(name)) throw new Error('connect ECONNREFUSED')
    const socket = connect(this.#server.port, '127.0.0.1')
    const stream = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        if (/(^|\n)(gets?|mg) (key-|a2V5)/.test(chunk.toString('latin1'))) this.#noteAsked(name)
        socket.write(chunk, () => done())
      },
      destroy: (error, done) => {
        this.unanswered.delete(name)
        socket.destroy()
        done(error)
      },
    })
    this.#streams.set(name, stream)
    socket.on('error', (error) => stream.destroy(error))
    socket.on('close', () => stream.destroy())
    socket.on('data', (bytes) => this.#answer(name, () => stream.push(bytes)))
    return stream
  }

  #noteAsked(name: string): void {
    this.asked.push(name)
    this.unanswered.add(name)
    this.most = Math.max(this.most, this.unanswered.size)
  }

  #answer(name: string, push: () => void): void {
    const pass = (): void => {
      this.unanswered.delete(name)
      push()
    }
    const isFree = this.#free.delete(name)
    if (isFree || (!this.#holdsAll && !this.#silent.has(name))) return pass()
    const held = this.#held.get(name) ?? []
    held.push(pass)
    this.#held.set(name, held)
  }
}
