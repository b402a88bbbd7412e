import { connect, type Socket } from 'node:net'
import { Duplex, Transform } from 'node:stream'
import { onTestFinished } from 'vitest'
import { Cluster } from '../../../src/cluster/cluster.ts'
import { type ClusterOptions, resolveClusterOptions } from '../../../src/cluster/options.ts'
import { parseServers } from '../../../src/cluster/sourced-cluster.ts'
import { type ConnectionOptions, resolveConnectionOptions } from '../../../src/connection/options.ts'
import { ConnectError } from '../../../src/errors.ts'
import type { Key } from '../../../src/protocol/key.ts'
import { Operation } from '../../../src/protocol/operation.ts'
import { DELETE, GET, type Request } from '../../../src/protocol/request.ts'
import type { Distribution } from '../../../src/routing/distribution.ts'
import { joinObservers, type Observing } from '../../../src/seam/observer.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { until } from '../../support/eventually.ts'
import { askRaw } from '../../support/raw-connection.ts'
import { FakeClock } from './fake-clock.ts'

/** Keys by their first letter: `a…` on the first server, `b…` on the second; the others follow in a circle. */
export const byLetter: Distribution = (servers) => {
  const home = (key: string | Uint8Array): number => {
    const letter = typeof key === 'string' ? key.charCodeAt(0) : key[0]!
    return (letter - 97) % servers.length
  }
  return { pick: home, order: (key) => servers.map((_, step) => (home(key) + step) % servers.length) }
}

/** What a lab is made of. */
export interface LabSetup {
  /** Names of the servers. */
  readonly names?: readonly string[]
  readonly gutter?: readonly string[]
  readonly options?: ClusterOptions
  readonly connection?: ConnectionOptions
  readonly connections?: number
  readonly hashedPrefix?: Key
  readonly observing?: Observing
}

/** A cluster of servers that can be cut off and keep what they hold meanwhile, under a clock that the test moves. */
export class Lab {
  readonly clock: FakeClock = new FakeClock()
  readonly events: string[] = []
  readonly cluster: Cluster
  readonly #servers: ReadonlyMap<string, MemcachedServer>
  readonly #sockets: Map<string, Set<Socket>> = new Map()
  readonly #cut: Set<string> = new Set()
  readonly #mute: Set<string> = new Set()
  /** What a server answers, by the first words of what is written to it; nothing else gets through. */
  readonly #hears: Map<string, readonly string[]> = new Map()
  /** How much later the answers of a server come, in milliseconds. */
  readonly #delays: Map<string, number> = new Map()
  /** Answers of servers that the test holds back: what passes them on. */
  readonly #held: Map<string, (() => void)[]> = new Map()
  /** Servers whose handshake is in time all the same. */
  readonly #shakesAtOnce: Set<string> = new Set()
  /** How many more connections a server accepts. */
  readonly #accepts: Map<string, number> = new Map()
  /** Connections that were asked for, by server. */
  readonly dials: Map<string, number> = new Map()

  private constructor(setup: LabSetup, servers: ReadonlyMap<string, MemcachedServer>) {
    this.#servers = servers
    const { names = ['a', 'b', 'c'], gutter } = setup
    const options = resolveClusterOptions({
      distribution: byLetter,
      ...setup.options,
      ...(gutter === undefined ? {} : { gutter: gutter.map(spec) }),
    })
    this.cluster = new Cluster(parseServers(names.map(spec)), {
      options,
      member: {
        connections: setup.connections ?? 1,
        connection: resolveConnectionOptions({
          timeoutMs: 5000,
          connectTimeoutMs: 5000,
          ...setup.connection,
          connect: (server) => this.#dial(server.name ?? ''),
        }),
        clock: this.clock,
      },
      hashedPrefix: setup.hashedPrefix,
      observer: joinObservers([
        {
          unclaimedError: (error) => this.events.push(`unclaimed: ${error.message}`),
          desync: (error) => this.events.push(`desync: ${error.message}`),
          serverDown: (server, error, failures) =>
            this.events.push(`${server} down after ${failures} (${error.constructor.name})`),
          serverUp: (server, _downMs, removed) => this.events.push(`${server} up, ${removed} removed`),
          rejoinOverflow: (server, maxKeys) => this.events.push(`${server} overflow at ${maxKeys}`),
          ...setup.observing,
        },
      ]),
    })
  }

  /** Starts a server for every name, and more for names that come later. */
  static async start(setup: LabSetup = {}, later: readonly string[] = []): Promise<Lab> {
    const names = [...(setup.names ?? ['a', 'b', 'c']), ...(setup.gutter ?? []), ...later]
    const servers = new Map<string, MemcachedServer>()
    for (const name of names) servers.set(name, await MemcachedServer.start())
    const lab = new Lab(setup, servers)
    onTestFinished(async () => {
      lab.cluster.destroy(new ConnectError('the test has ended'))
      for (const server of servers.values()) await server.close()
    })
    return lab
  }

