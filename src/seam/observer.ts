import type { MemcacheError, ProtocolError } from '../errors.ts'
import { ignore } from '../ignore.ts'
import type { Operation } from '../protocol/operation.ts'
import type { Endpoint } from '../server-address.ts'
import { throwLater } from '../throw-later.ts'

/** A connection for commands: the same object from its first attempt to its end, so that observers can key state by it. */
export interface ObservedConnection {
  /** Name of the server. */
  readonly server: string
}

/** State of a connection that has become ready for commands. */
export interface OpenedConnection {
  readonly protocol: 'meta' | 'text'
  /** Version that the server reported; empty when it reported none. */
  readonly version: string
  /** Whether the connection carries TLS. */
  readonly encrypted: boolean
  /** Time from the start of the attempt, in milliseconds: name look-up, dial, TLS, login and handshake. */
  readonly createMs: number
}

/** State of a connection that has ended. */
export interface ClosedConnection {
  /**
   * Reason: it had no command for `idleTimeoutMs`; the client closed it; the server is to be asked again, on another one,
   * which protocol it speaks; or it failed.
   */
  readonly why: 'idle' | 'closed' | 'renewed' | 'failed'
  readonly error: MemcacheError
  /** Whether it was ever ready for commands. */
  readonly wasOpen: boolean
  /** Number of operations on it, which settle or move to another connection after this; those given up count. */
  readonly pending: number
}

/** Further facts about a write; to be asked during the event, and not kept. */
export interface WrittenBatch {
  /** When the turn of the event loop began whose commands it holds, on the monotonic clock. */
  readonly startedAt: number
  /** Reads that joined the line of another one. */
  readonly coalescedReads: number
  /** Name of its first command. */
  readonly firstCommand: string
  /** Number of its commands that read a value. */
  readonly reads: number
}

/** Events of the layers below a client, with the arguments of their observers. All of them are rare. */
export interface ObserverEvents {
  /** A stream to a server was opened, for commands or for one exchange; nothing has been written to it. */
  streamOpened: [server: string, stream: object]
  /**
   * An attempt to make a connection for commands begins; `tls`: it is to be encrypted. Not called for one that is ended
   * before that.
   */
  connectionStarted: [connection: ObservedConnection, endpoint: Endpoint, tls: boolean]
  /** The connection is ready, and writes nothing before this. */
  connectionOpened: [connection: ObservedConnection, opened: OpenedConnection]
  /** The connection ended. Called once for every one whose attempt began, before its operations settle. */
  connectionClosed: [connection: ObservedConnection, closed: ClosedConnection]
  /** A reply did not fit what was asked. Called before the connection ends. */
  desync: [error: ProtocolError]
  /** Quiet operations failed, for which no call waits. */
  unclaimedError: [error: MemcacheError, operations: readonly Operation[]]
  /** A server of several failed so often that it counts as down. Its operations have been moved before this. */
  serverDown: [server: string, error: MemcacheError, failures: number]
  /** A server that was down takes commands again; `removedKeys` keys were removed from it before. */
  serverUp: [server: string, downMs: number, removedKeys: number]
  /** More keys of this server were written elsewhere than are remembered; `zone`: its name, with several zones. */
  rejoinOverflow: [server: string, maxKeys: number, zone?: string]
  /** A server of a zone counts as down, the first one of the zone. */
  zoneDown: [zone: string, error: MemcacheError]
  /** All servers of a zone take commands again, and hold no outdated key; `removedKeys` keys were removed from them. */
  zoneUp: [zone: string, downMs: number, removedKeys: number]
  /** Servers were added or removed, by name. Also called with the first list. */
  serversChanged: [added: readonly string[], removed: readonly string[]]
  /** The source of the servers failed; the last list stays in force. */
  sourceFailed: [error: MemcacheError]
  /** An operation is about to be tried again; `attempt` counts from 2, `error` ended the attempt before. */
  retried: [operation: Operation, attempt: number, error: MemcacheError]
  /** An older cluster failed at an operation; the call goes on without it. */
  fallbackFailed: [error: MemcacheError, operation: Operation]
  /**
   * A write failed, after everything that was tried. Called before the call rejects, if `watchesWrites` says so; `zone`: it
   * failed in that zone.
   */
  writeFailed: [operation: Operation, error: MemcacheError, zone?: string]
}

/**
 * Events that come with every operation, write or read of a socket: undefined where no observer listens, so that they cost a
 * check. Emitted in the middle of a connection's work: observers take notes, and neither dispatch nor end anything.
 */
