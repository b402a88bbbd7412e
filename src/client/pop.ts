import { ConflictError, InvalidInputError } from '../errors.ts'
import { type Key, quoteKey } from '../protocol/key.ts'
import type { Interpret } from '../protocol/operation.ts'
import { GETS, type Request } from '../protocol/request.ts'
import type { KeyOptions, ReadOptions } from './call-options.ts'
import type { Dispatcher } from './dispatcher.ts'
import { checkTimeout } from './numbers.ts'
import type { ValueWithCas } from './reader.ts'
import type { Values } from './values.ts'

/** How often somebody else may change the item while one call tries to take it. */
const ATTEMPTS = 8

/** Reads an item and removes it, if nobody changed it in between: of several callers one gets the value. */
export async function popValue(
  dispatcher: Dispatcher,
  values: Values,
  key: Key,
  options: ReadOptions | undefined,
): Promise<unknown> {
  const timeoutMs = options?.timeoutMs === undefined ? dispatcher.timeoutMs : checkTimeout(options.timeoutMs)
  const deadline = performance.now() + timeoutMs
  // A millisecond at least: what is late fails by its deadline, not as bad input.
  const rest = (): KeyOptions => ({ ...options, timeoutMs: Math.max(1, deadline - performance.now()) })
  const read = values.casReader(options?.serde)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const found = await dispatcher.run<ValueWithCas<unknown> | undefined>(GETS, key, read, 'never', undefined, rest())
    if (found === undefined) return undefined
    if (found.cas === 0n)
      throw new InvalidInputError('pop needs cas numbers, and this server keeps none (memcached -C)')
    const request = deleteUnchanged(found.cas)
    if (await dispatcher.run<boolean>(request, key, readRemoved, 'never', undefined, rest())) return found.value
  }
  throw new ConflictError(`pop ${quoteKey(key)}: somebody else changed the item ${ATTEMPTS} times meanwhile`, {
    delivery: 'answered',
  })
}

/** In text mode an empty value that has expired already takes the item's place (seen on memcached 1.6.18 and 1.6.45). */
function deleteUnchanged(cas: bigint): Request {
  const text = { command: 'cas', data: '', bytes: 0, clientFlags: 0, exptime: -1, cas, preparing: undefined } as const
  return { command: 'md', label: 'pop', flags: { compareCas: cas }, text }
}

const readRemoved: Interpret = (reply) => reply.outcome === 'deleted' || reply.outcome === 'stored'
