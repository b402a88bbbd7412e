import type { AdapterOptions } from './host-client.ts'

/** Beginning of windows: the first hit of a key, or multiples of their length by the clock of this machine. */
export type Alignment = 'first-hit' | 'clock'

/** Outcome of a hit that cannot be counted. */
export type OnCountError = 'throw' | 'allow' | 'deny'

/** Options of a store of rate limits. */
export interface RateLimitOptions extends AdapterOptions {
  /** Put in front of every key. Two limits over one cache need two prefixes. @defaultValue `'rl:'` */
  readonly prefix?: string
  /**
   * When windows begin. `'first-hit'`: with the first hit of a key; the end of the window is known to the second. `'clock'`: at
   * multiples of the window's length; the end is exact, and the clocks of all machines must agree. Servers that speak the classic protocol only count as with `'clock'`.
   *
   * @defaultValue `'first-hit'`
   */
  readonly align?: Alignment
  /**
   * Outcome of a hit when the cache fails. `'throw'`: the host decides, by its option `passOnStoreError` or `skipOnError`.
   * `'allow'` counts it as the first hit, `'deny'` as one beyond every limit; the host learns of no failure then, the client
   * reports it as a `commandError` event.
   *
   * @defaultValue `'throw'`
   */
  readonly onError?: OnCountError
  /**
   * Whether there is `resetAll()`. Its price: every key then carries a number that is an item of its own. If that item is
   * evicted, all counts begin anew; and while its server is out, a process that has just started counts no hit.
   *
   * @defaultValue `false`
   */
  readonly clearable?: boolean
}
