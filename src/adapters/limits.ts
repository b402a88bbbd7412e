import { isAbsorbable } from '../client/dispatcher.ts'
import { flag, refused } from '../option-checks.ts'
import { type CounterCalls, openCounters } from './counter-calls.ts'
import {
  ADAPTER_NAMES,
  type CacheOrServers,
  checkAdapterOptions,
  type HostClient,
  openHostClient,
} from './host-client.ts'
import type { OnCountError, RateLimitOptions } from './rate-limit-options.ts'
import { WindowCounter, type WindowHits } from './window-counter.ts'

const NAMES: readonly (keyof RateLimitOptions)[] = [...ADAPTER_NAMES, 'align', 'onError', 'clearable']

/** A count beyond every limit. */
const BEYOND_ALL = Number.MAX_SAFE_INTEGER

/** The checked options of a store of rate limits, its client, and its counters. */
export class Limits {
  readonly client: HostClient
  readonly prefix: string
  readonly calls: CounterCalls
  readonly counter: WindowCounter
  /** Whether every window is one of the clock. */
  readonly isByClock: boolean
  readonly #onError: OnCountError

  constructor(name: string, cache: CacheOrServers | undefined, options: RateLimitOptions, defaultPrefix: string) {
    this.prefix = checkAdapterOptions(name, options, NAMES, defaultPrefix)
    const { align = 'first-hit', onError = 'throw' } = options
    if (align !== 'first-hit' && align !== 'clock') throw refused('align', "'first-hit' or 'clock'", align)
    if (onError !== 'throw' && onError !== 'allow' && onError !== 'deny')
      throw refused('onError', "'throw', 'allow' or 'deny'", onError)
    this.isByClock = align === 'clock'
    this.#onError = onError
    const isClearable = flag('clearable', options.clearable, false)
    this.client = openHostClient(name, cache, options.client)
    this.calls = openCounters(this.client.cache, this.prefix, isClearable)
    this.counter = new WindowCounter(this.calls, align)
  }

  /** Carries out a count; where the cache fails, the option `onError` decides about the result. */
  async count(key: string, windowMs: number, run: () => Promise<WindowHits>): Promise<WindowHits> {
    try {
      return await run()
    } catch (error) {
      if (this.#onError === 'throw' || !isAbsorbable(error)) throw error
      this.calls.report(error, key)
      return { hits: this.#onError === 'allow' ? 1 : BEYOND_ALL, endsAt: Date.now() + windowMs, byClock: false }
    }
  }
}
