import { InvalidInputError, ServerError } from '../errors.ts'
import type { StoreRequest } from '../protocol/classic-request.ts'
import { type Key, quoteKey } from '../protocol/key.ts'
import type { CountOptions, KeyOptions } from './call-options.ts'
import { CallTime } from './call-time.ts'
import { attempt, type Dispatcher } from './dispatcher.ts'
import { checkUint64 } from './numbers.ts'
import { readBigCount, readCount, readStored } from './results.ts'
import type { Values } from './values.ts'

/** How often a counter may be created and deleted by others while one call tries to count. */
const MAX_ROUNDS = 10

/** Stands for a failure that the option `failures` absorbs: whether the counter is missing is not known. */
const ABSORBED: unique symbol = Symbol('absorbed')

type CountCommand = 'incr' | 'decr'

/** Counters: `incr` and `decr`, with creation where the counter is missing. */
export class Counters {
  readonly #dispatcher: Dispatcher
  readonly #values: Values

  constructor(dispatcher: Dispatcher, values: Values) {
    this.#dispatcher = dispatcher
    this.#values = values
  }

  count(
    command: CountCommand,
    key: Key,
    delta: number | bigint,
    options: CountOptions | undefined,
  ): Promise<number | bigint | undefined> {
    return attempt(() => {
      const amount = checkUint64('delta', delta)
      if (options?.initial !== undefined)
        return this.#countOrCreate(command, key, delta, amount, options, options.initial)
      if (options?.ttl === undefined)
        return this.#count<undefined>(command, key, amount, typeof delta, options, undefined)
      throw new InvalidInputError('ttl needs initial: it is the time to live of a counter that the call creates')
    })
  }

  async #countOrCreate(
    command: CountCommand,
    key: Key,
    delta: number | bigint,
    amount: bigint,
    options: CountOptions,
    start: number | bigint,
  ): Promise<number | bigint | undefined> {
    const initial = checkUint64('initial', start)
    if (typeof delta === 'number' && initial > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new InvalidInputError('initial is beyond 2^53 - 1, where no number is exact; pass the delta as a bigint')
    }
    const create = this.#creation(initial, options)
    const time = new CallTime(this.#dispatcher.timeoutMs, options)
    const first = await this.#count(command, key, amount, typeof delta, options, ABSORBED)
    if (first === ABSORBED) return undefined
    return first ?? this.#createOrCount(command, key, delta, initial, create, options, time)
  }

  /** @param instead - What an absorbed failure gives. A counter that is missing gives `undefined`. */
  #count<I>(
    command: CountCommand,
    key: Key,
    delta: bigint,
    type: string,
    options: KeyOptions | undefined,
    instead: I,
  ): Promise<number | bigint | undefined | I> {
    const interpret = type === 'bigint' ? readBigCount : readCount
    return this.#dispatcher.run({ command, delta }, key, interpret, 'write', instead, options)
  }

  #creation(initial: bigint, options: CountOptions): StoreRequest {
    const data = String(initial)
    return {
      command: 'add',
      data,
      bytes: data.length,
      clientFlags: this.#values.counterFlags,
      exptime: this.#values.exptime(options.ttl),
      cas: 0n,
      preparing: undefined,
    }
  }

  /** It was missing: create it, unless somebody else just did; then count again. All within the call's own time. */
  async #createOrCount(
    command: CountCommand,
    key: Key,
    delta: number | bigint,
    initial: bigint,
    create: StoreRequest,
    options: CountOptions,
    time: CallTime,
  ): Promise<number | bigint | undefined> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const stored = await this.#dispatcher.run<boolean | typeof ABSORBED>(
        create,
        key,
        readStored,
        'write',
        ABSORBED,
        time.rest(options),
      )
      if (stored === ABSORBED) return undefined
      if (stored) return typeof delta === 'bigint' ? initial : Number(initial)
      const counted = await this.#count(command, key, BigInt(delta), typeof delta, time.rest(options), ABSORBED)
      if (counted === ABSORBED) return undefined
      if (counted !== undefined) return counted
    }
    throw new ServerError(
      `${command} ${quoteKey(key)}: the counter was created and deleted ${MAX_ROUNDS} times meanwhile`,
      { delivery: 'answered' },
    )
  }
}
