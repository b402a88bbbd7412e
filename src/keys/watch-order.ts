import type { WatchEvent } from './watch-line.ts'

/** Time that an event is held back so that earlier ones can come, in milliseconds. */
const HELD_MS = 100

/** An event, its place in the order, and when it came in milliseconds of the reader's clock. */
interface Held {
  readonly event: WatchEvent
  readonly order: number
  readonly cameAt: number
}

/**
 * Puts the events of one server in the order in which they happened: memcached's threads write them out of order, within some
 * 100 ms (seen on 1.6.18 to 1.6.45).
 */
export class WatchOrder {
  #held: Held[] = []
  #lastOrder = 0

  /** Takes events that came now. */
  add(events: readonly WatchEvent[], now: number): void {
    for (const event of events) {
      // Events without a number, about those that were skipped, keep their place.
      if (!Number.isNaN(event.gid)) this.#lastOrder = event.gid
      this.#held.push({ event, order: this.#lastOrder, cameAt: now })
    }
  }

  /** Whether no event is held back. */
  get isEmpty(): boolean {
    return this.#held.length === 0
  }

  /**
   * Returns the events that have been held back long enough, and those that happened before them, in their order.
   *
   * @param now - Milliseconds of the reader's clock; Infinity gives all events.
   */
  take(now: number): WatchEvent[] {
    const due = this.#held.findLastIndex(({ cameAt }) => cameAt <= now - HELD_MS)
    if (due === -1) return []
    const last = this.#held.slice(0, due + 1).reduce((most, { order }) => Math.max(most, order), 0)
    const isReady = ({ order }: Held, at: number): boolean => at <= due || order <= last
    const ready = this.#held.filter((held, at) => isReady(held, at))
    this.#held = this.#held.filter((held, at) => !isReady(held, at))
    return ready.toSorted((a, b) => a.order - b.order).map(({ event }) => event)
  }
}
