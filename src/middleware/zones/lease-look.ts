import { ClosedError, InvalidInputError, MemcacheError } from '../../errors.ts'
import type { StoreRequest } from '../../protocol/classic-request.ts'
import type { Holder, Interpret, Operation } from '../../protocol/operation.ts'
import { type Reply, Returned } from '../../protocol/reply.ts'
import type { Request } from '../../protocol/request.ts'
import { isPlaceholder } from '../item-copy.ts'
import { copyingRead, copyRequest, plainRead } from '../older-read.ts'
import { FarRead, type ZoneAnswer } from './far-read.ts'
import type { WaitingRead } from './waiting-reads.ts'
import { releasePlaceholder, releaseWinToken } from './win-tokens.ts'
import type { Zone } from './zone.ts'
import { outdatedError, zoneOperation } from './zone-command.ts'
import type { ZoneContext } from './zone-context.ts'

/** Marks of a value that is stale, or only being made. */
const UNFINISHED = Returned.won | Returned.stale | Returned.alreadyWon

/** Reply of a zone, noted while it is valid. */
interface LookNote {
  /** `value`: what the call is given. `nothing`: no item, or a placeholder that this look has made. */
  state: 'value' | 'nothing'
  /** Whether the value is stale, or only being made. */
  isUnfinished: boolean
  /** Cas number of what this look has won: a placeholder, or a value that is to be made anew. */
  won: bigint | undefined
  /** Request that copies the item, if it may be copied. */
  copy: StoreRequest | undefined
}

/**
 * One look of `getOrSet`. The local zone alone elects who loads. A caller that it elects asks the other zones before it
 * loads, and fills its placeholder with what one of them has.
 */
export class LeaseLook implements Holder, WaitingRead {
  since = 0
  previous: WaitingRead | undefined = undefined
  next: WaitingRead | undefined = undefined
  readonly #outer: Operation
  readonly #context: ZoneContext
  #inner: Operation | undefined
  #isLocalPending = true
  #isRepeated = false
  /** Answer of the local zone without a value. */
  #nothing: ZoneAnswer | undefined
  /** Cas number of the placeholder that this look has made in the local zone. */
  #won: bigint | undefined
  #error: MemcacheError | undefined
  #far: FarRead | undefined
  #isFarPending = false
  readonly #notes: Map<Operation, LookNote> = new Map()

  constructor(outer: Operation, context: ZoneContext) {
    this.#outer = outer
    this.#context = context
    outer.holder = this
  }

  get server(): string {
    return this.#inner?.holder?.server ?? 'the zones'
  }

  start(): void {
    this.#context.local.reads++
    this.#ask()
  }

