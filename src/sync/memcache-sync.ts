/* oxlint-disable typescript/no-unsafe-declaration-merging -- the methods are added below, for every one of Memcache */
import type { Buffer } from 'node:buffer'
import { EventEmitter } from 'node:events'
import { HITS, MISSES, NOT_STORED, STORED, type Tally } from '../client/calls/tally.ts'
import { checkKeys } from '../client/entries.ts'
import type { MemcacheEvents } from '../client/events.ts'
import { Memcache } from '../client/memcache.ts'
import type { ClientMetrics } from '../client/metrics.ts'
import { addCalls } from '../client/metrics-snapshot.ts'
import { BatchError } from '../errors.ts'
import { showAs } from '../inspect.ts'
import { overrideOptions } from '../known-options.ts'
import type { Key } from '../protocol/key.ts'
import type { SerializedValue } from '../serde/serde.ts'
import type { ServerSpec } from '../server-address.ts'
import { addCommands, type OwnCommand } from './commands.ts'
import { Handover } from './direct/handover.ts'
import { ServerRoutes } from './direct/server-routes.ts'
import { DIRECT_WRITES, type DirectWrite } from './direct/writes.ts'
import type { MemcacheSyncCommands } from './generated/sync-commands.ts'
import { createMapping, type MemcacheMapping } from './mapping.ts'
import { type MemcacheSyncOptions, separateOptions } from './options.ts'
import { shownOf } from './shown.ts'
import { checkSynchronous, SyncCore } from './sync-core.ts'

/** Parts of a client. */
interface Parts {
  readonly core: SyncCore
  /** Local client that never connects: it checks arguments, and does work that needs no server. */
  readonly local: Memcache
  readonly servers: ServerSpec | readonly ServerSpec[] | undefined
  readonly options: MemcacheSyncOptions
}

const parts: WeakMap<object, Parts> = new WeakMap()

/**
 * `Memcache` without `await`: every command with the same options, which returns its result and throws its errors. The
 * thread is blocked until the result is there, so this is for scripts, command lines, the loading of configuration and
 * migrations, never for servers.
 *
 * A worker has the sockets. The worker starts with the first command and ends with `close()`, and does not keep the
 * process alive. Serdes, schemas, loaders, distributions and other functions run in the calling thread, must not be
 * asynchronous, and get the values themselves. `signal`, `connect`, `middleware`, `nearCache`, `logger` and sources of servers are
 * refused: they could not work while the thread is blocked. Events are emitted during the calls, or else when the
 * thread is free.
 *
 * @throws `ConnectionClosedError` with `delivery: 'unknown'` - from every call: the worker ended in the middle of it.
 * The next call starts another.
 *
 * @example
 * ```ts
 * using cache = new MemcacheSync('localhost:11211')
 * cache.set('user:1', { name: 'Ada' }, { ttl: 60 })
 * const user = cache.get<{ name: string }>('user:1') // undefined when it is not there
 * ```
 */
export class MemcacheSync extends EventEmitter<MemcacheEvents> implements Disposable {
  /**
   * @param servers - One server or several; `localhost:11211` when left out.
   * @param options - Those of `Memcache`, and `direct`; checked here: a bad one throws `InvalidInputError` that names it.
   */
  constructor(servers?: ServerSpec | readonly ServerSpec[], options: MemcacheSyncOptions = {}) {
    super()
    const { direct, options: own } = separateOptions(options)
    checkSynchronous(servers, own)
    const local = new Memcache(servers, own)
    const routes = new ServerRoutes(local)
    const core = new SyncCore({ kind: 'Memcache', servers, options: own, emitter: this, routes, direct })
    showAs(this, () => shownOf(servers, own))
    parts.set(this, { core, local, servers, options })
  }

  /**
   * Returns the client's serialized form of a value; throws `SerdeError` if it cannot. Compression is a later stage.
   */
  serialize(value: unknown, key: Key = ''): SerializedValue {
    return partsOf(this).local.serialize(value, key)
  }

  /** Returns the value of stored bytes, read by the client's serde; throws `SerdeError` if it cannot. */
  deserialize(data: Uint8Array, clientFlags: number, key: Key = ''): unknown {
    return partsOf(this).local.deserialize(data, clientFlags, key)
  }

  /** Returns the key's bytes on the wire, prefix included; throws `InvalidInputError` for a key that cannot be used. */
  checkKey(key: Key): Buffer {
    return partsOf(this).local.checkKey(key)
  }

