import type {
  CommandChannelContext,
  ConnectionClosedMessage,
  ConnectionReadyMessage,
  FailoverMessage,
  LoadChannelContext,
  RetryMessage,
  ServerDownMessage,
} from '../client/channel-contexts.ts'
import type { OtelAttributes, OtelCounter, OtelHistogram, OtelMeter } from './api.ts'
import { errorType, serverAttributes } from './attributes.ts'
import { countKeys } from './key-counts.ts'

/** Boundaries of the buckets of durations, in seconds: most commands take less than a millisecond. */
const BOUNDARIES = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

const SYSTEM = { 'db.system.name': 'memcached' }

/** The instruments, and what they record of the channels' contexts and messages. */
export class Measures {
  readonly #duration: OtelHistogram
  readonly #createTime: OtelHistogram
  readonly #connections: OtelCounter
  readonly #closed: OtelCounter
  readonly #keys: OtelCounter
  readonly #loads: OtelCounter
  readonly #retries: OtelCounter
  readonly #failovers: OtelCounter
  readonly #downs: OtelCounter
  /** Connections that are counted as open: those that were opened before are not. */
  readonly #open: Set<string> = new Set()

  constructor(meter: OtelMeter) {
    const seconds = { unit: 's', advice: { explicitBucketBoundaries: BOUNDARIES } }
    this.#duration = meter.createHistogram('db.client.operation.duration', {
      ...seconds,
      description: 'Duration of the calls of a client.',
    })
    this.#createTime = meter.createHistogram('db.client.connection.create_time', {
      ...seconds,
      description: 'Time it took to create a connection, handshake included.',
    })
    this.#connections = meter.createUpDownCounter('db.client.connection.count', {
      unit: '{connection}',
      description: 'Number of open connections; all are shared by commands, and count as used.',
    })
    const counter = (name: string, unit: string, description: string): OtelCounter =>
      meter.createCounter(`memlane.client.${name}`, { unit, description })
    this.#closed = counter('connections.closed', '{connection}', 'Connections that ended, by reason.')
    this.#keys = counter('keys', '{key}', 'Keys of calls by what came of them.')
    this.#loads = counter('loads', '{load}', 'Calls of loaders by reason and outcome.')
    this.#retries = counter('retries', '{command}', 'Commands that were tried again.')
    this.#failovers = counter('failovers', '{command}', "Commands that went to another server than their key's.")
    this.#downs = counter('server.downs', '{event}', 'How often a server was found to be down.')
  }

  /** Records a call that took some seconds. */
  callEnded(context: CommandChannelContext, seconds: number): void {
    const operation: OtelAttributes = { ...SYSTEM, 'db.operation.name': context.command }
    const attributes = { ...operation, ...serverAttributes(context) }
    if ('error' in context) attributes['error.type'] = errorType(context.error)
    this.#duration.record(seconds, attributes)
    for (const [result, keys] of countKeys(context)) {
      if (keys > 0) this.#keys.add(keys, { ...operation, 'memlane.result': result })
    }
  }

  /** Records the call of a loader that has ended. */
  loadEnded(context: LoadChannelContext): void {
    const outcome = 'error' in context ? 'failed' : 'loaded'
    this.#loads.add(1, { 'memlane.load.reason': context.reason, 'memlane.load.outcome': outcome })
  }

  /** Records a connection that is ready for commands. */
  connectionReady(message: ConnectionReadyMessage): void {
    this.#open.add(nameOf(message))
    this.#connections.add(1, stateOf(message))
    this.#createTime.record(message.createTimeMs / 1000, poolOf(message))
  }

  /** Records a connection that has ended. */
  connectionClosed(message: ConnectionClosedMessage): void {
    if (this.#open.delete(nameOf(message))) this.#connections.add(-1, stateOf(message))
    this.#closed.add(1, { ...poolOf(message), 'memlane.close.reason': message.reason })
  }

  /** Records a command that is tried again. */
  retried({ command }: RetryMessage): void {
    this.#retries.add(1, { ...SYSTEM, 'db.operation.name': command })
  }

  /** Records a command that goes to another server. */
  failedOver({ from, to }: FailoverMessage): void {
    this.#failovers.add(1, { ...SYSTEM, 'memlane.failover.from': from, 'memlane.failover.to': to })
  }

  /** Records a server that is down. */
  serverDown({ server }: ServerDownMessage): void {
    this.#downs.add(1, { ...SYSTEM, 'memlane.server': server })
  }
}

function nameOf({ clientId, connectionId }: ConnectionReadyMessage | ConnectionClosedMessage): string {
  return `${clientId}/${connectionId}`
}

function poolOf({ server }: { readonly server: string }): OtelAttributes {
  return { ...SYSTEM, 'db.client.connection.pool.name': server }
}

function stateOf(message: { readonly server: string }): OtelAttributes {
  return { ...poolOf(message), 'db.client.connection.state': 'used' }
}
