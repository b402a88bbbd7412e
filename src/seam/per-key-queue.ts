import { type MemcacheError, OverloadedError, TimeoutError } from '../errors.ts'
import { keyName, type WireKey } from '../protocol/key.ts'
import type { Holder, Operation } from '../protocol/operation.ts'
import type { Request } from '../protocol/request.ts'

/** A place in the order of the commands for one key. */
class Place {
  /** Undefined: the place only holds back the commands after it. */
  readonly operation: Operation | undefined
  /** The place counts against the limits. */
  readonly counts: boolean
  /** Length of the command's body, before it is compressed. */
  readonly bytes: number
  /** The command may be dispatched as soon as it is the first for its key. */
  ready = false
  /** The place is no longer in its queue. */
  left = false
  timer: NodeJS.Timeout | undefined = undefined
  next: Place | undefined = undefined
  /** The end of the queue; right in its first place only. */
  last: Place = this

  constructor(operation: Operation | undefined, counts: boolean) {
    this.operation = operation
    this.counts = counts
    this.bytes = operation?.bodyBytes ?? 0
  }

  /** A command that has settled holds nothing back. */
  get mayPass(): boolean {
    return this.ready || this.operation?.settled === true
  }
}

/**
 * Holds commands back while an earlier command for their key cannot be dispatched yet, so that commands for one key stay
 * in the order of the calls. Other keys pass.
 */
export class PerKeyQueue implements Holder {
  readonly server = 'the server'
  /** The first place of each key's queue. */
  readonly #queues: Map<string, Place> = new Map()
  readonly #dispatch: (operation: Operation) => void
  readonly #limits: QueueLimits
  #held = 0
  #heldBytes = 0
  #ending: MemcacheError | undefined
  /** Called when nothing is held back any more. */
  #waiters: (() => void)[] = []

  constructor(dispatch: (operation: Operation) => void, limits: QueueLimits) {
    this.#dispatch = dispatch
    this.#limits = limits
  }

  /** Whether a command has to be offered to `hold`. */
  get closed(): boolean {
    return this.#queues.size > 0 || this.#ending !== undefined
  }

  /** Whether a command for this key, dispatched now, would be held back or refused. */
  holdsBack(key: WireKey): boolean {
    return this.#ending !== undefined || this.#queues.has(keyName(key))
  }

  /** Takes no more commands; settles when those that are held back, and those that have a place, have passed. */
  async drain(error: MemcacheError): Promise<void> {
    this.#ending = error
    await this.passed()
  }