export interface FrequentEvents {
  /** An operation goes to another server than its key's. Called for every one of them while that server is out. */
  failedOver: [operation: Operation, from: string, to: string]
  /** A connection wrote once: number of commands, its own questions included, and bytes. */
  batchWritten: [connection: ObservedConnection, commands: number, bytes: number, batch: WrittenBatch]
  /**
   * Replies that came together were read: number of commands that they answered, and bytes. The commands of all batches
   * are answered in their order, or end with the connection. `receivedAt` is a time of the monotonic clock.
   */
  repliesReceived: [connection: ObservedConnection, commands: number, bytes: number, receivedAt: number]
}

interface AllEvents extends ObserverEvents, FrequentEvents {}

/** A function that observes one event, without using `this`. */
type Listener<Event extends readonly unknown[]> = (...event: Event) => void

/** Question that observers answer. */
interface WatchesWrites {
  /** Whether `writeFailed` is wanted at this moment; undefined: never. Writes are not watched otherwise. */
  readonly watchesWrites: (() => boolean) | undefined
}

/**
 * Receives what happens in the layers below a client: the one way up. `compose.ts` gives it to every layer. Decides
 * nothing; what a neighbour has to decide is a callback of its own (`ConnectionDecisions`, `PoolDecisions`,
 * `MemberDecisions`).
 */
export type ClientObserver = { readonly [E in keyof ObserverEvents]: Listener<ObserverEvents[E]> } & {
  readonly [E in keyof FrequentEvents]: Listener<FrequentEvents[E]> | undefined
} & WatchesWrites

type Listeners = { readonly [E in keyof AllEvents]?: Listener<AllEvents[E]> }

/** An observer of some events. One with `writeFailed` and without `watchesWrites` watches every write. */
export type Observing = Listeners & Partial<WatchesWrites>

/**
 * Joins observers into one; each event reaches them in their order. An observer's error is thrown again later, outside
 * the work that called it: neither a connection nor another observer notices.
 */
export function joinObservers(observers: readonly Observing[]): ClientObserver {
  return Object.freeze({
    streamOpened: join(observers, 'streamOpened') ?? ignore,
    connectionStarted: join(observers, 'connectionStarted') ?? ignore,
    connectionOpened: join(observers, 'connectionOpened') ?? ignore,
    connectionClosed: join(observers, 'connectionClosed') ?? ignore,
    desync: join(observers, 'desync') ?? ignore,
    unclaimedError: join(observers, 'unclaimedError') ?? ignore,
    serverDown: join(observers, 'serverDown') ?? ignore,
    serverUp: join(observers, 'serverUp') ?? ignore,
    rejoinOverflow: join(observers, 'rejoinOverflow') ?? ignore,
    zoneDown: join(observers, 'zoneDown') ?? ignore,
    zoneUp: join(observers, 'zoneUp') ?? ignore,
    serversChanged: join(observers, 'serversChanged') ?? ignore,
    sourceFailed: join(observers, 'sourceFailed') ?? ignore,
    retried: join(observers, 'retried') ?? ignore,
    fallbackFailed: join(observers, 'fallbackFailed') ?? ignore,
    writeFailed: join(observers, 'writeFailed') ?? ignore,
    failedOver: join(observers, 'failedOver'),
    batchWritten: join(observers, 'batchWritten'),
    repliesReceived: join(observers, 'repliesReceived'),
    watchesWrites: joinWatches(observers),
  })
}

/** The default: observes nothing. */
export const NO_OBSERVER: ClientObserver = /* @__PURE__ */ joinObservers([])

/** Returns an observer for an older cluster: without the events of servers that come, go, fail and return. */
export function withoutServers(observer: ClientObserver): ClientObserver {
  const { serverDown, serverUp, rejoinOverflow, serversChanged } = NO_OBSERVER
  return Object.freeze({ ...observer, serverDown, serverUp, rejoinOverflow, serversChanged })
}

/** Returns the listeners of one event as one function: the only one itself, behind its guard, or a loop over all. */
function join<E extends keyof AllEvents>(observers: readonly Listeners[], name: E): Listener<AllEvents[E]> | undefined {
  const listeners: Listener<AllEvents[E]>[] = []
  for (const observer of observers) {
    const listener: Listener<AllEvents[E]> | undefined = observer[name]
    if (listener !== undefined) listeners.push(guard(listener))
  }
  if (listeners.length < 2) return listeners[0]
  return (...event) => {
    for (const listener of listeners) listener(...event)
  }
}

function guard<Event extends readonly unknown[]>(listener: Listener<Event>): Listener<Event> {
  return (...event) => {
    try {
      listener(...event)
    } catch (error) {
      throwLater(error)
    }
  }
}

function joinWatches(observers: readonly Observing[]): (() => boolean) | undefined {
  const listening = observers.filter(({ writeFailed }) => writeFailed !== undefined)
  const watches = listening.map(({ watchesWrites }) => watchesWrites ?? always)
  if (watches.length < 2) return watches[0]
  return () => watches.some((watchesWrites) => watchesWrites())
}

function always(): boolean {
  return true
}
