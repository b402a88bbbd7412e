import { Buffer } from 'node:buffer'
import { checkOptions } from '../known-options.ts'
import type { StoreRequest } from '../protocol/classic-request.ts'
import type { Key } from '../protocol/key.ts'
import type { MetaSetRequest } from '../protocol/meta/request.ts'
import type { Interpret } from '../protocol/operation.ts'
import type { Ttl } from '../ttl.ts'
import { CallDeadline } from './call-deadline.ts'
import type { CreateOptions, ExtendOptions } from './call-options.ts'
import { refuse } from './calls/calls.ts'
import type { Tally } from './calls/tally.ts'
import { extendCommand } from './commands/writes.ts'
import { checkClientFlags } from './numbers.ts'
import { checkCallOptions, EXTEND_NAMES } from './option-names.ts'
import type { ClientParts } from './parts.ts'
import { readStored } from './results.ts'
import { runSteps } from './steps.ts'

const CREATE_OPTIONS: readonly (keyof CreateOptions)[] = ['ttl', 'clientFlags']

/**
 * Adds to a value; where there is none and the call says so, creates the item.
 *
 * @param ttl - Time to live of an item that is created, where the call does not give it.
 */
export function extend(
  parts: ClientParts,
  command: 'append' | 'prepend',
  key: Key,
  data: string | Uint8Array,
  options: ExtendOptions | undefined,
  tally: Tally | undefined,
  ttl?: Ttl,
): Promise<boolean> {
  try {
    checkCallOptions(command, options, EXTEND_NAMES)
    const create = options?.create
    const { dispatcher, values } = parts
    if (create === undefined) return dispatcher.carry(extendCommand(parts, command, key, data, options), tally)
    checkOptions(create, CREATE_OPTIONS, 'create')
    const plain = withOwnBytes(values.extendRequest(command, key, data))
    const clientFlags =
      create.clientFlags === undefined ? values.flagsOf(plain.data, key) : checkClientFlags(create.clientFlags)
    const add: StoreRequest = { ...plain, command: 'add', exptime: values.exptime(create.ttl ?? ttl), clientFlags }
    const time = new CallDeadline(dispatcher.timeoutMs, options)
    return runSteps<boolean>(dispatcher, {
      key,
      options,
      tally,
      instead: false,
      run: async (step) => {
        const extended = await step<boolean | undefined>(creatingRequest(command, add), readExtended, options)
        if (extended !== undefined) return extended
        const added = await step<boolean>(add, readStored, time.rest(options))
        return added === false ? step<boolean>(plain, readStored, time.rest(options)) : added
      },
    })
  } catch (error) {
    return refuse(tally, error, key)
  }
}

/** The data may be sent several times: the caller's bytes may change meanwhile. */
function withOwnBytes(request: StoreRequest): StoreRequest {
  const { data } = request
  return typeof data === 'string' ? request : { ...request, data: Buffer.from(data) }
}

/** Makes one command of both, for servers that know that: memcached 1.6.20 and newer. */
function creatingRequest(
  mode: 'append' | 'prepend',
  { data, bytes, clientFlags, exptime }: StoreRequest,
): MetaSetRequest {
  return { command: 'ms', label: mode, flags: { mode, clientFlags, vivify: exptime }, data, bytes, classic: mode }
}

/** Reads whether the data was added; undefined where the command that was sent could not create the item. */
const readExtended: Interpret = ({ outcome }, { command }) => {
  if (outcome === 'stored') return true
  return command === 'ms' ? false : undefined
}