  /** Settles when what is held back has passed; undefined when nothing is. */
  passed(): Promise<void> | undefined {
    if (this.#queues.size === 0) return undefined
    return new Promise<void>((resolve) => this.#waiters.push(resolve))
  }

  #tellEmpty(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const resolve of waiters) resolve()
  }

  /** Ends everything that is held back or has a place. */
  destroy(error: MemcacheError): void {
    this.#ending = error
    const firsts = [...this.#queues.values()]
    this.#queues.clear()
    for (const first of firsts) {
      for (let place: Place | undefined = first; place !== undefined; place = place.next) {
        clearTimeout(place.timer)
        place.left = true
        place.operation?.fail(error)
      }
    }
    this.#tellEmpty()
  }

  /** Takes a command whose request is still being made. */
  prepare(operation: Operation, request: Promise<Request>): void {
    const reserved = this.#placeOf(operation)
    if (reserved !== undefined) return void this.#finish(reserved, request)
    if (!this.#refuses(operation)) void this.#finish(this.#push(operation, true), request)
  }

  async #finish(place: Place, request: Promise<Request>): Promise<void> {
    this.#startTimer(place)
    try {
      place.operation!.takePrepared(await request)
    } catch (error) {
      place.operation!.fail(error)
    }
    place.ready = true
    // The thread pool had its bytes until now, also where the call has settled.
    if (place.left) this.#uncount(place)
    else this.#advance(keyName(place.operation!.key))
  }

  /** Takes a command if it has a place, or if an earlier one for its key is held back; returns whether it did. */
  hold(operation: Operation): boolean {
    const reserved = this.#placeOf(operation)
    if (reserved !== undefined) {
      this.#admit(reserved)
      return true
    }
    if (this.#ending === undefined && !this.#queues.has(keyName(operation.key))) return false
    if (this.#refuses(operation)) return true
    const place = this.#push(operation, true)
    place.ready = true
    this.#startTimer(place)
    return true
  }

  /**
   * Keeps a place for a command that is dispatched later: the commands for its key that come in between wait for it.
   * Such places do not count against the limits, because their commands are in memory anyway.
   */
  reserve(operation: Operation): void {
    if (this.#ending === undefined && !operation.settled) this.#push(operation, false)
  }

  /** The place that is kept for a command. A batch dispatches in the order of its places, so the first ones are looked at. */
  #placeOf(operation: Operation): Place | undefined {
    if (operation.holder !== this) return undefined
    let place = this.#queues.get(keyName(operation.key))
    while (place !== undefined && place.operation !== operation) place = place.next
    return place
  }

  #admit(place: Place): void {
    place.ready = true
    this.#advance(keyName(place.operation!.key))
    if (!place.left) this.#startTimer(place)
  }

  /**
   * Holds back the commands for a key, those that wait already too.
   *
   * @returns lets them pass; may be called again.
   */
  block(key: WireKey): () => void {
    const name = keyName(key)
    const first = this.#queues.get(name)
    const place = new Place(undefined, false)
    place.next = first
    if (first !== undefined) place.last = first.last
    this.#queues.set(name, place)
    return () => {
      place.ready = true
      this.#advance(name)
    }
  }

  /** The limits of a connection hold here too, for what waits here waits nowhere else. */
  #refuses(operation: Operation): boolean {
    const { maxPending, maxPendingBytes } = this.#limits
    if (this.#ending !== undefined) operation.fail(this.#ending)
    else if (this.#held >= maxPending) operation.fail(overloaded(operation, `${maxPending} commands (maxPending)`))
    else if (this.#heldBytes > 0 && this.#heldBytes + operation.bodyBytes > maxPendingBytes) {
      operation.fail(overloaded(operation, `${this.#heldBytes} bytes (maxPendingBytes is ${maxPendingBytes})`))
    }
    return operation.settled
  }

  /** A held command was aborted, or its time is up. */
  cancel(operation: Operation, reason: unknown): void {
    operation.fail(reason)
    this.#advance(keyName(operation.key))
  }

  #push(operation: Operation, counts: boolean): Place {
    operation.holder = this
    const place = new Place(operation, counts)
    if (counts) {
      this.#held++
      this.#heldBytes += place.bytes
    }
    const name = keyName(operation.key)
    const first = this.#queues.get(name)
    if (first === undefined) this.#queues.set(name, place)
    else {
      first.last.next = place
      first.last = place
    }
    return place
  }

  #startTimer(place: Place): void {
    const operation = place.operation!
    if (operation.deadline === 0) operation.deadline = performance.now() + operation.timeoutMs
    if (operation.deadline === Number.POSITIVE_INFINITY || operation.settled) return
    const expire = (): void => {
      const message = `${operation.describe()} timed out after ${operation.timeoutMs} ms, while it waited for an earlier command for this key, or for its value to be compressed or stored in chunks`
      this.cancel(operation, new TimeoutError(message, { delivery: 'not-sent' }))
    }
    place.timer = setTimeout(expire, Math.max(0, operation.deadline - performance.now()))
  }

  /** Lets pass what no longer has to wait. */
  #advance(name: string): void {
    // Looked up anew each time: what is dispatched may settle at once, or block the key.
    for (let first = this.#queues.get(name); first?.mayPass === true; first = this.#queues.get(name)) {
      this.#shift(name, first)
      this.#release(first)
    }
    if (this.#queues.size === 0) this.#tellEmpty()
  }

  #shift(name: string, { next, last }: Place): void {
    if (next === undefined) this.#queues.delete(name)
    else {
      next.last = last
      this.#queues.set(name, next)
    }
  }

  #release(place: Place): void {
    const { operation, timer } = place
    clearTimeout(timer)
    place.left = true
    if (place.ready) this.#uncount(place)
    if (operation === undefined || operation.settled) return
    operation.holder = undefined
    this.#dispatch(operation)
  }

  /** Until its value is made, or given up, a place counts: the thread pool still has its bytes. */
  #uncount({ counts, bytes }: Place): void {
    if (!counts) return
    this.#held--
    this.#heldBytes -= bytes
  }
}

/** Limits of what may be held back. */
export interface QueueLimits {
  readonly maxPending: number
  readonly maxPendingBytes: number
}

function overloaded(operation: Operation, what: string): OverloadedError {
  return new OverloadedError(
    `${operation.describe()}: ${what} wait for values to be compressed or stored in chunks, or for earlier commands for their keys`,
    { delivery: 'not-sent' },
  )
}
