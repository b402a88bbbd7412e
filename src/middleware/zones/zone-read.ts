import { ClosedError, InvalidInputError, MemcacheError } from '../../errors.ts'
import type { Holder, Operation } from '../../protocol/operation.ts'
import { type Command, GET, type Request } from '../../protocol/request.ts'
import { plainRead } from '../older-read.ts'
import { FarRead, type ZoneAnswer } from './far-read.ts'
import { repair } from './repair.ts'
import type { WaitingRead } from './waiting-reads.ts'
import type { Zone } from './zone.ts'
import { drop, outdatedError, zoneOperation } from './zone-command.ts'
import type { ZoneContext } from './zone-context.ts'

/**
 * One read: the nearest zone first; where that fails, is late or, by the option `readOn`, has no such item, all other zones
 * at a time.
 */
export class ZoneRead implements Holder, WaitingRead {
  since = 0
  previous: WaitingRead | undefined = undefined
  next: WaitingRead | undefined = undefined
  readonly #outer: Operation
  readonly #context: ZoneContext
  readonly #first: Zone
  #inner: Operation | undefined
  #isFirstPending = true
  #isRepeated = false
  #miss: ZoneAnswer | undefined
  #error: MemcacheError | undefined
  #far: FarRead | undefined
  #isFarPending = false
  #aborted = false

  /** @param first - The zone that is asked first. */
  constructor(outer: Operation, first: Zone, context: ZoneContext) {
    this.#outer = outer
    this.#first = first
    this.#context = context
    outer.holder = this
  }

  get server(): string {
    return this.#inner?.holder?.server ?? 'the zones'
  }

  start(): void {
    this.#first.reads++
    this.#ask()
  }

  #ask(): void {
    const inner = this.derive()
    this.#first.executor.dispatch(inner)
    if (inner.settled) return
    this.since = Number.isFinite(inner.deadline) ? inner.deadline - inner.timeoutMs : performance.now()
    this.#context.waiting.add(this)
  }

  /** Starts a read that was part of a batch which the first zone has not answered in time. */
  startLate(): void {
    this.#ask()
    this.#context.waiting.remove(this)
    this.onLate()
  }

  /** Makes the operation that asks the first zone. */
  derive(): Operation {
    const inner = zoneOperation(this.#outer, this.#first)
    inner.resolve = (value) => this.#firstAnswered(inner, value)
    inner.reject = (reason) => this.#firstFailed(reason)
    this.#inner = inner
    return inner
  }

  #firstAnswered(inner: Operation, value: unknown): void {
    this.#context.waiting.remove(this)
    const outer = this.#outer
    if (outer.settled) return drop(value)
    if (value instanceof Promise) {
      // Whether it is a hit shows when it is made.
      return void value.then(
        (made: unknown) => this.#firstAnswered(inner, made),
        (reason: unknown) => this.#firstFailed(reason),
      )
    }
    if (this.#first.owes(outer)) return this.#firstOutdated()
    if (inner.outcome !== 'miss') return outer.succeedAs(inner, value)
    this.#miss = { zone: this.#first, operation: inner, value }
    this.#isFirstPending = false
    if (this.#context.readOn === 'missOrError') this.#askOthers()
    else this.#conclude()
  }

  /** The answer may be older than a write that failed there. A second question comes after the removal of the key. */
  #firstOutdated(): void {
    if (this.#isRepeated) return this.#firstFailed(outdatedError(this.#outer, this.#first))
    this.#isRepeated = true
    this.#ask()
  }

  #firstFailed(reason: unknown): void {
    this.#context.waiting.remove(this)
    const outer = this.#outer
    if (outer.settled) return
    if (!(reason instanceof MemcacheError) || this.#aborted || isFinal(reason, this.#inner)) return outer.fail(reason)
    this.#error = reason
    this.#isFirstPending = false
    this.#askOthers()
  }

  onLate(): void {
    if (!this.#outer.settled) this.#askOthers()
  }

  #askOthers(): void {
    if (this.#far !== undefined) return this.#conclude()
    const outer = this.#outer
    // The first zone has started the time of the call.
    if (outer.deadline === 0) outer.deadline = this.#inner?.deadline ?? 0
    this.#isFarPending = true
    this.#far = new FarRead({
      outer,
      zones: this.#context.readable.filter((zone) => zone !== this.#first),
      request: this.#farRequest(),
      interpret: () => outer.interpret,
      onHit: (answer) => this.#found(answer),
      onEnd: (miss, error) => {
        this.#isFarPending = false
        this.#miss ??= miss
        this.#error = error ?? this.#error
        this.#conclude()
      },
    })
    this.#far.start()
  }

  /** A renewal has been sent to all zones before. */
  #farRequest(): Request {
    const { request } = this.#outer
    return request.command === 'gat' ? GET : plainRead(request)
  }

  #found({ zone: from, operation, value }: ZoneAnswer): boolean {
    const outer = this.#outer
    const { local: to, repair: repairs } = this.#context
    const isMissing = this.#miss?.zone === to
    outer.succeedAs(operation, value)
    if (repairs && isMissing && !this.#aborted && REPAIRED.has(outer.command)) {
      const deadline = performance.now() + outer.timeoutMs
      repair({ outer, from, to, deadline, takesOver: false, done: () => undefined })
    }
    return true
  }

  /** Settles the call when all zones have answered, and none with a hit. */
  #conclude(): void {
    const outer = this.#outer
    if (outer.settled || this.#isFirstPending || this.#isFarPending) return
    const miss = this.#miss
    if (miss === undefined) outer.fail(this.#error)
    else outer.succeedAs(miss.operation, miss.value)
  }

  cancel(operation: Operation, reason: unknown): void {
    this.#aborted = true
    this.#context.waiting.remove(this)
    operation.fail(reason)
    this.#inner?.cancel(reason)
    this.#far?.cancel(reason)
  }
}

/** Reads after which the item is copied. */
const REPAIRED: ReadonlySet<Command> = new Set<Command>(['get', 'gat'])

/** Whether the failure is the answer: the item is there and cannot be read, or the call itself is wrong or over. */
function isFinal(error: MemcacheError, inner: Operation | undefined): boolean {
  return inner?.outcome === 'hit' || error instanceof InvalidInputError || error instanceof ClosedError
}
