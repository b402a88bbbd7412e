import { ConflictError, InvalidInputError } from '../errors.ts'
import type { StoreRequest } from '../protocol/classic-request.ts'
import { type Key, quoteKey } from '../protocol/key.ts'
import { GETS } from '../protocol/request.ts'
import type { UpdateOptions } from './call-options.ts'
import { NOT_STORED, STORED, type Tally } from './calls/tally.ts'
import { createReadingInterpreter, type Reading } from './lease/reading.ts'
import { pause } from './lease/wait.ts'
import { checkWhole } from './numbers.ts'
import { checkNamed, UPDATE_NAMES } from './option-names.ts'
import type { ClientParts } from './parts.ts'
import type { Refine } from './refine.ts'
import { readStored } from './results.ts'
import type { Values } from './values.ts'
import { giveBackToken } from './win-token.ts'

/** Makes the next value of the present one, which is `undefined` where there is none. */
export type Change<T> = (current: T | undefined) => T | undefined | Promise<T | undefined>

/** What is to come of an item: without a request it is left as it is. */
interface Next {
  readonly value: unknown
  readonly request: StoreRequest | undefined
}

/** Reads, changes and stores a value; again where another client stored one in between. */
export async function updateValue(
  parts: ClientParts,
  key: Key,
  change: Change<unknown>,
  options: UpdateOptions | undefined,
  refine: Refine | undefined,
  tally: Tally | undefined,
): Promise<unknown> {
  try {
    const { value, request } = await changeValue(parts, key, change, options, refine)
    tally?.add(request === undefined ? NOT_STORED : STORED)
    return value
  } catch (error) {
    tally?.fail(error)
    throw error
  }
}

/** Returns what has become of the item. */
async function changeValue(
  { dispatcher, values, lookAtEmpty }: ClientParts,
  key: Key,
  change: Change<unknown>,
  options: UpdateOptions | undefined,
  refine: Refine | undefined,
): Promise<Next> {
  checkNamed('update', options, UPDATE_NAMES, key)
  if (typeof change !== 'function') throw new InvalidInputError('update needs a function that gives the next value')
  const attempts = checkWhole('attempts', options?.attempts ?? 8, Number.MAX_SAFE_INTEGER, 1)
  const read = createReadingInterpreter({ ...values.decoder(options?.serde), lookAtEmpty })
  for (let attempt = 0; attempt < attempts; attempt++) {
    // Those who met once must not meet again and again.
    if (attempt > 0) await pause(Math.random() * 2 ** Math.min(attempt, 7), options?.signal)
    const found = await dispatcher.run<Reading>(GETS, key, read, 'never', undefined, options)
    const next = async (): Promise<Next> => {
      const current = await currentValue(found, key, refine)
      const changed = await change(current)
      options?.signal?.throwIfAborted()
      if (changed === undefined) return { value: current, request: undefined }
      return { value: changed, request: replacement(values, key, changed, found, options) }
    }
    const [made] = await Promise.allSettled([next()])
    if (made.status === 'rejected' || made.value.request === undefined) {
      await giveBackToken(dispatcher, key, found, options)
      if (made.status === 'rejected') throw made.reason
      return made.value
    }
    const { request } = made.value
    if (await dispatcher.run<boolean>(request, key, readStored, 'never', undefined, options)) return made.value
  }
  throw new ConflictError(
    `update ${quoteKey(key)}: somebody else changed the item each of the ${attempts} times that it was tried`,
    { delivery: 'answered', command: 'update', key },
  )
}

async function currentValue(found: Reading, key: Key, refine: Refine | undefined): Promise<unknown> {
  if (found.state !== 'value') return undefined
  if (found.unreadable !== undefined) throw found.unreadable
  if (found.cas === 0n)
    throw new InvalidInputError('update needs cas numbers, and this server keeps none (memcached -C)')
  if (refine === undefined) return found.value
  const refined = await refine.read(found.value, key)
  return refined.isValid ? refined.value : undefined
}

/** A placeholder counts as missing and is replaced, by its cas number; where there is nothing, nothing is replaced. */
function replacement(
  values: Values,
  key: Key,
  next: unknown,
  { state, cas }: Reading,
  options: UpdateOptions | undefined,
): StoreRequest {
  if (state === 'missing') return values.storeRequest('add', key, next, 0n, options)
  return values.storeRequest(cas === 0n ? 'set' : 'cas', key, next, cas, options)
}
