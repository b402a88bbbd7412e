import { Buffer } from 'node:buffer'
import { isBytes } from '../../bytes.ts'
import { InvalidInputError } from '../../errors.ts'
import { encodeFlagText } from '../../protocol/meta/flag-text.ts'
import type { MetaRequest } from '../../protocol/meta/request.ts'
import type { Interpret } from '../../protocol/operation.ts'
import type { Reply } from '../../protocol/reply.ts'
import { raw } from '../../serde/raw.ts'
import { showValue } from '../../show-value.ts'
import { unreadable } from '../../unreadable.ts'
import type { KeyOptions } from '../call-options.ts'
import { checkCallOptions, KEY_NAMES } from '../option-names.ts'
import type { Values } from '../values.ts'
import type { MetaCommand, MetaContext } from './command.ts'
import { HINTS, type MetaExecution } from './options.ts'
import type { MetaReply } from './results.ts'

/** The command of an `execute`. */
export function executeCommand(
  { values }: MetaContext,
  execution: MetaExecution,
  options: KeyOptions | undefined,
): MetaCommand {
  checkCallOptions('execute', options, KEY_NAMES, HINTS)
  if (typeof execution !== 'object' || execution === null) {
    throw new InvalidInputError(`execute takes an object with command and key, got ${showValue(execution)}`)
  }
  return {
    ...partsOf(values, execution),
    interpret: readReply,
    kind: 'never',
    instead: undefined,
    options,
    echo: {},
    mayBeQuiet: false,
  }
}

function partsOf(values: Values, execution: MetaExecution): Pick<MetaCommand, 'request' | 'key'> {
  try {
    return { request: requestOf(values, execution), key: execution.key }
  } catch (cause) {
    throw unreadable('what execute is given', cause)
  }
}

function requestOf(values: Values, { command, key, flags = [], value }: MetaExecution): MetaRequest {
  const flagText = encodeFlagText(flags)
  if (command !== 'ms' && value !== undefined) throw new InvalidInputError(`${showValue(command)} takes no value`)
  const has = (letter: string): boolean => flags.some((flag) => flag.startsWith(letter))
  // Flags that some versions do not know, and ignore in part, are named: the connection checks the version.
  const newCas = has('E') ? 0n : undefined
  switch (command) {
    case 'mg':
      return { command, flagText, flags: { newCas, unlessCas: has('C') ? 0n : undefined } }
    case 'md':
      return { command, flagText, flags: { newCas, dropValue: has('x') } }
    case 'ma':
      return { command, flagText, flags: { newCas } }
    case 'ms': {
      const { data, bytes } = dataOf(values, key, value)
      return { command, flagText, flags: { newCas, size: has('s'), vivify: has('N') ? 0 : undefined }, data, bytes }
    }
  }
  throw new InvalidInputError(`execute knows mg, ms, md and ma; got ${showValue(command)}`)
}

function dataOf(
  values: Values,
  key: MetaExecution['key'],
  value: MetaExecution['value'],
): {
  readonly data: string | Uint8Array
  readonly bytes: number
} {
  if (typeof value === 'string' ? value.isWellFormed() : isBytes(value)) {
    return values.storeRequest('set', key, value, 0n, { serde: raw, compression: false, ttl: 0 })
  }
  throw new InvalidInputError(`ms takes a value of text (without lone surrogates) or bytes, got ${showValue(value)}`)
}

const readReply: Interpret = (reply): MetaReply => {
  const status = reply.type as MetaReply['status']
  const flags = flagsOf(reply)
  if (status !== 'VA') return { status, flags }
  const { bytes, start, end } = reply
  return { status, flags, value: reply.owned ? bytes.subarray(start, end) : Buffer.from(bytes.subarray(start, end)) }
}

/** Returns the words after the status, or after the length of a value; the opaque is the connection's. */
function flagsOf(reply: Reply): string[] {
  const words = reply.line().split(' ')
  return words.slice(reply.type === 'VA' ? 2 : 1).filter((word) => word !== '' && !word.startsWith('O'))
}
