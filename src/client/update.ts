import { ConflictError, errorOf, InvalidInputError } from '../errors.ts'
import type { StoreRequest } from '../protocol/classic-request.ts'
import { type Key, quoteKey } from '../protocol/key.ts'
import { GETS, type Request } from '../protocol/request.ts'
import { encodeExptime, type Ttl } from '../ttl.ts'
import type { UpdateOptions } from './call-options.ts'
import { NOT_STORED, STORED, type Tally } from './calls/tally.ts'
import { createSnapshotInterpreter, type ItemSnapshot } from './lease/item-snapshot.ts'
import { pause } from './lease/wait.ts'
import { checkWhole } from './numbers.ts'
import { checkNamed, UPDATE_NAMES } from './option-names.ts'
import type { ClientParts } from './parts.ts'
import type { Refine } from './refine.ts'
import { readStored } from './results.ts'
import type { StoreOptions, Values } from './values.ts'
import { giveBackToken } from './win-token.ts'

/** Makes the next value of the present one, which is `undefined` where there is none. */
export type Change<T> = (current: T | undefined) => T | undefined | Promise<T | undefined>

/** Reads a value with its cas number and the time that it has left. */
const READ_WITH_TTL: Request = Object.freeze({
  command: 'mg',
  label: "update with ttl 'keep'",
  flags: { value: true, clientFlags: true, cas: true, ttl: true },
} as const)

/** Next state of an item: without a request the item is left as it is. */
interface Next {
  readonly value: unknown
  readonly request: StoreRequest | undefined
}

/**
 * Reads, changes and stores a value; again where another client stored one in between.
 *
 * @param ttl - Time to live of what is stored, where the call does not say it, or there is none to keep.
 */
export async function updateValue(
  parts: ClientParts,
  key: Key,
  change: Change<unknown>,
  options: UpdateOptions | undefined,
  refine: Refine | undefined,
  tally: Tally | undefined,
  ttl?: Ttl,
): Promise<unknown> {
  try {
    const { value, request } = await changeValue(parts, key, change, options, refine, ttl)
    tally?.add(request === undefined ? NOT_STORED : STORED)
    return value
  } catch (error) {
    tally?.fail(error)
    throw error
  }
}

/** Returns what has become of the item. */
async function changeValue(
  { dispatcher, values, probeEmptyItem }: ClientParts,
  key: Key,
  change: Change<unknown>,
  options: UpdateOptions | undefined,
  refine: Refine | undefined,
  ttl: Ttl | undefined,
): Promise<Next> {
  checkNamed('update', options, UPDATE_NAMES, key)
  const { ttl: given, ...rest } = options ?? {}
  const keepsTtl = given === 'keep'
  const usualTtl = given === 'keep' || given === undefined ? ttl : given
  if (!keepsTtl) checkTtl(values, usualTtl, key)
  if (typeof change !== 'function') throw new InvalidInputError('update needs a function that gives the next value')
  const attempts = checkWhole('attempts', options?.attempts ?? 8, Number.MAX_SAFE_INTEGER, 1)
  const read = createSnapshotInterpreter({ ...values.decoder(options?.serde), probeEmptyItem })
  for (let attempt = 0; attempt < attempts; attempt++) {
    // Callers that collided once must not collide again and again.
    if (attempt > 0) await pause(Math.random() * 2 ** Math.min(attempt, 7), options?.signal)
    const found = await dispatcher.run<ItemSnapshot>(
      keepsTtl ? READ_WITH_TTL : GETS,
      key,
      read,
      'never',
      undefined,
      options,
    )
    const next = async (): Promise<Next> => {
      const current = await currentValue(found, key, refine)
      const changed = await change(current)
      options?.signal?.throwIfAborted()
      if (changed === undefined) return { value: current, request: undefined }
      return {
        value: changed,
        request: replacement(values, key, changed, found, storeOptions(found, keepsTtl, usualTtl, rest)),
      }
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

async function currentValue(found: ItemSnapshot, key: Key, refine: Refine | undefined): Promise<unknown> {
  if (found.state !== 'value') return undefined
  if (found.unreadable !== undefined) throw found.unreadable
  if (found.cas === 0n)
    throw new InvalidInputError('update needs cas numbers, and this server keeps none (memcached -C)')
  if (refine === undefined) return found.value
  const refined = await refine.read(found.value, key)
  return refined.isValid ? refined.value : undefined
}

function checkTtl(values: Values, ttl: Ttl | undefined, key: Key): void {
  try {
    values.exptime(ttl)
  } catch (error) {
    throw errorOf(error, { about: { command: 'update', key } })
  }
}

/** Returns the options of the store. Time that is kept is not jittered: it would shrink with every update. */
function storeOptions(
  { state, ttl: secondsLeft = -1 }: ItemSnapshot,
  keepsTtl: boolean,
  ttl: Ttl | undefined,
  options: StoreOptions,
): StoreOptions {
  if (!keepsTtl || state !== 'value') return ttl === undefined ? options : { ...options, ttl }
  // A last second that has begun is not for ever.
  return { ...options, exptime: secondsLeft === -1 ? 0 : encodeExptime(Math.max(1, secondsLeft), Date.now()) }
}

/** A placeholder counts as missing and is replaced, by its cas number; where there is nothing, nothing is replaced. */
function replacement(
  values: Values,
  key: Key,
  next: unknown,
  { state, cas }: ItemSnapshot,
  options: StoreOptions,
): StoreRequest {
  if (state === 'missing') return values.storeRequest('add', key, next, 0n, options)
  return values.storeRequest(cas === 0n ? 'set' : 'cas', key, next, cas, options)
}
