import { COMMAND, fillIn, publish, traceSync } from '../channels.ts'
import type { CallName } from '../client/calls/call-name.ts'
import { MASKED, withoutValues } from '../client/calls/calls.ts'
import type { CallResult, CommandChannelContext } from '../client/channel-contexts.ts'
import { checkKeys, type Entries, entriesOf } from '../client/entries.ts'
import type { SetsResult } from '../client/results.ts'
import type { Mutable } from '../mutable.ts'
import type { Key } from '../protocol/key.ts'

/** Place of a call: the client, a namespace, or their writes without replies. */
export interface CallPlace {
  readonly clientId: string
  readonly namespace?: string
  readonly isQuiet?: boolean
}

type Args = readonly unknown[]

/** Reads the result of a call about one key; undefined if its result does not show it. */
type ReadResult = (value: unknown, args: Args) => CallResult | undefined

const found: ReadResult = (value, args) => {
  const { default: fallback } = (args.at(-1) ?? {}) as { readonly default?: unknown }
  if (fallback === undefined) return value === undefined ? 'miss' : 'hit'
  return value === fallback ? undefined : 'hit'
}
const present: ReadResult = (value) => (value === undefined || value === false ? 'miss' : 'hit')
const stored: ReadResult = (value) => (value === true ? 'stored' : 'notStored')
const changed: ReadResult = (value) => (value === undefined || value === false ? 'notFound' : 'ok')
const done: ReadResult = () => 'ok'
const unknown: ReadResult = () => undefined

/** Calls about one key, or none, and the reader of each result. */
const ONE_KEY: Readonly<Record<string, ReadResult>> = {
  get: found,
  gets: found,
  gat: found,
  gats: found,
  has: present,
  inspect: present,
  pop: found,
  set: stored,
  sets: (value) => ((value as SetsResult).stored ? 'stored' : 'notStored'),
  add: stored,
  replace: stored,
  append: stored,
  prepend: stored,
  cas: (value) => value as CallResult,
  delete: changed,
  touch: changed,
  invalidate: changed,
  incr: changed,
  decr: changed,
  getOrSet: unknown,
  update: unknown,
}

const NO_KEY: readonly string[] =
  'version ping stats flushAll cacheMemlimit verbosity shutdown rawCommand noop clear'.split(' ')

/** Reads the result of a call about many keys. */
type ReadNumbers = (value: unknown, keys: number) => CallResult | undefined

const OVER_KEYS: Readonly<Record<string, ReadNumbers>> = {
  getMany: hitsOf,
  getsMany: hitsOf,
  getOrSetMany: () => undefined,
  deleteMany: (value, keys) => ({ stored: value as number, notStored: keys - (value as number) }),
  incrMany: (value, keys) => {
    const { size } = value as ReadonlyMap<unknown, unknown>
    return { stored: size, notStored: keys - size }
  },
}

const OVER_ENTRIES: ReadonlySet<string> = new Set(['setMany', 'addMany'])

function hitsOf(value: unknown, keys: number): CallResult {
  const { size } = value as ReadonlyMap<unknown, unknown>
  return { hits: size, misses: keys - size }
}

/** Call in the form in which it is published. */
interface ToldCall {
  readonly keys: readonly Key[]
  /** Arguments with lists in place of iterables, which may be read once only. */
  readonly args: Args
  readonly read: (value: unknown) => CallResult | undefined
}

/** Runs a call of a synchronous client, and publishes it on the channels: `start`, `end`, and `error` if it throws. */
export function traceCall(place: CallPlace, name: string, args: Args, call: (args: Args) => unknown): unknown {
  const told = COMMAND.hasSubscribers === false ? undefined : describeCall(name, args)
  if (told === undefined) return call(args)
  const { clientId, namespace, isQuiet = false } = place
  const context: Mutable<CommandChannelContext> = {
    command: (isQuiet ? `noreply.${name}` : name) as CallName,
    keys: told.keys,
    batchSize: told.keys.length,
    args: MASKED,
    clientId,
  }
  if (namespace !== undefined) context.namespace = namespace
  try {
    return traceSync(COMMAND, context, () => {
      const value = call(told.args)
      const result = isQuiet ? 'ok' : told.read(value)
      if (result !== undefined) {
        fillIn(() => {
          context.result = result
        })
      }
      return value
    })
  } catch (error) {
    fillIn(() => {
      context.error = withoutValues(error)
    })
    publish(COMMAND.error, context)
    throw error
  } finally {
    publish(COMMAND.end, context)
  }
}

/** Describes a call. Undefined if it is no command (making a namespace, adding a server) or cannot be read. */
function describeCall(name: string, args: Args): ToldCall | undefined {
  const readOne = ONE_KEY[name]
  if (readOne !== undefined) return { keys: [args[0] as Key], args, read: (value) => readOne(value, args) }
  if (NO_KEY.includes(name)) return { keys: [], args, read: done as ToldCall['read'] }
  try {
    return describeMany(name, args)
  } catch {
    return { keys: [], args, read: () => undefined }
  }
}

function describeMany(name: string, [given, ...rest]: Args): ToldCall | undefined {
  const readMany = OVER_KEYS[name]
  if (readMany !== undefined) {
    const keys = checkKeys(given as Iterable<Key>)
    return { keys, args: [keys, ...rest], read: (value) => readMany(value, new Set(keys).size) }
  }
  if (!OVER_ENTRIES.has(name)) return undefined
  const entries = entriesOf(given as Entries<Key>)
  const read = (value: unknown): CallResult => {
    const notStored = (value as readonly unknown[]).length
    return { stored: entries.length - notStored, notStored }
  }
  return { keys: entries.map(([key]) => key), args: [entries, ...rest], read }
}
