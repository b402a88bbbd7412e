import {
  BATCH,
  CLOSED,
  CONNECT,
  DESYNC,
  ERROR,
  endSpan,
  FAILOVER,
  fillIn,
  publish,
  READY,
  RETRY,
  SERVER_DOWN,
  SERVER_UP,
  type SpanChannel,
  say,
} from '../channels.ts'
import type { MemcacheError } from '../errors.ts'
import type { Mutable } from '../mutable.ts'
import { nameOfRequest } from '../protocol/request.ts'
import type { ObservedConnection, Observing } from '../seam/observer.ts'
import type { Endpoint } from '../server-address.ts'
import type {
  BatchChannelContext,
  ChannelServer,
  CloseReason,
  ConnectChannelContext,
  ErrorMessage,
} from './channel-contexts.ts'
import { Histogram } from './latency.ts'

/** A write whose replies are due. */
interface Write {
  /** Number of commands that are not answered. */
  left: number
  readonly startedAt: number
  /** Undefined where no channel reported it. */
  readonly context: Mutable<BatchChannelContext> | undefined
}

/** Numbers of one server. */
export class ServerCounts {
  opened = 0
  connectFailures = 0
  readonly closed: Partial<Record<CloseReason, number>> = {}
  bytesOut = 0
  bytesIn = 0
  failovers = 0
  downs = 0
  downMs = 0
  readonly latency: Histogram = new Histogram()
}

/** Numbers of all servers together, and of each. */
export class TrafficCounts {
  readonly since: Date = new Date()
  readonly servers: Map<string, ServerCounts> = new Map()
  written = 0
  commands = 0
  mostCommands = 0
  coalescedReads = 0
  retries = 0
  desyncs = 0

  /** Returns the counts of a server. */
  of(server: string): ServerCounts {
    const known = this.servers.get(server)
    if (known !== undefined) return known
    const counts = new ServerCounts()
    this.servers.set(server, counts)
    return counts
  }
}

/** A connection, as long as it lives. */
interface Watched {
  readonly id: number
  readonly server: ChannelServer
  /** Context of the attempt; undefined where no channel reported it. */
  readonly attempt: Mutable<ConnectChannelContext> | undefined
  /** In their order. */
  readonly writes: Write[]
}

/** Counts what happens below a client, and publishes it on the channels. */
export class Observation {
  readonly #clientId: string
  readonly #isCounting: boolean
  readonly #connections: Map<ObservedConnection, Watched> = new Map()
  /** Attempts since the last success, by server. */
  readonly #attempts: Map<string, number> = new Map()
  #lastId = 0

  #counts: TrafficCounts = new TrafficCounts()

  constructor(clientId: string, isCounting: boolean) {
    this.#clientId = clientId
    this.#isCounting = isCounting
  }

  /** Numbers since the last `reset`. */
  get counts(): TrafficCounts {
    return this.#counts
  }

  /** Begins to count anew. */
  reset(): void {
    this.#counts = new TrafficCounts()
  }

  /** Called for what happens to a server, where it is to be counted. */
  #count(server: string, count: (counts: ServerCounts) => void): void {
    if (this.#isCounting) count(this.#counts.of(server))
  }

