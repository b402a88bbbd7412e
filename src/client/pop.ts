import { ConflictError, errorOf, InvalidInputError } from '../errors.ts'
import { type Key, quoteKey } from '../protocol/key.ts'
import type { Interpret } from '../protocol/operation.ts'
import { deleteUnchanged } from '../protocol/placeholder.ts'
import { GETS } from '../protocol/request.ts'
import { CallDeadline } from './call-deadline.ts'
import type { KeyOptions, PopOptions } from './call-options.ts'
import { HITS, MISSES, type Tally } from './calls/tally.ts'
import { createSnapshotInterpreter, type ItemSnapshot } from './lease/item-snapshot.ts'
import { checkWhole } from './numbers.ts'
import { checkCallOptions, POP_NAMES } from './option-names.ts'
import type { ClientParts } from './parts.ts'
import { giveBackToken } from './win-token.ts'

/** Reads an item and removes it, unless it changed in between: of several callers one gets the value. */
export async function popValue(
  parts: ClientParts,
  key: Key,
  options: PopOptions<unknown> | undefined,
  tally: Tally | undefined,
): Promise<unknown> {
  try {
    const value = await takeValue(parts, key, options)
    tally?.add(value === undefined ? MISSES : HITS)
    return value === undefined ? options?.default : value
  } catch (error) {
    tally?.fail(error)
    throw errorOf(error, { about: { command: 'pop', key } })
  }
}

async function takeValue(
  { dispatcher, values, probeEmptyItem }: ClientParts,
  key: Key,
  options: PopOptions<unknown> | undefined,
): Promise<unknown> {
  checkCallOptions('pop', options, POP_NAMES)
  const attempts = checkWhole('attempts', options?.attempts ?? 8, Number.MAX_SAFE_INTEGER, 1)
  const time = new CallDeadline(dispatcher.timeoutMs, options)
  const rest = (): KeyOptions => time.rest(options)
  const read = createSnapshotInterpreter({ ...values.decoder(options?.serde), probeEmptyItem })
  for (let attempt = 0; attempt < attempts; attempt++) {
    const found = await dispatcher.run<ItemSnapshot>(GETS, key, read, 'never', undefined, rest())
    if (!isRemovable(found)) {
      await giveBackToken(dispatcher, key, found, rest())
      return refuse(found)
    }
    const request = deleteUnchanged(found.cas, 'pop')
    if (await dispatcher.run<boolean>(request, key, readRemoved, 'never', undefined, rest())) return found.value
  }
  throw new ConflictError(
    `pop ${quoteKey(key)}: another client changed the item each of the ${attempts} times that it was tried`,
    {
      delivery: 'answered',
    },
  )
}

function isRemovable({ state, unreadable, cas }: ItemSnapshot): boolean {
  return state === 'value' && unreadable === undefined && cas !== 0n
}

/** A miss; or why there is a value that cannot be taken. */
function refuse({ state, unreadable }: ItemSnapshot): undefined {
  if (state !== 'value') return undefined
  throw unreadable ?? new InvalidInputError('pop needs cas numbers, and this server keeps none (memcached -C)')
}

const readRemoved: Interpret = (reply) => reply.outcome === 'deleted' || reply.outcome === 'stored'
