import { ServerError } from '../errors.ts'
import type { CounterCalls } from './counter-calls.ts'
import { type CreatedCount, countAndCreate, storeCounter } from './counter-commands.ts'

/** Number of times that a counter may come and go while one hit is counted. */
const MAX_ROUNDS = 8

/**
 * Counts hits in counters that the first hit creates, in one round trip: `ma <key> N<seconds> J1 D1 v`. Where the server
 * speaks the classic protocol only, `add` and `incr` leave together.
 */
export class CreatingCounter {
  readonly #calls: CounterCalls
  /** Whether the last hit went over a text connection. */
  #isText = false

  constructor(calls: CounterCalls) {
    this.#calls = calls
  }

  /**
   * Counts a hit.
   *
   * @param ttl - Seconds that a new counter lives.
   * @param suffix - As of {@link CounterCalls.run}.
   * @returns the count, this hit included.
   */
  async hit(key: string, ttl: number, suffix?: string): Promise<bigint> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const added = this.#isText ? this.#calls.run('add', key, storeCounter('add', 0, ttl), suffix) : undefined
      // The count that follows reports the same failure.
      added?.catch(() => undefined)
      const { value, isText } = await this.#calls.run<CreatedCount>('incr', key, countAndCreate(ttl), suffix)
      this.#isText = isText
      if (value !== undefined) return value
    }
    throw new ServerError(`a hit was not counted: its counter was created and removed ${MAX_ROUNDS} times meanwhile`, {
      delivery: 'answered',
    })
  }
}
