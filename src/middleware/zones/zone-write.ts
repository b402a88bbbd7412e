import type { MemcacheError } from '../../errors.ts'
import type { Holder, Operation } from '../../protocol/operation.ts'
import type { ZoneSettle } from './options.ts'
import type { Zone } from './zone.ts'
import { drop, inDoubt, isOut, withOwnBody, zoneError, zoneOperation } from './zone-command.ts'
import type { ZoneContext } from './zone-context.ts'

/** Result of a zone. */
interface Taken {
  readonly operation: Operation
  readonly value: unknown
}

/**
 * One write to all zones at a time. The write settles once as many zones have taken it as the option `settle` says; the other
 * zones go on. A zone that does not take it is not read for the key until the key is removed there.
 */
export class ZoneWrite implements Holder {
  readonly server = 'the zones'
  readonly #outer: Operation
  readonly #context: ZoneContext
  /** Zones that count, and have not answered. */
  #pending = 0
  /** Zones that count, and took it. */
  #took = 0
  /** Zones that count, and may be up. */
  #up = 0
  #isLocalPending = true
  #isLocalOut = false
  /** Result of the local zone, or of the first one. */
  #result: Taken | undefined
  #localResult: Taken | undefined
  #error: MemcacheError | undefined

  constructor(outer: Operation, context: ZoneContext) {
    this.#outer = outer
    this.#context = context
    outer.holder = this
  }

  start(): void {
    const { all } = this.#context
    const request = withOwnBody(this.#outer.request)
    this.#pending = all.filter(({ isRead }) => isRead).length
    this.#up = this.#pending
    const operations = all.map((zone) => zoneOperation(this.#outer, zone, request))
    for (const [at, operation] of operations.entries()) this.#send(all[at]!, operation)
  }

  #send(zone: Zone, operation: Operation): void {
    operation.resolve = (value) => this.#taken(zone, { operation, value })
    operation.reject = (reason) => this.#failed(zone, zoneError(reason, zone))
    zone.writer.dispatch(operation)
  }

  #taken(zone: Zone, result: Taken): void {
    drop(result.value)
    if (zone === this.#context.local) this.#localResult = result
    this.#result ??= result
    if (zone.isRead) this.#took++
    this.#end(zone)
  }

  #failed(zone: Zone, error: MemcacheError): void {
    zone.failWrite(this.#outer, error)
    const out = isOut(error)
    if (zone.isRead && out) this.#up--
    if (zone === this.#context.local) this.#isLocalOut = out
    this.#error = moreDoubtful(this.#error, error)
    this.#end(zone)
  }

  #end(zone: Zone): void {
    if (zone.isRead) this.#pending--
    if (zone === this.#context.local) this.#isLocalPending = false
    if (this.#outer.settled) return
    if (this.#isEnough) this.#succeed()
    else if (!this.#mayBeEnough) this.#fail()
  }

  get #isEnough(): boolean {
    if (this.#context.settle === 'local' && !this.#isLocalOut) return this.#localResult !== undefined
    return this.#took >= this.#needed
  }

  get #mayBeEnough(): boolean {
    if (this.#context.settle === 'local' && !this.#isLocalOut) return this.#isLocalPending
    return this.#took + this.#pending >= this.#needed
  }

  /** Number of zones that must take it, of those that are up: one at least. */
  get #needed(): number {
    return Math.max(1, neededOf(this.#context.settle, this.#up))
  }

  #succeed(): void {
    const { operation, value } = this.#localResult ?? this.#result!
    this.#outer.succeedAs(operation, value)
  }

  #fail(): void {
    const outer = this.#outer
    const error = this.#error!
    const isElsewhere = this.#took > 0 || this.#pending > 0
    failAfter(outer, isElsewhere ? inDoubt(error, outer) : error, this.#context)
  }

  /** The call ends; what has begun goes on in all zones, so that they do not differ. */
  cancel(operation: Operation, reason: unknown): void {
    operation.fail(reason)
  }
}

/** Fails a call. The failure of a quiet command that was sent is an event. */
export function failAfter(outer: Operation, error: MemcacheError, context: ZoneContext): void {
  if (!outer.quiet || outer.awaitsBarrier || error.delivery === 'not-sent') return outer.fail(error)
  context.reportQuiet(error, outer)
  outer.succeed(undefined)
}

const DOUBT = { 'not-sent': 0, answered: 1, unknown: 2 } as const

/** Returns the failure that leaves more doubt; the first of two alike. */
export function moreDoubtful(one: MemcacheError | undefined, other: MemcacheError): MemcacheError {
  return one === undefined || DOUBT[other.delivery] > DOUBT[one.delivery] ? other : one
}

function neededOf(settle: ZoneSettle, up: number): number {
  switch (settle) {
    case 'local':
    case 'one':
      return 1
    case 'quorum':
      return (up >> 1) + 1
    case 'all':
      return up
  }
}