  #dial(name: string): Promise<Duplex> {
    this.dials.set(name, (this.dials.get(name) ?? 0) + 1)
    const left = this.#accepts.get(name)
    if (left !== undefined) this.#accepts.set(name, left - 1)
    if (this.#cut.has(name) || left === 0) return Promise.reject(new Error('connect ECONNREFUSED'))
    if (this.#mute.has(name)) return Promise.resolve(deaf())
    const socket = connect(this.#servers.get(name)!.port, '127.0.0.1')
    const sockets = this.#sockets.get(name) ?? new Set()
    this.#sockets.set(name, sockets.add(socket))
    socket.on('error', () => undefined)
    const stream = this.#delays.has(name)
      ? this.#delayed(name, socket)
      : this.#hears.has(name)
        ? this.#selective(name, socket)
        : socket
    stream.on('error', () => undefined)
    return new Promise((resolve) => socket.once('connect', () => resolve(stream)))
  }

  #delayed(name: string, socket: Socket): Duplex {
    const delay = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        const held = this.#held.get(name)
        if (held !== undefined) return void held.push(() => done(null, chunk))
        const isHandshake = /^(?:VERSION|MN)/.test(chunk.toString('latin1'))
        const delayMs = isHandshake && this.#shakesAtOnce.has(name) ? 0 : this.#delays.get(name)
        setTimeout(() => done(null, chunk), delayMs)
      },
    })
    return Duplex.from({ readable: socket.pipe(delay), writable: socket })
  }

  #selective(name: string, socket: Socket): Duplex {
    const filter = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        const words = this.#hears.get(name)
        const text = chunk.toString('latin1')
        done(null, words === undefined || words.some((word) => text.startsWith(word)) ? chunk : '')
      },
    })
    filter.pipe(socket)
    return Duplex.from({ readable: socket, writable: filter })
  }

  /** Lets nothing but these through to a server, from its next connection on. */
  hearOnly(name: string, words: readonly string[]): void {
    this.#hears.set(name, words)
  }

  /** Holds the answers of a server back until they are released; it was given a delay (0 will do) before it connected. */
  hold(name: string): void {
    this.#held.set(name, [])
  }

  /** Passes on what was held back of a server, and whatever comes from now on. */
  release(name: string): void {
    const held = this.#held.get(name) ?? []
    this.#held.delete(name)
    for (const passOn of held) passOn()
  }

  /** Makes the answers of a server come later, from its next connection on; may be changed after that. */
  delay(name: string, milliseconds: number): void {
    this.#delays.set(name, milliseconds)
  }

  /** As `delay`, but for the answers of the handshake. */
  delayCommands(name: string, milliseconds: number): void {
    this.#shakesAtOnce.add(name)
    this.delay(name, milliseconds)
  }

  /** Cuts a server off: its connections are reset, new ones refused. */
  cut(name: string): void {
    this.#cut.add(name)
    this.drop(name)
  }

  /** Resets a server's connections; new ones are welcome. */
  drop(name: string): void {
    for (const socket of this.#sockets.get(name) ?? []) socket.destroy(new Error('ECONNRESET'))
    this.#sockets.delete(name)
  }

  /** Accepts connections and answers nothing. */
  mute(name: string): void {
    this.#mute.add(name)
  }

  /** Heals a server for so many connections, and cuts it off again. */
  healFor(name: string, connections: number): void {
    this.heal(name)
    this.#accepts.set(name, connections)
  }

  heal(name: string): void {
    this.#accepts.delete(name)
    this.#cut.delete(name)
    this.#mute.delete(name)
  }

  /** Cuts a server off and lets a command find out. */
  async fail(name: string): Promise<void> {
    this.cut(name)
    await this.run(GET, `${name}-finds-out`).catch(() => undefined)
    await until(() => this.state(name) !== 'up', `${name} is out`)
  }

  /** Heals a server and lets a probe find out. */
  async recover(name: string): Promise<void> {
    this.heal(name)
    this.clock.advance(this.clock.delays.at(-1)!)
    await until(() => this.state(name) === 'up', `${name} is back`)
  }

  state(name: string): string {
    return this.cluster.servers.find((server) => server.name === name)!.status.state
  }

  /** Carries out a command; text of a hit, what came of anything else. */
  run(
    request: Request,
    key: string,
    adapt: (operation: Operation) => void = () => undefined,
    timeoutMs = 5000,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const operation = new Operation(request, key, key, timeoutMs, (reply) =>
        reply.outcome === 'hit' ? reply.bytes.toString('latin1', reply.start, reply.end) : reply.outcome,
      )
      operation.resolve = resolve
      operation.reject = reject
      adapt(operation)
      this.cluster.dispatch(operation)
    })
  }

  get(key: string): Promise<unknown> {
    return this.run(GET, key)
  }

  set(key: string, data: string, exptime = 0): Promise<unknown> {
    return this.run({ command: 'set', data, bytes: data.length, clientFlags: 0, exptime, cas: 0n }, key)
  }

  delete(key: string): Promise<unknown> {
    return this.run(DELETE, key)
  }

  /** What one server holds under a key, past the cluster; undefined: nothing. */
  async held(server: string, key: string): Promise<string | undefined> {
    const reply = await askRaw({ port: this.#servers.get(server)!.port }, `get ${key}\r\n`, 'END\r\n')
    return reply.split('\r\n')[1] || undefined
  }

  /** Seconds that an item has left on one server, past the cluster; -1: it never expires. */
  async ttl(server: string, key: string): Promise<string> {
    const reply = await askRaw({ port: this.#servers.get(server)!.port }, `mg ${key} t\r\n`)
    return reply.slice('HD t'.length).trim()
  }
}

function deaf(): Duplex {
  return new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
}

function spec(name: string): { name: string; host: string; port: number } {
  return { name, host: `${name}.test`, port: 11_211 }
}
