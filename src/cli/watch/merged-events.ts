import type { WatchEvent } from '../../keys/watch-line.ts'
import { WatchOrder } from '../../keys/watch-order.ts'

/** An event and its server. */
export interface ServerEvent {
  readonly server: string
  readonly event: WatchEvent
}

/** Puts the events of several servers in one order: those of a server as they happened, and those of all by their clocks. */
export class MergedEvents {
  readonly #orders: Map<string, WatchOrder> = new Map()

  /** Takes events of a server that came now. */
  add(server: string, events: readonly WatchEvent[], now: number): void {
    const order = this.#orders.get(server) ?? new WatchOrder()
    this.#orders.set(server, order)
    order.add(events, now)
  }

  /** Returns events that no earlier ones can follow. @param now - Milliseconds; Infinity gives all. */
  take(now: number): ServerEvent[] {
    const taken = Array.from(this.#orders, ([server, order]) =>
      order.take(now).map((event) => ({ server, event })),
    ).flat()
    if (this.#orders.size === 1) return taken
    // A line without a time keeps the time of the line before it.
    let last = 0
    const dated = taken.map((one) => {
      if (!Number.isNaN(one.event.at)) last = one.event.at
      return { one, at: last }
    })
    return dated.toSorted((a, b) => a.at - b.at).map(({ one }) => one)
  }
}
