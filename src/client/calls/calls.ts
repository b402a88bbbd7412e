import { COMMAND, trace } from '../../channels.ts'
import { BatchError, errorOf, MemcacheError } from '../../errors.ts'
import type { Mutable } from '../../mutable.ts'
import type { Key } from '../../protocol/key.ts'
import type { Outcome } from '../../protocol/reply.ts'
import type { Server } from '../../server-address.ts'
import type { CallResult, CommandChannelContext } from '../channel-contexts.ts'
import { checkKeys, type Entries, entriesOf } from '../entries.ts'
import type { CallName } from './call-name.ts'
import { Loads } from './loads.ts'
import { CALLS, Tally } from './tally.ts'

/** Arguments of every call, as contexts show them. */
export const MASKED: readonly string[] = Object.freeze(['?'])

let clients = 0

/** Parts that all calls of a client share. */
interface CallsInit {
  readonly clientId: string
  /** Tallies by the names of calls; undefined: calls are not counted. */
  readonly tallies: Map<CallName, Tally> | undefined
  readonly servers: () => readonly Server[]
  readonly loads: Loads
}

type Context = Mutable<CommandChannelContext>

/** The public calls of a client or of one of its namespaces: counts them, and publishes them on the channels of commands. */
export class Calls {
  readonly #init: CallsInit
  readonly #namespace: string | undefined
  readonly #kinds: Map<CallName, CallKind> = new Map()

  /** @internal */
  constructor(init: CallsInit, namespace: string | undefined) {
    this.#init = init
    this.#namespace = namespace
  }

  /** Identifies the client in this process. */
  get clientId(): string {
    return this.#init.clientId
  }

  /** The calls of loaders. */
  get loads(): Loads {
    return this.#init.loads
  }

  /** Tallies by the names of calls; empty where calls are not counted. */
  get tallies(): ReadonlyMap<CallName, Tally> {
    return this.#init.tallies ?? new Map()
  }

  /** Begins to count anew. */
  reset(): void {
    for (const tally of this.tallies.values()) tally.reset()
    this.loads.reset()
  }

  /** Returns the calls of a namespace, which count with those of the client. */
  within(namespace: string): Calls {
    return new Calls(this.#init, namespace)
  }

  /** Returns the calls of one name. */
  of(name: CallName): CallKind {
    const known = this.#kinds.get(name)
    if (known !== undefined) return known
    const kind = new CallKind(name, this.#init, this.#namespace)
    this.#kinds.set(name, kind)
    return kind
  }
}

/** Makes the calls of a client. */
export function createCalls(isCounting: boolean, servers: () => readonly Server[]): Calls {
  const tallies = isCounting ? new Map<CallName, Tally>() : undefined
  const clientId = `memlane-${++clients}`
  return new Calls({ clientId, tallies, servers, loads: new Loads(clientId, isCounting) }, undefined)
}

/** Whether calls are published. In runtimes that do not say whether there are subscribers, every call is. */
export function isTraced(): boolean {
  return COMMAND.hasSubscribers !== false
}

/** Carries out a call, and counts in the tally what comes of its keys. */
type Body<T> = (tally: Tally | undefined) => Promise<T>

/** The calls of one name. */
export class CallKind {
  readonly #name: CallName
  readonly #init: CallsInit
  readonly #namespace: string | undefined
  readonly #tally: Tally | undefined

  constructor(name: CallName, init: CallsInit, namespace: string | undefined) {
    this.#name = name
    this.#init = init
    this.#namespace = namespace
    this.#tally = tallyOf(name, init.tallies)
  }

  /** Counts a call, and returns the tally of its keys; undefined where calls are not counted. */
  count(): Tally | undefined {
    const tally = this.#tally
    if (tally !== undefined) tally.counts[CALLS]!++
    return tally
  }

  /** Carries out a call about one key, or about none. */
  run<T>(key: Key | undefined, body: Body<T>): Promise<T> {
    return isTraced() ? this.trace(key === undefined ? [] : [key], body) : body(this.count())
  }

  /** Carries out a call about servers rather than keys. */
  runKeyless<T>(body: () => Promise<T>): Promise<T> {
    if (isTraced()) return this.trace([], body, 'none')
    const tally = this.count()
    return body().catch((error: unknown) => {
      tally?.failCall(error)
      throw error
    })
  }

  /** Carries out a call about many keys. */
  runMany<K extends Key, T>(
    keys: Iterable<K>,
    body: (keys: Iterable<K>, tally: Tally | undefined) => Promise<T>,
  ): Promise<T> {
    return isTraced() ? this.#traceList(keys, checkKeys<K>, (key) => key, body) : body(keys, this.count())
  }

  /** Carries out a call about many entries. */
  runEntries<K extends Key, V, T>(
    entries: Entries<K, V>,
    body: (entries: Entries<K, V>, tally: Tally | undefined) => Promise<T>,
  ): Promise<T> {
    if (!isTraced()) return body(entries, this.count())
    return this.#traceList(
      entries,
      (given) => entriesOf(given) as (readonly [K, V])[],
      ([key]) => key,
      body,
    )
  }

  /** Reads what the caller gave only once: it may be an iterator. */
  #traceList<Given, Entry, T>(
    given: Given,
    list: (given: Given) => Given & Entry[],
    keyOf: (entry: Entry) => Key,
    body: (given: Given, tally: Tally | undefined) => Promise<T>,
  ): Promise<T> {
    let entries: Given & Entry[]
    try {
      entries = list(given)
    } catch (error) {
      return this.trace([], (tally) => refuse(tally, error))
    }
    return this.trace(entries.map(keyOf), (tally) => body(entries, tally), 'many')
  }

