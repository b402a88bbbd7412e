import { flag } from '../../option-checks.ts'
import type { Key } from '../../protocol/key.ts'
import type { MetaDeleteFlags } from '../../protocol/meta/request.ts'
import type { Interpret } from '../../protocol/operation.ts'
import { checkCallOptions } from '../option-names.ts'
import { echoOf, type MetaCommand, type MetaContext } from './command.ts'
import {
  checkNeeds,
  DELETE_NAMES,
  HINTS,
  INVALIDATE_NAMES,
  type MetaDeleteOptions,
  type MetaInvalidateOptions,
  optionalCas,
  optionalExptime,
} from './options.ts'
import type { MetaDeleteResult } from './results.ts'

/** The command of a `delete`. */
export function deleteCommand(_context: MetaContext, key: Key, options: MetaDeleteOptions | undefined): MetaCommand {
  checkCallOptions('delete', options, DELETE_NAMES, HINTS)
  const compareCas = optionalCas('compareCas', options?.compareCas)
  return commandOf('delete', key, { compareCas, key: options?.returnKey }, options)
}

/** The command of an `invalidate`. */
export function invalidateCommand(
  _context: MetaContext,
  key: Key,
  options: MetaInvalidateOptions | undefined,
): MetaCommand {
  checkCallOptions('invalidate', options, INVALIDATE_NAMES, HINTS)
  // `x` puts a new item in the old one's place, and that has no ttl unless it is given one (seen on 1.6.38 and 1.6.45).
  checkNeeds('dropValue', options?.dropValue, 'ttl', options?.ttl)
  const flags: MetaDeleteFlags = {
    invalidate: true,
    exptime: optionalExptime('ttl', options?.ttl),
    compareCas: optionalCas('compareCas', options?.compareCas),
    newCas: optionalCas('newCas', options?.newCas),
    dropValue: flag('dropValue', options?.dropValue, false),
    key: options?.returnKey,
  }
  return commandOf('invalidate', key, flags, options)
}

function commandOf(
  label: 'delete' | 'invalidate',
  key: Key,
  flags: MetaDeleteFlags,
  options: MetaDeleteOptions | undefined,
): MetaCommand {
  const echo = echoOf(key, options)
  const interpret: Interpret = ({ outcome }): MetaDeleteResult => {
    if (outcome === 'deleted') return { status: 'ok', ...echo }
    return { status: outcome === 'exists' ? 'exists' : 'notFound', ...echo }
  }
  return {
    request: { command: 'md', label, flags },
    key,
    interpret,
    kind: label === 'delete' && flags.compareCas === undefined ? 'write' : 'never',
    instead: { status: 'notFound', ...echo },
    options,
    echo,
    mayBeQuiet: true,
  }
}
