import { InvalidInputError } from '../errors.ts'
import { showValue } from '../show-value.ts'
import { isThenable } from '../thenable.ts'
import type { Ttl } from '../ttl.ts'
import { unreadable } from '../unreadable.ts'
import type {
  CallOptions,
  CountManyOptions,
  CountOptions,
  DeleteManyOptions,
  FlushOptions,
  GetManyOptions,
  GetOptions,
  InvalidateOptions,
  KeyOptions,
  PopOptions,
  RawCommandOptions,
  ReadOptions,
  ServerOptions,
  SetManyOptions,
  ShutdownOptions,
  WriteOptions,
} from './call-options.ts'
import { checkSignal } from './check-signal.ts'
import type { GetOrSetManyOptions, GetOrSetOptions } from './lease/options.ts'
import type { UpdateOptions } from './update.ts'

/** Every option of a kind of call: one that is added to the type and not here does not compile. */
type Names<O> = Readonly<Record<keyof O, true>>

const CALL: Names<CallOptions> = { signal: true, timeoutMs: true }
const KEY: Names<KeyOptions> = { ...CALL, routingKey: true }
const READ: Names<ReadOptions> = { ...KEY, serde: true }
const GET: Names<GetOptions> = { ...READ, default: true }
const POP: Names<PopOptions> = { ...READ, attempts: true }
const GET_MANY: Names<GetManyOptions> = { ...READ, keyPrefix: true }
const WRITE: Names<WriteOptions> = { ...READ, ttl: true, clientFlags: true, compression: true }
const SET_MANY: Names<SetManyOptions> = { ...WRITE, keyPrefix: true }
const DELETE_MANY: Names<DeleteManyOptions> = { ...KEY, keyPrefix: true }
const COUNT: Names<CountOptions> = { ...KEY, initial: true, ttl: true }
const COUNT_MANY: Names<CountManyOptions> = { ...KEY, keyPrefix: true }
const INVALIDATE: Names<InvalidateOptions> = { ...KEY, staleFor: true }
const UPDATE: Names<UpdateOptions> = { ...WRITE, attempts: true }
const GET_OR_SET: Names<GetOrSetOptions> = {
  ...WRITE,
  emptyTtl: true,
  refreshAhead: true,
  leaseTtl: true,
  waitMs: true,
  staleOnError: true,
  lease: true,
}
const GET_OR_SET_MANY: Names<GetOrSetManyOptions> = { ...GET_OR_SET, keyPrefix: true }
const SERVER: Names<ServerOptions> = { ...CALL, server: true }
const FLUSH: Names<FlushOptions> = { ...SERVER, delay: true }
const SHUTDOWN: Names<ShutdownOptions> = { ...SERVER, graceful: true }
const RAW: Names<RawCommandOptions> = { ...SERVER, endToken: true, body: true }

/** The options of every command. */
const COMMANDS: Readonly<Record<string, Readonly<Record<string, true>>>> = {
  get: GET,
  gets: GET,
  gat: GET,
  gats: GET,
  has: KEY,
  inspect: KEY,
  getMany: GET_MANY,
  getsMany: GET_MANY,
  set: WRITE,
  add: WRITE,
  replace: WRITE,
  append: KEY,
  prepend: KEY,
  setMany: SET_MANY,
  addMany: SET_MANY,
  cas: WRITE,
  delete: KEY,
  deleteMany: DELETE_MANY,
  pop: POP,
  getOrSet: GET_OR_SET,
  getOrSetMany: GET_OR_SET_MANY,
  update: UPDATE,
  invalidate: INVALIDATE,
  touch: KEY,
  incr: COUNT,
  decr: COUNT,
  incrMany: COUNT_MANY,
  version: SERVER,
  ping: SERVER,
  stats: SERVER,
  flushAll: FLUSH,
  cacheMemlimit: SERVER,
  verbosity: SERVER,
  shutdown: SHUTDOWN,
  rawCommand: RAW,
  noop: SERVER,
  serverFor: KEY,
  'noreply.incr': KEY,
  'noreply.decr': KEY,
}

const KEEPS_TTL = ': the server would ignore it, and the item keeps its time to live; see touch'
const NO_ANSWER = ': without an answer nobody knows whether the counter is missing'

/** What to say of an option that another command has. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'append ttl': KEEPS_TTL,
  'prepend ttl': KEEPS_TTL,
  'noreply.incr initial': NO_ANSWER,
  'noreply.decr initial': NO_ANSWER,
}

/**
 * Refuses what is no object of options, and options that the command does not have: one that is misspelt would do nothing,
 * and `set(key, value, 60)` would store for ever. An option that is `undefined` is left out.
 */
export function checkCallOptions(command: string, options: object | undefined): void {
  if (options === undefined) return
  checkIsOptions(command, options)
  try {
    refuseUnknown(command, options)
  } catch (cause) {
    throw unreadable(`the options of ${command}`, cause)
  }
}

/** Reads every option, so that what throws while it is read does so here. */
function refuseUnknown(command: string, options: object): void {
  const names = COMMANDS[command]!
  for (const name in options) {
    if (options[name as never] === undefined || Object.hasOwn(names, name)) continue
    const hint = ELSEWHERE[`${command} ${name}`] ?? `; it has ${Object.keys(names).join(', ')}`
    throw new InvalidInputError(`${command} has no option ${showValue(name)}${hint}`)
  }
}

/** Whether it can be the options of a call. A `Date` cannot: somebody may think that a ttl goes there. */
export function isCallOptions(options: unknown): boolean {
  try {
    return options === undefined || Object.prototype.toString.call(options) === '[object Object]'
  } catch {
    // A `Proxy` that was revoked, or one whose traps throw.
    return false
  }
}

/**
 * Refuses what is no object of options, a signal that is none, and a `default` that the call would wait for: the first look at
 * the options of every call.
 */
export function checkIsOptions(command: string, options: unknown): void {
  if (!isCallOptions(options)) {
    throw new InvalidInputError(`the options of ${command} must be an object, got ${showValue(options)}`)
  }
  if (options === undefined) return
  try {
    const { signal, default: fallback } = options as GetOptions<unknown>
    checkSignal(signal)
    if (isThenable(fallback)) throw new InvalidInputError('option default must not be a promise: await it first')
  } catch (cause) {
    throw unreadable(`the options of ${command}`, cause)
  }
}

/** Without a ttl the item would become immortal, or take the default's; neither is what was meant. */
export function requireTtl(ttl: Ttl, command: string): Ttl {
  if (ttl !== undefined) return ttl
  throw new InvalidInputError(`${command} needs a ttl: seconds, 0 (never expires) or a Date`)
}
