import { EventEmitter } from 'node:events'
import type { Memcache } from '../client/memcache.ts'
import { InvalidInputError } from '../errors.ts'
import { flag, refused } from '../option-checks.ts'
import { showValue } from '../show-value.ts'
import { callWith } from './callbacks.ts'
import {
  ADAPTER_NAMES,
  type AdapterOptions,
  type CacheOrServers,
  checkAdapterOptions,
  type HostClient,
  openHostClient,
} from './host-client.ts'
import { openItems } from './host-items.ts'
import { type ResolvedSessionOptions, type SessionData, type SessionSerializer, Sessions } from './sessions.ts'

/** Options of a session store. */
export interface SessionStoreOptions extends AdapterOptions {
  /** Put in front of every session's id. @defaultValue `'sess:'` */
  readonly prefix?: string
  /**
   * Seconds that a session without an end of its cookie is kept; or a function that says it for every session, whatever its
   * cookie. `Infinity`: until it is evicted. @defaultValue `86_400`
   */
  readonly ttl?: number | ((session: SessionData) => number)
  /** Whether requests that leave a session unchanged leave its time in the cache unchanged too. @defaultValue `false` */
  readonly disableTouch?: boolean
  /** Serializer that turns sessions into text and back. @defaultValue `JSON` */
  readonly serializer?: SessionSerializer
  /**
   * Whether the store has `clear()`. Its price: every session's key then carries a number that is an item of its own. If that
   * item is evicted, every user is logged out; and while its server is out, a process that has just started reads no session.
   *
   * @defaultValue `false`
   */
  readonly clearable?: boolean
}

/** Called with the outcome of a call of a session store. */
export type SessionCallback<T> = (error: unknown, result?: T) => void

/** A session store. Each method takes a callback, or gives a promise. */
export interface MemlaneSessionStore extends EventEmitter {
  /** The client that the store uses. */
  readonly cache: Memcache
  /** Reads a session; `null` where there is none. */
  get(id: string): Promise<SessionData | null>
  get(id: string, callback: SessionCallback<never>): void
  /** Stores a session until its cookie ends. One whose cookie has ended is removed. */
  set(id: string, session: object): Promise<void>
  set(id: string, session: object, callback?: SessionCallback<never>): void
  /** Keeps a session until its cookie ends, without sending it. */
  touch(id: string, session: object): Promise<void>
  touch(id: string, session: object, callback?: SessionCallback<never>): void
  /** Removes a session. */
  destroy(id: string): Promise<void>
  destroy(id: string, callback?: SessionCallback<never>): void
  /** Removes every session with one command. Needs `clearable: true`. */
  clear(): Promise<void>
  clear(callback?: SessionCallback<never>): void
  /** Closes the client, if the store has made it. */
  close(): Promise<void>
}

/** The host of a store: `express-session`, which has the class that its stores extend. */
export interface SessionHost<Store extends object> {
  /** The base class of its stores. */
  readonly Store: abstract new (
    ...args: never[]
  ) => Store
}

/** Makes a session store. */
export type CreateSessionStore<Store extends object> = (
  cache?: CacheOrServers,
  options?: SessionStoreOptions,
) => MemlaneSessionStore & Store

const NAME = 'sessionStore'
const NAMES: readonly (keyof SessionStoreOptions)[] = [
  ...ADAPTER_NAMES,
  'ttl',
  'disableTouch',
  'serializer',
  'clearable',
]

/** A day, in seconds. */
const DEFAULT_TTL = 86_400

/**
 * Returns a function that makes stores for `express-session`, which is given, or without it for `@fastify/session`. The store
 * takes a `Memcache`, which it never closes, or servers.
 *
 * A call that fails rejects, whatever the client's option `failures`: a session that counts as missing would log its user out
 * and be overwritten. The store emits neither `connect` nor `disconnect`, at which `express-session` would let requests pass
 * without a session.
 *
 * @example
 * ```ts
 * app.use(session({ store: sessionStore(session)('localhost:11211'), secret, resave: false, saveUninitialized: false }))
 * ```
 */
export function sessionStore(): CreateSessionStore<EventEmitter>
export function sessionStore<Store extends object>(host: SessionHost<Store>): CreateSessionStore<Store>
export function sessionStore<Store extends object>(host?: SessionHost<Store>): CreateSessionStore<Store> {
  const StoreClass = createStoreClass(baseClassOf(host))
  return (cache, options) => new StoreClass(cache, options) as unknown as MemlaneSessionStore & Store
}

function baseClassOf(host: SessionHost<object> | undefined): new () => EventEmitter {
  if (host === undefined) return EventEmitter
  const base: unknown = (host as Partial<SessionHost<object>> | null)?.Store
  if (typeof base === 'function' && base.prototype instanceof EventEmitter) return base as new () => EventEmitter
  throw new InvalidInputError(
    `sessionStore takes express-session itself, or nothing for @fastify/session, got ${showValue(host)}: sessionStore(session)(cache)`,
  )
}

function createStoreClass(
  Base: new () => EventEmitter,
): new (
  cache: CacheOrServers | undefined,
  options: SessionStoreOptions | undefined,
) => EventEmitter {
  return class SessionStore extends Base {
    readonly #client: HostClient
    readonly #sessions: Sessions

    constructor(cache: CacheOrServers | undefined, options: SessionStoreOptions = {}) {
      super()
      const prefix = checkAdapterOptions(NAME, options, NAMES, 'sess:')
      const resolved = resolveOptions(options)
      this.#client = openHostClient(NAME, cache, options.client)
      this.#sessions = new Sessions(openItems(this.#client.cache, prefix, resolved.clearable), resolved)
    }

    get cache(): Memcache {
      return this.#client.cache
    }

    get(id: string, callback?: SessionCallback<unknown>): unknown {
      return answer(() => this.#sessions.get(id), callback)
    }

    set(id: string, session: object, callback?: SessionCallback<void>): unknown {
      return answer(() => this.#sessions.set(id, session), callback)
    }

    touch(id: string, session: object, callback?: SessionCallback<void>): unknown {
      return answer(() => this.#sessions.touch(id, session), callback)
    }

    destroy(id: string, callback?: SessionCallback<void>): unknown {
      return answer(() => this.#sessions.destroy(id), callback)
    }

    clear(callback?: SessionCallback<void>): unknown {
      return answer(() => this.#sessions.clear(), callback)
    }

    close(): Promise<void> {
      return this.#client.close()
    }
  }
}

/** Returns the outcome of a call, or gives it to the callback. */
function answer<T>(call: () => Promise<T>, callback: SessionCallback<T> | undefined): Promise<T> | undefined {
  const outcome = new Promise<T>((resolve) => {
    resolve(call())
  })
  if (callback === undefined) return outcome
  callWith(outcome, callback)
  return undefined
}

function resolveOptions({
  ttl = DEFAULT_TTL,
  disableTouch,
  serializer = JSON,
  clearable,
}: SessionStoreOptions): ResolvedSessionOptions {
  if (typeof ttl !== 'function' && !(typeof ttl === 'number' && ttl > 0))
    throw refused('ttl', 'a number of seconds above 0, Infinity, or a function that gives one', ttl)
  if (typeof serializer?.stringify !== 'function' || typeof serializer.parse !== 'function')
    throw refused('serializer', 'an object with stringify and parse', serializer)
  return {
    ttl,
    disableTouch: flag('disableTouch', disableTouch, false),
    serializer,
    clearable: flag('clearable', clearable, false),
  }
}
