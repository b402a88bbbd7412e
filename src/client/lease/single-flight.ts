import { whenAborted } from '../../abort-listener.ts'
import { ignore } from '../../ignore.ts'
import { Patience } from '../../protocol/patience.ts'

/** Identifies the lease that a load belongs to. */
export type FlightMark = string

/**
 * One load, or one wait for another client's, that several callers share. Aborts when the last of them has left.
 */
export class Flight<T> {
  /** Which lease it is about at present. */
  mark: FlightMark
  /** Of those that share it: they have left when the last one has. */
  readonly patience: Patience = new Patience(performance.now())
  readonly #controller: AbortController = new AbortController()
  readonly #result: Promise<T>
  #end: (reason: unknown) => void = ignore
  #callers = 0

  /** @param work - Begins at once; what it rejects with reaches the callers. */
  constructor(mark: FlightMark, work: (flight: Flight<T>) => Promise<T>) {
    this.mark = mark
    const result = new Promise<T>((resolve, reject) => {
      this.#end = reject
      work(this).then(resolve, reject)
    })
    // Callers that need the result join; a load that all have left may fail unheard.
    result.catch(ignore)
    this.#result = result
  }

  /** Aborts when no caller waits any more. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Resolves when it is over, whatever came of it. */
  get over(): Promise<void> {
    return this.#result.then(ignore, ignore)
  }

  /**
   * Waits for the result; an abort leaves at once.
   *
   * @param present - Makes of the result what this caller gets.
   */
  join<Value>(signal: AbortSignal | undefined, present: (result: T) => Value | Promise<Value>): Promise<Value> {
    this.#callers++
    const presented = this.#result.then(present)
    if (signal === undefined) return presented
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        reject(signal.reason)
        if (--this.#callers === 0) this.#abandon(signal.reason)
      }
      const leave = whenAborted(signal, onAbort)
      presented.then(resolve, reject).then(leave, leave)
      if (signal.aborted) onAbort()
    })
  }

  #abandon(reason: unknown): void {
    this.patience.leave(performance.now())
    this.#controller.abort(reason)
  }

  /** Ends the load for all callers. */
  end(reason: unknown): void {
    this.#end(reason)
    this.#controller.abort(reason)
  }
}

/** The loads that are under way in this process, by item. */
export class SingleFlight<T> {
  readonly #flights: Map<string, Flight<T>> = new Map()
  readonly #all: Set<Flight<T>> = new Set()

  /** The load for an item that is about this lease. */
  find(name: string, mark: FlightMark): Flight<T> | undefined {
    const flight = this.#flights.get(name)
    return flight?.mark === mark && !flight.signal.aborted ? flight : undefined
  }

  /** Begins a load. Callers that come from now on find this one, not an older one about another lease. */
  start(name: string, mark: FlightMark, work: (flight: Flight<T>) => Promise<T>): Flight<T> {
    const flight = new Flight(mark, work)
    this.#flights.set(name, flight)
    this.#all.add(flight)
    void this.#forget(name, flight)
    return flight
  }

  async #forget(name: string, flight: Flight<T>): Promise<void> {
    await flight.over
    this.#all.delete(flight)
    if (this.#flights.get(name) === flight) this.#flights.delete(name)
  }

  /** Waits for the loads that are under way. */
  async settle(): Promise<void> {
    while (this.#all.size > 0) await Promise.all(Array.from(this.#all, (flight) => flight.over))
  }

  get isIdle(): boolean {
    return this.#all.size === 0
  }

  /** Ends all of them. */
  end(reason: unknown): void {
    for (const flight of this.#all) flight.end(reason)
  }
}
