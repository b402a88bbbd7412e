import { DeadlineSweep } from '../../seam/deadline-sweep.ts'

/** A read that waits for the local zone: an entry of a linked list, so that nothing is allocated for it. */
export interface WaitingRead {
  /** When it was sent, on the monotonic clock. */
  since: number
  previous: WaitingRead | undefined
  next: WaitingRead | undefined
  /** Called when the local zone is late. */
  onLate(): void
}

/** Reads that the local zone has not answered, in their order, and the timer that finds those that are late. */
export class WaitingReads {
  readonly #limitMs: number
  readonly #sweep: DeadlineSweep = new DeadlineSweep(
    (now) => this.#expire(now),
    () => Number.NEGATIVE_INFINITY,
  )
  #first: WaitingRead | undefined
  #last: WaitingRead | undefined

  /** @param limitMs - Time after which a read is late, in milliseconds; Infinity: never. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs
  }

  add(read: WaitingRead): void {
    if (this.#limitMs === Number.POSITIVE_INFINITY) return
    const last = this.#last
    read.previous = last
    if (last === undefined) this.#first = read
    else last.next = read
    this.#last = read
    this.#sweep.watch(this.#limitMs)
  }

  remove(read: WaitingRead): void {
    const { previous, next } = read
    if (previous === undefined && this.#first !== read) return
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    read.previous = undefined
    read.next = undefined
  }

  #expire(now: number): void {
    for (let read = this.#first; read !== undefined && now - read.since >= this.#limitMs; read = this.#first) {
      this.remove(read)
      read.onLate()
    }
    if (this.#first === undefined) this.#sweep.stop()
  }

  /** Looks no more. */
  stop(): void {
    this.#sweep.stop()
  }
}
