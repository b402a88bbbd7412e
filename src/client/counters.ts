import { InvalidInputError, ServerError } from '../errors.ts'
import type { StoreRequest } from '../protocol/classic-request.ts'
import { type Key, quoteKey } from '../protocol/key.ts'
import type { CountOptions, KeyOptions } from './call-options.ts'
import { attempt, type Dispatcher } from './dispatcher.ts'
import { checkTimeout, checkUint64 } from './numbers.ts'
import { readBigCount, readCount, readStored } from './results.ts'
import type { Values } from './values.ts'

/** How often a counter may be created and deleted by others while one call tries to count. */
const MAX_ROUNDS = 10

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
      if (options?.ttl === undefined) return this.#count(command, key, amount, typeof delta, options)
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
    const timeoutMs = options.timeoutMs === undefined ? this.#dispatcher.timeoutMs : checkTimeout(options.timeoutMs)
    const deadline = performance.now() + timeoutMs
    const first = await this.#count(command, key, amount, typeof delta, options)
    return first ?? this.#createOrCount(command, key, delta, initial, create, options, deadline)
  }

  #count(
    command: CountCommand,
    key: Key,
    delta: bigint,
    type: string,
    options: KeyOptions | undefined,
  ): Promise<number | bigint | undefined> {
    const interpret = type === 'bigint' ? readBigCount : readCount
    return this.#dispatcher.run({ command, delta }, key, interpret, 'write', undefined, options)
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
    deadline: number,
  ): Promise<number | bigint | undefined> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      // A millisecond at least: what is late fails by its deadline, not as bad input.
      const rest = (): KeyOptions => ({ ...options, timeoutMs: Math.max(1, Math.round(deadline - performance.now())) })
      const stored = await this.#dispatcher.run<boolean | undefined>(
        create,
        key,
        readStored,
        'write',
        undefined,
        rest(),
      )
      if (stored === undefined) return undefined
      if (stored) return typeof delta === 'bigint' ? initial : Number(initial)
      const counted = await this.#count(command, key, BigInt(delta), typeof delta, rest())
      if (counted !== undefined) return counted
    }
    throw new ServerError(
      `${command} ${quoteKey(key)}: the counter was created and deleted ${MAX_ROUNDS} times meanwhile`,
      { delivery: 'answered' },
    )
  }
}