  /** Carries out a call and publishes it. */
  trace<T>(keys: readonly Key[], body: Body<T>, about: 'none' | 'one' | 'many' = 'one'): Promise<T> {
    const total = this.count()
    const tally = new Tally(true, this.#name)
    const { clientId, servers } = this.#init
    const context: Context = { command: this.#name, keys, batchSize: keys.length, args: MASKED, clientId }
    if (this.#namespace !== undefined) context.namespace = this.#namespace
    const known = servers()
    if (known.length === 1) nameServer(context, known[0])
    return trace(COMMAND, context, () => body(tally), {
      called: () => nameServer(context, findServer(known, tally.operation?.holder?.server)),
      succeeded: () => {
        total?.merge(tally)
        nameServer(context, findServer(servers(), tally.server))
        context.result = resultOf(tally, this.#name, about === 'many')
      },
      failed: (error) => {
        // Nothing else counts it.
        if (about === 'none') tally.failCall(error)
        total?.merge(tally)
        const name = tally.server ?? (error instanceof MemcacheError ? error.server : undefined)
        nameServer(context, findServer(servers(), name))
        return withoutValues(error)
      },
    })
  }
}

/** Counts a call that cannot be carried out, and rejects with an error that names it. */
export function refuse(
  tally: Tally | undefined,
  error: unknown,
  key?: Key,
  name: CallName | undefined = tally?.name,
): Promise<never> {
  tally?.fail(error)
  return Promise.reject(name === undefined ? error : errorOf(error, { about: { command: name, key } }))
}

/** Carries out a call that does not count what it throws. */
export function attemptCall<T>(
  tally: Tally | undefined,
  call: () => Promise<T>,
  key?: Key,
  name?: CallName,
): Promise<T> {
  try {
    return call()
  } catch (error) {
    return refuse(tally, error, key, name)
  }
}

function tallyOf(name: CallName, tallies: Map<CallName, Tally> | undefined): Tally | undefined {
  if (tallies === undefined) return undefined
  const tally = tallies.get(name) ?? new Tally(false, name)
  tallies.set(name, tally)
  return tally
}

function findServer(servers: readonly Server[], name: string | undefined): Server | undefined {
  return name === undefined ? undefined : servers.find((server) => server.name === name)
}

function nameServer(context: Context, server: Server | undefined): void {
  if (server === undefined) return
  const { endpoint } = server
  context.serverAddress = 'path' in endpoint ? endpoint.path : endpoint.host
  if ('port' in endpoint) context.serverPort = endpoint.port
}

const WORDS: Readonly<Partial<Record<Outcome, CallResult>>> = {
  hit: 'hit',
  miss: 'miss',
  stored: 'stored',
  notStored: 'notStored',
  exists: 'exists',
  notFound: 'notFound',
}

function resultOf({ counts, outcome }: Tally, name: CallName, isMany: boolean): CallResult {
  const [, , hits = 0, misses = 0, stored = 0, notStored = 0] = counts
  if (name.startsWith('noreply.')) return 'ok'
  if (isMany) return name.startsWith('get') ? { hits, misses } : { stored, notStored }
  if (outcome !== undefined) return WORDS[outcome] ?? 'ok'
  if (hits > 0) return 'hit'
  if (misses > 0) return 'miss'
  if (stored > 0) return name === 'update' ? 'stored' : 'ok'
  return notStored > 0 ? 'notStored' : 'ok'
}

/** Returns the error that a context has: a batch's error carries what was found. */
export function withoutValues(error: unknown): unknown {
  if (!(error instanceof BatchError)) return error
  const { message, done, failed } = error
  const copy = new BatchError(message, { found: new Map<never, never>(), done, failed }, error)
  copy.stack = error.stack ?? ''
  return copy
}
