import { errorOf, InvalidInputError } from '../errors.ts'
import { flag } from '../option-checks.ts'
import type { Key } from '../protocol/key.ts'
import { showValue } from '../show-value.ts'
import { isThenable } from '../thenable.ts'
import type { Ttl } from '../ttl.ts'
import { unreadable } from '../unreadable.ts'
import type {
  AddManyOptions,
  AddOptions,
  CallOptions,
  CountManyOptions,
  CountOptions,
  DeleteManyOptions,
  ExtendOptions,
  FlushOptions,
  GetManyOptions,
  GetOptions,
  InvalidateOptions,
  KeyOptions,
  PopOptions,
  RawCommandOptions,
  ReadOptions,
  ReturnTtl,
  ServerOptions,
  SetManyOptions,
  ShutdownOptions,
  UpdateOptions,
  WriteOptions,
} from './call-options.ts'
import { checkSignal } from './check-signal.ts'
import { checkFailures, type Failures } from './failures.ts'
import { foreignCallName } from './foreign-names.ts'
import type { GetOrSetManyOptions, GetOrSetOptions } from './lease/options.ts'

/** Every option of a kind of call: one that is added to the type and not here does not compile. */
export type Names<O> = Readonly<Record<keyof O, true>>

/** The names of the options of some command. */
type AnyNames = Readonly<Record<string, true>>

export const CALL_NAMES: Names<CallOptions> = { signal: true, timeoutMs: true }
export const KEY_NAMES: Names<KeyOptions> = { ...CALL_NAMES, routingKey: true, failures: true }
const READ: Names<ReadOptions> = { ...KEY_NAMES, serde: true, near: true }
export const GET_NAMES: Names<GetOptions> = { ...READ, default: true }
export const POP_NAMES: Names<PopOptions> = { ...GET_NAMES, attempts: true }
export const GET_MANY_NAMES: Names<GetManyOptions> = { ...READ, keyPrefix: true }
export const WRITE_NAMES: Names<WriteOptions> = {
  ...KEY_NAMES,
  serde: true,
  ttl: true,
  clientFlags: true,
  compression: true,
  chunks: true,
}
export const ADD_NAMES: Names<AddOptions> = { ...WRITE_NAMES, reportFailure: true }
export const SET_MANY_NAMES: Names<Omit<SetManyOptions, 'returnEach'>> = { ...WRITE_NAMES, keyPrefix: true }
export const ADD_MANY_NAMES: Names<Omit<AddManyOptions, 'returnEach'>> = { ...ADD_NAMES, keyPrefix: true }
export const DELETE_MANY_NAMES: Names<DeleteManyOptions> = { ...KEY_NAMES, keyPrefix: true }
export const COUNT_NAMES: Names<CountOptions & ReturnTtl> = { ...KEY_NAMES, initial: true, ttl: true, returnTtl: true }
export const COUNT_MANY_NAMES: Names<CountManyOptions> = DELETE_MANY_NAMES
export const EXTEND_NAMES: Names<ExtendOptions> = { ...KEY_NAMES, create: true }
export const INVALIDATE_NAMES: Names<InvalidateOptions> = { ...KEY_NAMES, staleFor: true }
export const UPDATE_NAMES: Names<UpdateOptions> = { ...WRITE_NAMES, attempts: true }
export const GET_OR_SET_NAMES: Names<GetOrSetOptions> = {
  ...WRITE_NAMES,
  emptyTtl: true,
  refreshAhead: true,
  leaseTtl: true,
  waitMs: true,
  staleOnError: true,
  lease: true,
  fresh: true,
  near: true,
}
export const GET_OR_SET_MANY_NAMES: Names<GetOrSetManyOptions> = { ...GET_OR_SET_NAMES, keyPrefix: true }
export const SERVER_NAMES: Names<ServerOptions> = { ...CALL_NAMES, server: true }
export const FLUSH_NAMES: Names<FlushOptions> = { ...SERVER_NAMES, delay: true }
export const SHUTDOWN_NAMES: Names<ShutdownOptions> = { ...SERVER_NAMES, graceful: true }
export const RAW_NAMES: Names<RawCommandOptions> = { ...SERVER_NAMES, endToken: true, body: true }