  /**
   * Creates a client with the servers and options that this one was made with, except the overrides, and a worker of
   * its own. Changes by `addServer` and `removeServer` are not carried over. An undefined override is ignored.
   */
  clone(overrides: MemcacheSyncOptions = {}): MemcacheSync {
    const { servers, options } = partsOf(this)
    return new MemcacheSync(servers, overrideOptions(options, overrides))
  }

  /**
   * Returns the client as a mapping, as in pylibmc: `map['key']` reads (a miss is `undefined`), an assignment stores,
   * `delete` removes, `in` checks. An assignment that was not stored throws. There is no iteration: memcached does not
   * list keys.
   *
   * @example
   * ```ts
   * const map = cache.asMap()
   * map['user:1'] = { name: 'Ada' }
   * if ('user:1' in map) delete map['user:1']
   * ```
   */
  asMap<T = unknown>(): MemcacheMapping<T> {
    return createMapping<T>(this)
  }

  /** Finishes, closes the connections and ends the worker; afterwards every call throws `ClosedError`. */
  close(): void {
    partsOf(this).core.close()
  }

  /** Closes for good at once; afterwards every call throws `ClosedError`. */
  destroy(): void {
    partsOf(this).core.destroy()
  }

  /** The same as {@link MemcacheSync.close}: for `using`. */
  [Symbol.dispose](): void {
    this.close()
  }
}

export interface MemcacheSync
  extends Omit<MemcacheSyncCommands, 'serialize' | 'deserialize' | 'checkKey' | 'close' | 'destroy'> {}

function partsOf(client: object): Parts {
  return parts.get(client)!
}

/** Carries out a command on the direct way, and counts it there unless it goes on through the worker. */
function goDirect(
  core: SyncCore,
  name: 'get' | 'getMany' | DirectWrite,
  args: readonly unknown[],
  run: () => unknown,
  count: (tally: Tally, result: unknown) => void,
): unknown {
  let result: unknown
  try {
    result = run()
  } catch (error) {
    countFailure(core.calls.of(name).count(), error, args)
    throw error
  }
  if (Handover.is(result)) return core.goOn(name, args, result)
  const tally = core.calls.of(name).count()
  if (tally !== undefined) count(tally, result)
  return result
}

function countFailure(tally: Tally | undefined, error: unknown, args: readonly unknown[]): void {
  if (!(error instanceof BatchError)) return tally?.fail(error)
  const { found, failed } = error
  tally?.addMany(true, new Set(args[0] as Key[]).size - failed.size, found.size)
  for (const reason of failed.values()) tally?.fail(reason)
}

const get: OwnCommand = (core, args) => {
  const { direct } = core
  if (args[1] !== undefined || direct === undefined) return core.call(undefined, 'get', args)
  return goDirect(core, 'get', args, () => direct.reads.get(args[0] as Key), countFound)
}

function countFound(tally: Tally, result: unknown): void {
  tally.add(result === undefined ? MISSES : HITS)
}

/** Counts a write: the result of a cas is a word, of a counter its value. */
function countWritten(tally: Tally, result: unknown): void {
  const isRefused = result === false || result === undefined || result === 'exists' || result === 'notFound'
  tally.add(isRefused ? NOT_STORED : STORED)
}

const getMany: OwnCommand = (core, args) => {
  if (args[1] !== undefined || core.direct === undefined) return core.call(undefined, 'getMany', args)
  // A list of our own: the keys are read more than once.
  const keys = checkKeys(args[0] as Iterable<Key>)
  const { reads } = core.direct
  return goDirect(
    core,
    'getMany',
    [keys],
    () => reads.getMany(keys),
    (tally, found) => tally.addMany(true, new Set(keys).size, (found as ReadonlyMap<Key, unknown>).size),
  )
}

const writes = DIRECT_WRITES.map((name): [string, OwnCommand] => [
  name,
  (core, args) => {
    const way = core.direct?.writes
    if (way === undefined) return core.call(undefined, name, args)
    return goDirect(core, name, args, () => way.run(name, args), countWritten)
  },
])

/** Returns the worker's numbers, with those of the direct way added. */
const metrics: OwnCommand = (core, args) =>
  addCalls(core.call(undefined, 'metrics', args) as ClientMetrics, core.calls.tallies)

const resetMetrics: OwnCommand = (core, args) => {
  core.calls.reset()
  return core.call(undefined, 'resetMetrics', args)
}

addCommands(MemcacheSync.prototype, Memcache.prototype, (client) => partsOf(client).core, {
  get,
  getMany,
  metrics,
  resetMetrics,
  ...Object.fromEntries(writes),
})
