import { InvalidInputError, ServerError } from '../errors.ts'
import type { StoreRequest } from '../protocol/classic-request.ts'
import { type Key, quoteKey } from '../protocol/key.ts'
import { MAX_RELATIVE_SECONDS } from '../ttl.ts'
import { CallDeadline } from './call-deadline.ts'
import type { CountOptions, ReturnTtl } from './call-options.ts'
import { refuse } from './calls/calls.ts'
import type { Tally } from './calls/tally.ts'
import { countCommand } from './commands/writes.ts'
import { checkUint64 } from './numbers.ts'
import { COUNT_NAMES, checkCallOptions } from './option-names.ts'
import type { ClientParts } from './parts.ts'
import { type AnyCount, readStored } from './results.ts'
import { ABSORBED, runSteps, type Step } from './steps.ts'
import type { Values } from './values.ts'

/** Most times that other clients may create and delete a counter while one call tries to count. */
const MAX_ROUNDS = 10

type CountCommand = 'incr' | 'decr'

type Counting = Promise<AnyCount | undefined>

/** Counts; where the counter is missing and the call says with what it begins, creates it. */
export function count(
  parts: ClientParts,
  command: CountCommand,
  key: Key,
  delta: number | bigint,
  options: CountOptions | undefined,
  tally: Tally | undefined,
): Counting {
  try {
    checkCallOptions(command, options, COUNT_NAMES)
    const start = options?.initial
    if (start !== undefined) {
      const call: CreatingCount = { parts, command, key, delta, options: options!, start }
      const run = (step: Step): Promise<AnyCount | typeof ABSORBED> => tryToCount(call, step)
      return runSteps<AnyCount | undefined>(parts.dispatcher, { key, options, tally, instead: undefined, run })
    }
    const single = countCommand(command, key, delta, options)
    if (options?.ttl === undefined) return parts.dispatcher.carry(single, tally)
    throw new InvalidInputError('ttl needs initial: it is the time to live of a counter that the call creates')
  } catch (error) {
    return refuse(tally, error, key)
  }
}

interface CreatingCount {
  readonly parts: ClientParts
  readonly command: CountCommand
  readonly key: Key
  readonly delta: number | bigint
  readonly options: CountOptions
  /** Value of a counter that the call creates. */
  readonly start: number | bigint
}

async function tryToCount(
  { parts, command, key, delta, options, start }: CreatingCount,
  step: Step,
): Promise<AnyCount | typeof ABSORBED> {
  // The delta is checked first.
  const { request, interpret } = countCommand(command, key, delta, options)
  const initial = checkUint64('initial', start)
  if (typeof delta === 'number' && initial > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new InvalidInputError('initial is beyond 2^53 - 1, where no number is exact; pass the delta as a bigint')
  }
  const create = creation(parts.values, initial, options)
  const time = new CallDeadline(parts.dispatcher.timeoutMs, options)
  let counted = await step<AnyCount | undefined>(request, interpret, options)
  // Counter missing: create it, unless another client just did; then count again. All within the call's own time.
  for (let round = 0; counted === undefined && round < MAX_ROUNDS; round++) {
    const stored = await step<boolean>(create, readStored, time.rest(options))
    if (stored === ABSORBED) return ABSORBED
    if (stored) return created(typeof delta === 'bigint' ? initial : Number(initial), create.exptime, options)
    counted = await step(request, interpret, time.rest(options))
  }
  if (counted !== undefined) return counted
  throw new ServerError(
    `${command} ${quoteKey(key)}: the counter was created and deleted ${MAX_ROUNDS} times meanwhile`,
    { delivery: 'answered', command, key },
  )
}

/** Returns the call's result for a counter that it has created. */
function created(value: number | bigint, exptime: number, options: CountOptions & Partial<ReturnTtl>): AnyCount {
  if (options.returnTtl !== true) return value
  const ttl = exptime > MAX_RELATIVE_SECONDS ? exptime - Math.floor(Date.now() / 1000) : exptime
  return { value, ttl: ttl === 0 ? Number.POSITIVE_INFINITY : ttl } as AnyCount
}

function creation(values: Values, initial: bigint, options: CountOptions): StoreRequest {
  const data = String(initial)
  return {
    command: 'add',
    data,
    bytes: data.length,
    clientFlags: values.counterFlags,
    exptime: values.exptime(options.ttl),
    cas: 0n,
    preparing: undefined,
  }
}