const KEEPS_TTL =
  ': the server would ignore it, and the item keeps its time to live; see touch, and create for a missing item'
const NO_ANSWER = ': without an answer nobody knows whether the counter is missing'
const NO_CREATION = ': without an answer it is not known whether the item is missing'

/** Hints for an option that another command has, by command and option. */
type Hints = Readonly<Record<string, string>>

const ELSEWHERE: Hints = {
  'append ttl': KEEPS_TTL,
  'prepend ttl': KEEPS_TTL,
  'noreply.append ttl': KEEPS_TTL,
  'noreply.prepend ttl': KEEPS_TTL,
  'noreply.append create': NO_CREATION,
  'noreply.prepend create': NO_CREATION,
  'noreply.incr initial': NO_ANSWER,
  'noreply.decr initial': NO_ANSWER,
}

/**
 * Refuses what is no object of options, and options that the command does not have: one that is misspelt would do nothing,
 * and `set(key, value, 60)` would store for ever. An option that is `undefined` is left out; one that asks for something of
 * the reply (`return…`), `reportFailure` and `near` are true or false.
 *
 * @param hints - What to say of some options. Without them, the message names the options that there are.
 */
export function checkCallOptions(command: string, options: object | undefined, names: AnyNames, hints?: Hints): void {
  if (options === undefined) return
  checkIsOptions(command, options, names)
  try {
    checkEach(command, options, names, hints)
  } catch (cause) {
    throw unreadable(`the options of ${command}`, cause)
  }
}

/** As `checkCallOptions`, for calls whose errors are not named where they are made; those about one key give it. */
export function checkNamed(command: string, options: object | undefined, names: AnyNames, key?: Key): void {
  try {
    checkCallOptions(command, options, names)
  } catch (error) {
    throw errorOf(error, { about: { command, key } })
  }
}

/** Reads every option, so that what throws while it is read does so here. */
function checkEach(command: string, options: object, names: AnyNames, hints: Hints | undefined): void {
  for (const name in options) {
    const value: unknown = options[name as never]
    if (value === undefined) continue
    if (Object.hasOwn(names, name)) {
      if (name.startsWith('return') || name === 'reportFailure' || name === 'near') flag(name, value as boolean, false)
      else if (name === 'failures') checkFailures(value as Failures)
      continue
    }
    const nearest = foreignCallName(name, names)
    const meant = nearest === undefined ? '' : `: did you mean ${nearest}?`
    const known = hints === undefined ? meant || `; it has ${Object.keys(names).join(', ')}` : ''
    const hint = (hints ?? ELSEWHERE)[`${command} ${name}`] ?? known
    throw new InvalidInputError(`${command} has no option ${showValue(name)}${hint}`)
  }
}

/** Whether it can be the options of a call. A `Date` cannot: it is a ttl in the wrong place. */
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
 *
 * @param names - The options that the call has, where they are known.
 */
export function checkIsOptions(command: string, options: unknown, names?: AnyNames): void {
  if (!isCallOptions(options)) {
    const hint = habitHint(options, names)
    throw new InvalidInputError(`the options of ${command} must be an object, got ${showValue(options)}${hint}`)
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

/** Says what takes the place of arguments that other clients have: a time to live, and a callback. */
function habitHint(options: unknown, names: AnyNames | undefined): string {
  if (typeof options === 'function') return ': calls take no callback'
  const isTtl = typeof options === 'number' && (names === undefined || 'ttl' in names)
  return isTtl ? `: ttl goes into options: { ttl: ${options} }` : ''
}

/** Refuses a call without a ttl: the item would never expire, or take the default ttl, and neither was asked for. */
export function requireTtl(ttl: Ttl, command: string): Ttl {
  if (ttl !== undefined) return ttl
  throw new InvalidInputError(`${command} needs a ttl: seconds, 0 (never expires) or a Date`)
}
