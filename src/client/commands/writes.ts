import type { StoreRequest } from '../../protocol/classic-request.ts'
import type { Key } from '../../protocol/key.ts'
import type { MetaSetFlags, MetaSetRequest } from '../../protocol/meta/request.ts'
import type { Interpret, Operation } from '../../protocol/operation.ts'
import { DELETE, type Request } from '../../protocol/request.ts'
import { MAX_RELATIVE_SECONDS, type Ttl } from '../../ttl.ts'
import type {
  AddOptions,
  CountOptions,
  InvalidateOptions,
  KeyOptions,
  ReturnTtl,
  WriteOptions,
} from '../call-options.ts'
import type { PrepareStore } from '../large-values.ts'
import { checkCas, checkUint64, checkWhole } from '../numbers.ts'
import { ADD_NAMES, checkCallOptions, INVALIDATE_NAMES, KEY_NAMES, requireTtl, WRITE_NAMES } from '../option-names.ts'
import {
  NOT_SET,
  readBigCount,
  readCas,
  readCount,
  readDeleted,
  readSets,
  readStored,
  withTtlLeft,
} from '../results.ts'
import type { Command, CommandContext } from './command.ts'

/** Makes the command of a `set`, an `add` or a `replace`. */
export function storeCommand(
  { values }: CommandContext,
  command: 'set' | 'add' | 'replace',
  key: Key,
  value: unknown,
  options: AddOptions | undefined,
): Command {
  checkCallOptions(command, options, command === 'add' ? ADD_NAMES : WRITE_NAMES)
  return writeCommand(values.storeRequest(command, key, value, 0n, options), key, readStored, options)
}

/** Makes the command of a `sets`. */
export function setsCommand(
  { values }: CommandContext,
  key: Key,
  value: unknown,
  options: WriteOptions | undefined,
): Command {
  checkCallOptions('sets', options, WRITE_NAMES)
  const request = metaStore(values.storeRequest('set', key, value, 0n, options), 'sets', { cas: true })
  return { request, key, interpret: readSets, kind: 'write', instead: NOT_SET, options }
}

/** Makes an `ms` of a store: with its flags, and with more. */
export function metaStore(store: StoreRequest, label: string, more: MetaSetFlags): MetaSetRequest {
  const { data, bytes, exptime, clientFlags, preparing } = store
  const flags = { ...more, exptime, clientFlags }
  const toMeta = (made: Request): MetaSetRequest => metaStore(made as StoreRequest, label, more)
  return { command: 'ms', label, data, bytes, flags, preparing: prepared(preparing, toMeta) }
}

/** Returns what has to settle before a store is sent, for a request that is made of the store. */
function prepared(preparing: unknown, toMeta: (made: Request) => MetaSetRequest): unknown {
  if (preparing instanceof Promise) return preparing.then(toMeta)
  if (typeof preparing !== 'function') return undefined
  return (operation: Operation) => (preparing as PrepareStore)(operation).then(toMeta)
}

/** Makes the command of a `cas`. Its failure is no result: whether it was stored must be known. */
export function casCommand(
  { values }: CommandContext,
  key: Key,
  value: unknown,
  cas: bigint,
  options: WriteOptions | undefined,
): Command {
  checkCallOptions('cas', options, WRITE_NAMES)
  const request = values.storeRequest('cas', key, value, checkCas(cas), options)
  return { request, key, interpret: readCas, kind: 'never', instead: undefined, options }
}

/** Makes the command of an `append` or a `prepend`. */
export function extendCommand(
  { values }: CommandContext,
  command: 'append' | 'prepend',
  key: Key,
  data: string | Uint8Array,
  options: KeyOptions | undefined,
): Command {
  checkCallOptions(command, options, KEY_NAMES)
  return writeCommand(values.extendRequest(command, key, data), key, readStored, options)
}

/** Makes the command of a `delete`. */
export function deleteCommand(_context: CommandContext, key: Key, options: KeyOptions | undefined): Command {
  checkCallOptions('delete', options, KEY_NAMES)
  return writeCommand(DELETE, key, readDeleted, options)
}

/** Makes the command of an `invalidate`. */
export function invalidateCommand(_context: CommandContext, key: Key, options: InvalidateOptions): Command {
  checkCallOptions('invalidate', options, INVALIDATE_NAMES)
  const flags = { invalidate: true, exptime: checkWhole('staleFor', options?.staleFor, MAX_RELATIVE_SECONDS, 1) }
  return writeCommand({ command: 'md', label: 'invalidate', flags }, key, readDeleted, options)
}

/** Makes the command of a `touch`. */
export function touchCommand(
  { values, readTouched }: CommandContext,
  key: Key,
  ttl: Ttl,
  options: KeyOptions | undefined,
): Command {
  checkCallOptions('touch', options, KEY_NAMES)
  const request = { command: 'touch', exptime: values.exptime(requireTtl(ttl, 'touch')) } as const
  return writeCommand(request, key, readTouched, options)
}

/** Makes the command of an `incr` or a `decr` of a counter that exists. The caller checks its options. */
export function countCommand(
  command: 'incr' | 'decr',
  key: Key,
  delta: number | bigint,
  options: (CountOptions & Partial<ReturnTtl>) | undefined,
  instead?: unknown,
): Command {
  const amount = checkUint64('delta', delta)
  const read = typeof delta === 'bigint' ? readBigCount : readCount
  const returnsTtl = options?.returnTtl === true
  const flags = { mode: command, delta: amount, value: true, ttl: true } as const
  const request: Request = returnsTtl
    ? { command: 'ma', label: `${command} with returnTtl`, flags }
    : { command, delta: amount }
  const interpret = returnsTtl ? withTtlLeft(read) : read
  return { request, key, interpret, kind: 'write', instead, options }
}

function writeCommand(request: Request, key: Key, interpret: Interpret, options: KeyOptions | undefined): Command {
  return { request, key, interpret, kind: 'write', instead: false, options }
}
