import { InvalidInputError, UnknownCommandError } from '../errors.ts'
import { showValue } from '../show-value.ts'
import type { CounterCalls } from './counter-calls.ts'
import {
  addToCounter,
  addToPlainCounter,
  type Counter,
  type CounterCommand,
  READ_COUNTER,
  READ_PLAIN_COUNTER,
  REMOVE_COUNTER,
  touchCounter,
} from './counter-commands.ts'
import { CreatingCounter } from './creating-counter.ts'
import { hostKey } from './host-key.ts'
import type { Alignment } from './rate-limit-options.ts'
import { atMostSeconds } from './seconds.ts'

/** The hits of a key in its present window. */
export interface WindowHits {
  readonly hits: number
  /** When the window ends, in milliseconds since 1970. */
  readonly endsAt: number
  /** Whether the window is one of the clock. */
  readonly byClock: boolean
}

/**
 * Counts hits in windows of a fixed length. A window that begins with its first hit is one counter that expires by itself:
 * `ma <key> N<seconds> J1 D1 v t` counts, makes the counter and gives count and time in one round trip. A window of the clock
 * has its number in the key. If the server speaks the classic protocol only, windows are those of the clock.
 */
export class WindowCounter {
  readonly #calls: CounterCalls
  readonly #align: Alignment
  readonly #byClock: CreatingCounter

  constructor(calls: CounterCalls, align: Alignment) {
    this.#calls = calls
    this.#align = align
    this.#byClock = new CreatingCounter(calls)
  }

  /** Counts a hit. */
  hit(key: string, windowMs: number): Promise<WindowHits> {
    return this.#aligned(
      key,
      windowMs,
      async () => {
        const counted = await this.#calls.run<Counter>('incr', key, addToCounter(1, atMostSeconds(windowMs)))
        return hitsOf(counted, windowMs)
      },
      (window) => this.#hitByClock(`${key}:${window.number}`, windowMs, window.endsAt),
    )
  }

  async #hitByClock(key: string, windowMs: number, endsAt: number): Promise<WindowHits> {
    // Another machine's clock may be in the window before, or after.
    const hits = await this.#byClock.hit(key, atMostSeconds(windowMs * 2))
    return { hits: Number(hits), endsAt, byClock: true }
  }

  /** Reads the hits, and counts none; undefined: there were none. */
  peek(key: string, windowMs: number): Promise<WindowHits | undefined> {
    return this.#aligned(
      key,
      windowMs,
      async () => {
        const counter = await this.#calls.run<Counter | undefined>('get', key, READ_COUNTER)
        return counter && hitsOf(counter, windowMs)
      },
      async ({ number, endsAt }) => {
        const hits = await this.#calls.run<bigint | undefined>('get', `${key}:${number}`, READ_PLAIN_COUNTER)
        return hits === undefined ? undefined : { hits: Number(hits), endsAt, byClock: true }
      },
    )
  }

  /** Takes a hit back; where there is none, nothing happens. */
  undo(key: string, windowMs: number): Promise<void> {
    const run = async (own: string, command: CounterCommand): Promise<void> => {
      await this.#calls.run('decr', own, command)
    }
    return this.#aligned(
      key,
      windowMs,
      () => run(key, addToCounter(-1, undefined)),
      ({ number }) => run(`${key}:${number}`, addToPlainCounter(-1)),
    )
  }

  /** Lets the window of a key go on for so long from now. Not for windows of the clock. */
  async extend(key: string, milliseconds: number): Promise<void> {
    await this.#calls.run('touch', key, touchCounter(atMostSeconds(milliseconds)))
  }

  /** Forgets the hits of a key. */
  async reset(key: string, windowMs: number): Promise<void> {
    const { number } = windowOf(windowMs)
    await Promise.all([key, `${key}:${number}`].map((own) => this.#calls.run('delete', own, REMOVE_COUNTER)))
  }

  async #aligned<T>(
    key: string,
    windowMs: number,
    fromFirstHit: () => Promise<T>,
    byClock: (window: Window) => Promise<T>,
  ): Promise<T> {
    // Refused here: below, what is refused for the protocol's sake is counted by the clock.
    hostKey(key)
    const window = windowOf(windowMs)
    if (this.#align === 'first-hit') {
      try {
        return await fromFirstHit()
      } catch (error) {
        if (!lacksMeta(error)) throw error
      }
    }
    return byClock(window)
  }
}

/** A window of the clock. */
interface Window {
  readonly number: string
  /** When it ends, in milliseconds since 1970. */
  readonly endsAt: number
}

function windowOf(windowMs: number): Window {
  if (!(typeof windowMs === 'number' && windowMs > 0 && Number.isFinite(windowMs)))
    throw new InvalidInputError(
      `the window of a rate limit must be a number of milliseconds above 0, got ${showValue(windowMs)}`,
    )
  const number = Math.floor(Date.now() / windowMs)
  return { number: number.toString(36), endsAt: (number + 1) * windowMs }
}

function hitsOf({ value, ttl }: Counter, windowMs: number): WindowHits {
  return { hits: value, endsAt: Date.now() + (ttl < 0 ? windowMs : ttl * 1000), byClock: false }
}

/** Whether a command was not sent because the server does not speak the meta protocol, or not just now. */
function lacksMeta(error: unknown): boolean {
  return (error instanceof InvalidInputError || error instanceof UnknownCommandError) && error.delivery === 'not-sent'
}
