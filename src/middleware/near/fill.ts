import { latin1Slice } from '../../buffer-slices.ts'
import { ignore } from '../../ignore.ts'
import type { Mutable } from '../../mutable.ts'
import { MANIFEST_FLAGS } from '../../protocol/manifest.ts'
import type { Interpret, Operation } from '../../protocol/operation.ts'
import { PLACEHOLDER_FLAGS } from '../../protocol/placeholder.ts'
import { type Reply, Returned } from '../../protocol/reply.ts'
import type { Entry, Kept } from './entry.ts'
import { isRangeSerde, NO_VALUE, type ValueSlot } from './value-slot.ts'

/** A miss is kept without a byte. */
const KEPT_MISS: Kept = Object.freeze({
  keeps: 'miss',
  data: undefined,
  madeBy: undefined,
  clientFlags: 0,
  bytes: 0,
  ttl: undefined,
})

/** Part of the near cache that fills need. */
export interface FillStore {
  readonly options: { readonly maxItemBytes: number; readonly missTtlMs: number }
  readonly slot: ValueSlot
  /** Whether the entry is still one of the near cache. */
  has(entry: Entry): boolean
  /** Ends a read that was to fill an entry; `kept` is undefined where there is nothing to keep. */
  settle(entry: Entry, kept: Kept | undefined, since: number, routing: string | undefined): void
  /** Ends a read that has brought nothing. */
  giveUp(entry: Entry): void
  /** Counts a reply that is not kept. */
  countCalledOff(): void
}

/** A read on its way whose reply is to be kept, unless the client writes the key meanwhile. */
export class Fill {
  readonly #store: FillStore
  readonly #entry: Entry
  readonly #version: number
  /** Key that chose the server, where the call gave one. */
  readonly #routing: string | undefined
  /** When the read left: from then on the value may be out of date. */
  readonly #since: number
  /** Result of the last reply. */
  #kept: Kept | undefined = undefined
  /** Value that was made of the last reply: a layer below may ask several servers, and pass over what one of them answers. */
  #result: unknown = undefined
  #isDone = false

  constructor(store: FillStore, entry: Entry, routing: string | undefined, since: number) {
    this.#store = store
    this.#entry = entry
    this.#version = entry.version
    this.#routing = routing
    this.#since = since
  }

  /**
   * Has an operation keep what it brings once it settles.
   *
   * @param serde - Makes the value.
   */
  watch(operation: Operation, serde: object): void {
    const { interpret, resolve, reject } = operation
    operation.interpret = this.#reading(interpret, serde)
    operation.resolve = (value, same) => {
      if (Object.is(value, this.#result)) this.commit()
      else this.giveUp()
      resolve(value, same)
    }
    operation.reject = (reason, same) => {
      this.giveUp()
      reject(reason, same)
    }
  }

  #reading(interpret: Interpret, serde: object): Interpret {
    const read: Interpret = (reply, operation) => {
      const result = this.note(reply, serde, () => interpret(reply, operation))
      this.#result = result
      if (result instanceof Promise) result.then((made) => this.#made(result, made), ignore)
      return result
    }
    const marks: Mutable<Interpret> = read
    const { borrows, direct, passedOver, present, serialize } = interpret
    // By hand: an object for them costs as much as all the rest.
    if (borrows !== undefined) marks.borrows = borrows
    if (direct !== undefined) marks.direct = direct
    if (passedOver !== undefined) marks.passedOver = passedOver
    if (present !== undefined) marks.present = present
    if (serialize !== undefined) marks.serialize = serialize
    return read
  }

  /** A layer below may settle the read with the value itself, and not with its promise. */
  #made(result: unknown, made: unknown): void {
    if (this.#result === result) this.#result = made
  }

  /** Has a function read a reply, and takes note of what is to be kept of it. */
  note<T>(reply: Reply, serde: object, read: () => T): T {
    this.#kept = undefined
    if (!isKeepable(reply, this.#store.options.maxItemBytes)) {
      if (isMiss(reply) && this.#store.options.missTtlMs > 0) this.#kept = KEPT_MISS
      return read()
    }
    const { clientFlags, size } = reply
    const ttl = ttlOf(reply)
    // A serde of the caller's may change the bytes while it reads them.
    const early = isRangeSerde(serde) ? undefined : textOf(reply)
    const { slot } = this.#store
    slot.record()
    let made: unknown = NO_VALUE
    let result: T
    try {
      result = read()
    } finally {
      made = slot.endRecord()
    }
    this.#kept =
      made === NO_VALUE
        ? { keeps: 'bytes', data: early ?? textOf(reply), madeBy: undefined, clientFlags, bytes: size, ttl }
        : { keeps: 'value', data: made, madeBy: serde, clientFlags: 0, bytes: slot.madeOf, ttl }
    return result
  }

  /** Keeps what was noted. */
  commit(): void {
    const kept = this.#kept
    if (this.#end()) this.#store.settle(this.#entry, kept, this.#since, this.#routing)
    else if (kept !== undefined) this.#store.countCalledOff()
  }

  /** Ends without a reply. */
  giveUp(): void {
    if (this.#end()) this.#store.giveUp(this.#entry)
  }

  /** Ends once. Returns whether the entry still waits for this read. */
  #end(): boolean {
    if (this.#isDone) return false
    this.#isDone = true
    this.#kept = undefined
    this.#result = undefined
    return this.#entry.version === this.#version && this.#store.has(this.#entry)
  }
}

/** Whether an item is a value of its own that plain readers get: no placeholder, no manifest, not stale, not to be loaded. */
function isKeepable(reply: Reply, maxItemBytes: number): boolean {
  const { outcome, type, size, clientFlags, returned } = reply
  if (outcome !== 'hit' || size === 0 || size > maxItemBytes) return false
  if (clientFlags === PLACEHOLDER_FLAGS || clientFlags === MANIFEST_FLAGS) return false
  return type === 'VALUE' || (type === 'VA' && (returned & TOKENS) === 0)
}

const TOKENS = Returned.won | Returned.stale | Returned.alreadyWon

function isMiss({ outcome, type }: Reply): boolean {
  return outcome === 'miss' && (type === 'END' || type === 'EN')
}

/** Returns the seconds that an item has left, where a reply says it. */
function ttlOf(reply: Reply): number | undefined {
  if (reply.type !== 'VA' || !reply.has(Returned.ttl)) return undefined
  return reply.ttl === -1 ? Number.POSITIVE_INFINITY : reply.ttl
}

function textOf({ bytes, start, end }: Reply): string {
  return latin1Slice(bytes, start, end)
}
