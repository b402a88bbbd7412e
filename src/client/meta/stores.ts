import { InvalidInputError } from '../../errors.ts'
import { flag } from '../../option-checks.ts'
import type { Key } from '../../protocol/key.ts'
import type { MetaSetFlags, MetaSetMode, MetaSetRequest } from '../../protocol/meta/request.ts'
import type { Interpret } from '../../protocol/operation.ts'
import { Returned } from '../../protocol/reply.ts'
import { showValue } from '../../show-value.ts'
import { metaStore } from '../commands/writes.ts'
import { checkCas, checkClientFlags } from '../numbers.ts'
import { checkCallOptions, checkIsOptions } from '../option-names.ts'
import { echoOf, type MetaCommand, type MetaContext, NO_ECHO, refuseReturns } from './command.ts'
import {
  ADD_NAMES,
  CAS_NAMES,
  checkNeeds,
  EXTEND_NAMES,
  HINTS,
  type MetaCasOptions,
  type MetaExtendOptions,
  type MetaReplaceOptions,
  type MetaSetOptions,
  optionalCas,
  optionalExptime,
  REPLACE_NAMES,
} from './options.ts'
import type { MetaEcho, MetaStored } from './results.ts'

/** The options of a call that has none. */
const NOTHING: MetaReplaceOptions = {}

const MODES: readonly MetaSetMode[] = ['set', 'add', 'replace', 'append', 'prepend']

/** The command of a `set`, in whatever mode. */
export function setCommand(
  context: MetaContext,
  key: Key,
  value: unknown,
  options: MetaSetOptions | undefined,
): MetaCommand {
  checkIsOptions('set', options)
  if (options?.mode === undefined) return storeCommand(context, 'set', key, value, options)
  const { mode, ...rest } = options
  if (mode === 'append' || mode === 'prepend') {
    return extendCommand(context, mode, key, value as string | Uint8Array, rest)
  }
  if (MODES.includes(mode)) return storeCommand(context, mode, key, value, rest)
  throw new InvalidInputError(`option mode must be one of ${MODES.join(', ')}, got ${showValue(mode)}`)
}

/** The command of a store that carries a whole value. */
export function storeCommand(
  context: MetaContext,
  mode: 'set' | 'add' | 'replace',
  key: Key,
  value: unknown,
  options: MetaReplaceOptions | undefined,
): MetaCommand {
  checkCallOptions(mode, options, mode === 'add' ? ADD_NAMES : REPLACE_NAMES, HINTS)
  refuseReturns(context.quiet, options)
  checkNeeds('invalidate', options?.invalidate, 'compareCas', options?.compareCas)
  const compareCas = optionalCas('compareCas', options?.compareCas)
  const invalidate = flag('invalidate', options?.invalidate, false)
  const newCas = optionalCas('newCas', options?.newCas)
  const { returnCas: cas, returnSize: size, returnKey } = options ?? NOTHING
  const store = context.values.storeRequest('set', key, value, 0n, options)
  const flags = { mode, compareCas, invalidate, newCas, cas, size, key: returnKey }
  return commandOf(metaStore(store, mode, flags), key, options)
}

/** The command of a `cas`. */
export function casCommand(
  context: MetaContext,
  key: Key,
  value: unknown,
  cas: bigint,
  options: MetaCasOptions | undefined,
): MetaCommand {
  checkCallOptions('cas', options, CAS_NAMES, HINTS)
  return storeCommand(context, 'set', key, value, { ...options, compareCas: checkCas(cas) })
}

/** The command of a store that adds raw data to a value. */
export function extendCommand(
  context: MetaContext,
  mode: 'append' | 'prepend',
  key: Key,
  data: string | Uint8Array,
  options: MetaExtendOptions | undefined,
): MetaCommand {
  checkCallOptions(mode, options, EXTEND_NAMES, HINTS)
  refuseReturns(context.quiet, options)
  checkNeeds('clientFlags', options?.clientFlags, 'vivify (an item that is there keeps its own)', options?.vivify)
  const clientFlags = options?.clientFlags
  const flags: MetaSetFlags = {
    mode,
    vivify: optionalExptime('vivify', options?.vivify),
    clientFlags: clientFlags === undefined ? undefined : checkClientFlags(clientFlags),
    compareCas: optionalCas('compareCas', options?.compareCas),
    newCas: optionalCas('newCas', options?.newCas),
    cas: options?.returnCas,
    size: options?.returnSize,
    key: options?.returnKey,
  }
  const { bytes } = context.values.extendRequest(mode, key, data)
  return commandOf({ command: 'ms', label: mode, data, bytes, flags }, key, options)
}

function commandOf(
  request: MetaSetRequest,
  key: Key,
  options: MetaExtendOptions | MetaReplaceOptions | undefined,
): MetaCommand {
  const echo = echoOf(key, options)
  return {
    request,
    key,
    interpret: readStore(echo),
    // Whether a compared store was made must be known.
    kind: request.flags.compareCas === undefined ? 'write' : 'never',
    instead: { status: 'notStored', ...echo },
    options,
    echo,
    mayBeQuiet: true,
  }
}

function readStore(echo: MetaEcho): Interpret {
  return (reply) => {
    const { outcome } = reply
    if (outcome !== 'stored') return { status: outcome, ...echo }
    const stored: { -readonly [Field in keyof MetaStored]: MetaStored[Field] } = { status: outcome }
    if (echo !== NO_ECHO) Object.assign(stored, echo)
    if (reply.has(Returned.cas)) stored.cas = reply.cas()
    if (reply.has(Returned.size)) stored.size = reply.valueSize
    return stored
  }
}