  /** Listeners for the observer of the layers below. */
  get observing(): Observing {
    const clientId = this.#clientId
    return {
      connectionStarted: (connection, endpoint, tls) => this.#started(connection, endpoint, tls),
      connectionOpened: (connection, { protocol, version, createMs }) => {
        const { id, server, attempt } = this.#connections.get(connection)!
        this.#attempts.delete(connection.server)
        this.#count(connection.server, (counts) => counts.opened++)
        if (attempt !== undefined) {
          fillIn(() => {
            attempt.result = { protocol, version, createTimeMs: createMs }
          })
          endSpan(CONNECT, attempt)
        }
        say(READY, () => ({ ...server, connectionId: id, createTimeMs: createMs }))
      },
      connectionClosed: (connection, { why, error, wasOpen, pending }) => {
        const { id, server, attempt, writes } = this.#connections.get(connection)!
        this.#connections.delete(connection)
        if (!wasOpen && attempt !== undefined) endSpan(CONNECT, attempt, { error })
        for (const { context } of writes) if (context !== undefined) endSpan(BATCH, context, { error })
        const reason: CloseReason = why === 'failed' ? error.code : why === 'closed' ? 'close' : why
        this.#count(connection.server, (counts) => {
          if (wasOpen) counts.closed[reason] = (counts.closed[reason] ?? 0) + 1
          else if (why === 'failed') counts.connectFailures++
        })
        say(CLOSED, () => ({ ...server, connectionId: id, reason, pending, wasConnected: wasOpen }))
      },
      batchWritten: (connection, commands, bytesOut, batch) => {
        const { id, server, writes } = this.#connections.get(connection)!
        const { startedAt } = batch
        let context: Mutable<BatchChannelContext> | undefined
        if (BATCH.hasSubscribers !== false) {
          const { reads, firstCommand } = batch
          context = { ...server, connectionId: id, commands, reads, firstCommand, bytesOut, bytesIn: 0 }
          begin(BATCH, context)
        }
        writes.push({ left: commands, startedAt, context })
        if (this.#isCounting) this.#countWrite(connection.server, commands, bytesOut, batch.coalescedReads)
      },
      repliesReceived: (connection, commands, bytes, receivedAt) => {
        const { writes } = this.#connections.get(connection)!
        const counts = this.#isCounting ? this.#counts.of(connection.server) : undefined
        if (counts !== undefined) counts.bytesIn += bytes
        const first = writes[0]?.context
        if (first !== undefined) {
          fillIn(() => {
            first.bytesIn += bytes
          })
        }
        for (let left = commands; left > 0 && writes.length > 0; ) {
          const write = writes[0]!
          const answered = Math.min(left, write.left)
          left -= answered
          write.left -= answered
          counts?.latency.record(receivedAt - write.startedAt, answered)
          if (write.left > 0) break
          writes.shift()
          if (write.context !== undefined) endSpan(BATCH, write.context)
        }
      },
      serverDown: (server, error, failures) => {
        this.#count(server, (counts) => counts.downs++)
        say(SERVER_DOWN, () => ({ clientId, server, error, failures }))
      },
      serverUp: (server, downMs, removedKeys) => {
        this.#count(server, (counts) => (counts.downMs += downMs))
        say(SERVER_UP, () => ({ clientId, server, downMs, removedKeys }))
      },
      retried: ({ request, callerKey: key }, attempt, error) => {
        if (this.#isCounting) this.#counts.retries++
        say(RETRY, () => ({ clientId, command: nameOfRequest(request), key, attempt, error }))
      },
      failedOver: ({ callerKey: key }, from, to) => {
        this.#count(from, (counts) => counts.failovers++)
        say(FAILOVER, () => ({ clientId, key, from, to }))
      },
      desync: (error) => {
        if (this.#isCounting) this.#counts.desyncs++
        say(DESYNC, () => this.#message(error))
      },
    }
  }

  /** Called for a failure that no call rejects with. */
  reported(error: MemcacheError): void {
    say(ERROR, () => this.#message(error))
  }

  #countWrite(server: string, commands: number, bytesOut: number, coalescedReads: number): void {
    const counts = this.#counts
    counts.of(server).bytesOut += bytesOut
    counts.written++
    counts.commands += commands
    counts.coalescedReads += coalescedReads
    if (commands > counts.mostCommands) counts.mostCommands = commands
  }

  #message(error: MemcacheError): ErrorMessage {
    return { clientId: this.#clientId, ...(error.server !== undefined && { server: error.server }), error }
  }

  #started(connection: ObservedConnection, endpoint: Endpoint, tls: boolean): void {
    const { server: name } = connection
    const server: ChannelServer = {
      clientId: this.#clientId,
      server: name,
      ...(endpoint.kind === 'tcp'
        ? { serverAddress: endpoint.host, serverPort: endpoint.port }
        : { serverAddress: endpoint.path }),
    }
    const attempt = (this.#attempts.get(name) ?? 0) + 1
    this.#attempts.set(name, attempt)
    let context: Mutable<ConnectChannelContext> | undefined
    if (CONNECT.hasSubscribers !== false) {
      context = { ...server, attempt, tls }
      begin(CONNECT, context)
    }
    this.#connections.set(connection, { id: ++this.#lastId, server, attempt: context, writes: [] })
  }
}

/** Begins a span whose synchronous part is nothing. */
function begin(span: SpanChannel, context: object): void {
  publish(span.start, context)
  publish(span.end, context)
}
