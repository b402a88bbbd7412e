import { TimeoutError } from '../errors.ts'
import type { WireKey } from '../protocol/key.ts'
import { DeadlineSweep } from '../seam/deadline-sweep.ts'
import type { ReadBatch, ReadHolder } from '../seam/read-batch.ts'
import { ReadPart } from '../seam/read-part.ts'

/** A server gives up its place in a window when it is silent for the time of the call divided by this. */
const PATIENCE_PARTS = 10

/** A server, as windows see it. */
interface Named {
  readonly name: string
}

/** The reads of one call over many servers. */
interface CallWindow<T> extends ReadHolder {
  /** Reads whose servers were not asked yet, in the order in which they will be. */
  readonly waiting: Map<ReadPart, T>
  /** Reads whose servers have a place: since when, on the monotonic clock. */
  readonly asked: Map<ReadPart, number>
  isFeeding: boolean
}

/**
 * Asks the servers of a batch of reads in turn, so that only so many of them have not answered at a time: answers that
 * many servers give at once overflow the buffers of a switch, and what is lost there comes 200 ms later. Each call has
 * a window of its own.
 */
export class ReadWindows<T extends Named> {
  readonly #most: number
  readonly #ask: (member: T, reads: ReadBatch) => void
  /** Windows by their call. */
  readonly #windows: WeakMap<object, CallWindow<T>> = new WeakMap()
  /** Windows in which reads wait. */
  readonly #holding: Set<CallWindow<T>> = new Set()
  #answeredAt = 0
  readonly #sweep: DeadlineSweep = new DeadlineSweep(
    (now) => this.#expire(now),
    () => this.#answeredAt,
  )

  /**
   * @param most - Most servers of a call that have not answered.
   * @param ask - Hands reads over to a server, or to another one while that server is out.
   */
  constructor(most: number, ask: (member: T, reads: ReadBatch) => void) {
    this.#most = most
    this.#ask = ask
  }

  /** Whether reads wait. */
  get isHolding(): boolean {
    return this.#holding.size > 0
  }

  /** Asks the servers of a divided batch: as many at once as the window takes, the others as answers come. */
  dispatch(batch: ReadBatch, parts: ReadonlyMap<T, ReadBatch>): void {
    const call = batch.call ?? batch
    let window = this.#windows.get(call)
    if (window === undefined && parts.size > this.#most) {
      window = this.#createWindow()
      this.#windows.set(call, window)
    }
    for (const [member, part] of parts) {
      if (window !== undefined && part instanceof ReadPart) this.#add(window, member, part)
      else this.#ask(member, part)
    }
    if (window === undefined) return
    this.#feed(window)
    if (this.isHolding) this.#sweep.watch(batch.timeoutMs)
  }

  /** Asks a server for the reads of a key that wait: a write of the key follows. */
  askBefore(member: T, key: WireKey): void {
    this.#askWaiting((part, other) => other === member && part.keys.some((one) => echoOf(one) === echoOf(key)))
  }

  /** Asks all servers whose reads wait, or one of them: it finishes what it has. */
  askAll(member?: T): void {
    this.#askWaiting((_part, other) => member === undefined || other === member)
  }

  #askWaiting(isMeant: (part: ReadPart, member: T) => boolean): void {
    for (const window of this.#holding) {
      for (const [part, member] of window.waiting) if (isMeant(part, member)) this.#askFor(window, part, member)
    }
  }

  #createWindow(): CallWindow<T> {
    const window: CallWindow<T> = {
      waiting: new Map(),
      asked: new Map(),
      isFeeding: false,
      cancelReads: (part) => this.#take(window, part as ReadPart),
    }
    return window
  }

  #add(window: CallWindow<T>, member: T, part: ReadPart): void {
    part.onSettled = () => {
      this.#answeredAt = performance.now()
      window.asked.delete(part)
      this.#feed(window)
    }
    part.holder = window
    // The time of reads that wait is running.
    if (part.deadline === 0) part.deadline = performance.now() + part.timeoutMs
    window.waiting.set(part, member)
    this.#holding.add(window)
  }

  #feed(window: CallWindow<T>): void {
    // Reads that fail at once settle inside the loop, which goes on by itself.
    if (window.isFeeding) return
    window.isFeeding = true
    for (const [part, member] of window.waiting) {
      if (window.asked.size >= this.#most) break
      this.#askFor(window, part, member)
    }
    window.isFeeding = false
  }

  #askFor(window: CallWindow<T>, part: ReadPart, member: T): void {
    this.#take(window, part)
    part.holder = undefined
    window.asked.set(part, performance.now())
    this.#ask(member, part)
  }

  #take(window: CallWindow<T>, part: ReadPart): void {
    window.waiting.delete(part)
    if (window.waiting.size === 0) this.#holding.delete(window)
    if (!this.isHolding) this.#sweep.stop()
  }

  /** Fails the reads that waited for too long, and gives the places of silent servers to others. */
  #expire(now: number): void {
    for (const window of this.#holding) {
      const expired = [...window.waiting].filter(([{ deadline }]) => deadline <= now)
      for (const [part] of expired) this.#take(window, part)
      for (const [part, member] of expired) this.#fail(part, member)
      for (const [part, since] of window.asked) {
        if (now - since >= part.timeoutMs / PATIENCE_PARTS) window.asked.delete(part)
      }
      this.#feed(window)
    }
  }

  #fail(part: ReadPart, { name: server }: T): void {
    const why = `before ${server} was asked: ${this.#most} servers had not answered (readWindow)`
    for (let index = 0; index < part.keys.length; index++) {
      if (!part.isOpen(index)) continue
      const operation = part.detach(index)
      const message = `${operation.describe()} timed out after ${part.timeoutMs} ms, ${why}`
      operation.fail(new TimeoutError(message, { server, delivery: operation.unsentDelivery, ...operation.about }))
    }
  }
}

function echoOf(key: WireKey): string {
  return typeof key === 'string' ? key : key.echo
}