  #ask(): void {
    const { local, waiting } = this.#context
    const inner = this.#operation(local, this.#outer.request, false)
    this.#inner = inner
    inner.resolve = (value) => this.#localAnswered({ zone: local, operation: inner, value })
    inner.reject = (reason) => this.#localFailed(reason)
    local.executor.dispatch(inner)
    if (inner.settled) return
    this.since = performance.now()
    waiting.add(this)
  }

  #operation(zone: Zone, request: Request, copies: boolean): Operation {
    return zoneOperation(this.#outer, zone, request, this.#noting(copies))
  }

  /** Reads as the call does, and notes what the reply says. */
  #noting(copies: boolean): Interpret {
    const { interpret } = this.#outer
    const note: Interpret = (reply, operation) => {
      this.#notes.set(operation, noteOf(reply, this.#outer.request, copies))
      return interpret(reply, operation)
    }
    const { passedOver } = interpret
    if (passedOver !== undefined) Object.assign(note, { passedOver })
    // A value that is copied must outlive the reply.
    return copies || interpret.borrows === undefined ? note : Object.assign(note, { borrows: interpret.borrows })
  }

  #localAnswered(answer: ZoneAnswer): void {
    this.#context.waiting.remove(this)
    const outer = this.#outer
    const { local } = this.#context
    const note = this.#notes.get(answer.operation)
    if (outer.settled) return this.#release(note)
    if (local.owes(outer)) return this.#localOutdated(note)
    // A value that is too large to be read has no note.
    if (note === undefined || note.state === 'value') return outer.succeedAs(answer.operation, answer.value)
    this.#nothing = answer
    this.#won = note.won
    this.#isLocalPending = false
    if (this.#context.readOn === 'missOrError') this.#askOthers()
    else this.#conclude()
  }

  /** The look was answered by another zone: what it has won here is for another caller. */
  #release(note: LookNote | undefined): void {
    if (note?.won === undefined) return
    if (note.state === 'nothing') releasePlaceholder(this.#outer, this.#context.local, note.won)
    else releaseWinToken(this.#outer, this.#context.local, note.won)
  }

  /** The answer may be older than a write that failed here. A second look comes after the removal of the key. */
  #localOutdated(note: LookNote | undefined): void {
    this.#release(note)
    if (this.#isRepeated) return this.#localFailed(outdatedError(this.#outer, this.#context.local))
    this.#isRepeated = true
    this.#ask()
  }

  #localFailed(reason: unknown): void {
    this.#context.waiting.remove(this)
    const outer = this.#outer
    if (outer.settled) return
    const isFinal = reason instanceof InvalidInputError || reason instanceof ClosedError
    if (!(reason instanceof MemcacheError) || isFinal) return outer.fail(reason)
    this.#error = reason
    this.#isLocalPending = false
    this.#askOthers()
  }

  onLate(): void {
    if (!this.#outer.settled) this.#askOthers()
  }

  #askOthers(): void {
    if (this.#far !== undefined) return this.#conclude()
    const outer = this.#outer
    if (outer.deadline === 0) outer.deadline = this.#inner!.deadline
    // Only what is read after the placeholder was made may take its place.
    const copies = this.#won !== undefined && this.#context.repair
    const plain = plainRead(outer.request)
    this.#isFarPending = true
    this.#far = new FarRead({
      outer,
      zones: this.#context.readable.filter((zone) => zone !== this.#context.local),
      request: copies ? copyingRead(plain) : plain,
      interpret: () => this.#noting(copies),
      onHit: (answer) => this.#found(answer),
      onEnd: (miss, error) => {
        this.#isFarPending = false
        this.#nothing ??= miss
        this.#error = error ?? this.#error
        this.#conclude()
      },
    })
    this.#far.start()
  }

  #found({ zone, operation, value }: ZoneAnswer): boolean {
    const note = this.#notes.get(operation)
    if (note?.isUnfinished === true) {
      // Another zone's lease is for the callers of that zone.
      if (note.won !== undefined) releaseWinToken(this.#outer, zone, note.won)
      return false
    }
    if (this.#won !== undefined && note?.copy !== undefined) this.#fill(note.copy, this.#won)
    else {
      if (this.#won !== undefined) releasePlaceholder(this.#outer, this.#context.local, this.#won)
      this.#outer.succeedAs(operation, value)
    }
    return true
  }

  /** Puts the item in the place of the placeholder, and looks again. */
  #fill(copy: StoreRequest, cas: bigint): void {
    const { local } = this.#context
    const store = zoneOperation(this.#outer, local, { ...copy, command: 'cas', cas }, () => undefined)
    store.resolve = () => this.#lookAgain()
    store.reject = (reason) => {
      if (reason instanceof MemcacheError) this.#context.report(reason, this.#outer)
      this.#lookAgain()
    }
    local.executor.dispatch(store)
  }

  /** The local zone's own answer is what counts: its cas number, and what was stored before. */
  #lookAgain(): void {
    const { local } = this.#context
    const inner = zoneOperation(this.#outer, local)
    this.#inner = inner
    inner.resolve = (value) => this.#outer.succeedAs(inner, value)
    inner.reject = (reason) => this.#outer.fail(reason)
    local.executor.dispatch(inner)
  }

  /** Settles the look when all zones have answered, and none with a value. */
  #conclude(): void {
    const outer = this.#outer
    if (outer.settled || this.#isLocalPending || this.#isFarPending) return
    const nothing = this.#nothing
    if (nothing === undefined) outer.fail(this.#error)
    else outer.succeedAs(nothing.operation, nothing.value)
  }

  cancel(operation: Operation, reason: unknown): void {
    this.#context.waiting.remove(this)
    operation.fail(reason)
    this.#inner?.cancel(reason)
    this.#far?.cancel(reason)
  }
}

function noteOf(reply: Reply, request: Request, copies: boolean): LookNote {
  const note: LookNote = { state: 'nothing', isUnfinished: false, won: undefined, copy: undefined }
  if (reply.outcome === 'miss') return note
  const isMeta = reply.type === 'VA' || reply.type === 'HD'
  const won = isMeta && reply.has(Returned.won)
  if (won) note.won = reply.cas()
  const isMade = won && request.command === 'mg' && request.flags.vivify !== undefined && !reply.has(Returned.stale)
  if (isMade && (reply.type === 'HD' || reply.end === reply.start)) return note
  note.state = 'value'
  note.isUnfinished = isPlaceholder(reply) || (isMeta && reply.has(UNFINISHED))
  if (copies && !note.isUnfinished) note.copy = copyRequest(reply, Date.now())
  return note
}
