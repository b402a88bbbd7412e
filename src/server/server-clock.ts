/** Longest ttl that is relative, in seconds: 30 days. Anything longer is a UNIX time. */
const MAX_RELATIVE_SECONDS = 60 * 60 * 24 * 30

/**
 * Server time at the start, in seconds. memcached keeps room below its start so that "expired at once" has a time of
 * its own; `stats` subtracts 60 of it from `uptime`, which hence starts at 2.
 */
const HEAD_START_SECONDS = 62

/** Server time that has always passed. */
const LONG_AGO = 1

/**
 * memcached's clock: whole seconds, counted from the start of the server.
 *
 * Times of items are kept in this count; 0 means never.
 */
export class ServerClock {
  readonly #now: () => number
  readonly #startedMs: number
  /** UNIX time of second 0 of this clock. */
  readonly #zero: number

  /** @param now milliseconds since 1970 */
  constructor(now: () => number) {
    this.#now = now
    this.#startedMs = now()
    this.#zero = Math.floor(this.#startedMs / 1000) - HEAD_START_SECONDS
  }

  /** Server time, in seconds. Ticks a whole second after the start, and so on. */
  get seconds(): number {
    return Math.floor((this.#now() - this.#startedMs) / 1000) + HEAD_START_SECONDS
  }

  /** Server time as UNIX time, in seconds. */
  get unixSeconds(): number {
    return this.seconds + this.#zero
  }

  /** Returns a server time as UNIX time, in seconds. */
  unixTimeOf(seconds: number): number {
    return seconds + this.#zero
  }

  /** Seconds since the start, as `stats` counts them. */
  get uptime(): number {
    return this.seconds - HEAD_START_SECONDS + 2
  }

  /**
   * Returns the server time of an exptime: 0 never, up to 30 days relative, above a UNIX time, negative at once. A UNIX
   * time before the start of the server is long ago: a relative ttl over 30 days ends like that.
   */
  expiryOf(exptime: number): number {
    if (exptime === 0) return 0
    if (exptime < 0) return LONG_AGO
    if (exptime <= MAX_RELATIVE_SECONDS) return this.seconds + exptime
    return exptime <= this.#zero ? LONG_AGO : exptime - this.#zero
  }
}
