import type { MemcacheError } from '../../errors.ts'
import { ignore } from '../../ignore.ts'
import type { Interpret, Operation } from '../../protocol/operation.ts'
import type { Request } from '../../protocol/request.ts'
import type { Zone } from './zone.ts'
import { drop, outdatedError, zoneError, zoneOperation } from './zone-command.ts'

/** Answer of a zone to a read. */
export interface ZoneAnswer {
  readonly zone: Zone
  readonly operation: Operation
  readonly value: unknown
}

/** Parts of a question to other zones. */
export interface FarReadInit {
  readonly outer: Operation
  readonly zones: readonly Zone[]
  readonly request: Request
  /** Returns how a zone's reply is read. */
  readonly interpret: (zone: Zone) => Interpret
  /** Called with each zone's hit, until it returns true: the hit is taken. */
  readonly onHit: (answer: ZoneAnswer) => boolean
  /** Called when all zones have answered and no hit was taken, or there are none: with the first miss, or the last failure. */
  readonly onEnd: (miss: ZoneAnswer | undefined, error: MemcacheError | undefined) => void
}

/** A read that goes to several zones at a time: the first hit counts. */
export class FarRead {
  readonly #init: FarReadInit
  readonly #operations: Operation[] = []
  /** Zones that were asked a second time. */
  readonly #repeated: Zone[] = []
  #open: number
  #isOver = false
  #miss: ZoneAnswer | undefined
  #error: MemcacheError | undefined

  constructor(init: FarReadInit) {
    this.#init = init
    this.#open = init.zones.length
  }

  start(): void {
    const { zones, onEnd } = this.#init
    if (zones.length === 0) return onEnd(undefined, undefined)
    for (const zone of zones) {
      zone.farReads++
      this.#ask(zone)
    }
  }

  #ask(zone: Zone): void {
    const { outer, request, interpret } = this.#init
    const operation = zoneOperation(outer, zone, request, interpret(zone))
    operation.resolve = (value) => this.#answered({ zone, operation, value })
    operation.reject = (reason) => this.#failed(zoneError(reason, zone))
    this.#operations.push(operation)
    zone.executor.dispatch(operation)
  }

  #answered(answer: ZoneAnswer): void {
    const { value } = answer
    if (value instanceof Promise && !this.#isOver) {
      // Whether it is a hit shows when it is made.
      value.then(
        (made: unknown) => this.#see({ ...answer, value: made }),
        (reason: unknown) => this.#failed(zoneError(reason, answer.zone)),
      )
    } else this.#see(answer)
  }

  #see(answer: ZoneAnswer): void {
    const { outer, onHit } = this.#init
    const { zone, operation, value } = answer
    if (this.#isOver) return drop(value)
    if (zone.owes(outer)) return this.#outdated(zone)
    if (operation.outcome !== 'miss' && onHit(answer)) return this.#stop()
    if (operation.outcome === 'miss') this.#miss ??= answer
    this.#end()
  }

  /** The answer may be older than a write that failed there. A second question comes after the removal of the key. */
  #outdated(zone: Zone): void {
    if (this.#repeated.includes(zone)) return this.#failed(outdatedError(this.#init.outer, zone))
    this.#repeated.push(zone)
    this.#ask(zone)
  }

  #failed(error: MemcacheError): void {
    this.#error = error
    this.#end()
  }

  #end(): void {
    this.#open--
    if (this.#open > 0 || this.#isOver) return
    this.#isOver = true
    this.#init.onEnd(this.#miss, this.#error)
  }

  /** Late answers of a plain read need not be decoded. Others may bring a win token, which is then given back. */
  #stop(): void {
    this.#isOver = true
    for (const operation of this.#operations) {
      if (!operation.settled && operation.command === 'get') operation.interpret = ignore
    }
  }

  /** The call was given up. */
  cancel(reason: unknown): void {
    this.#isOver = true
    for (const operation of this.#operations) operation.cancel(reason)
  }
}
