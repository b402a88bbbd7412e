import type { MemcacheError } from '../../errors.ts'
import type { Interpret, Operation } from '../../protocol/operation.ts'
import type { Request } from '../../protocol/request.ts'
import { removes } from '../removals.ts'
import type { KeyEntry } from './key-work.ts'
import type { Zone } from './zone.ts'
import { zoneError, zoneOperation } from './zone-command.ts'

/** Outcome of a removal in one zone. */
export interface ZoneOutcome {
  readonly zone: Zone
  /** Whether the item was there, and is removed or marked. */
  readonly isRemoved: boolean
  /** Answer of the zone; undefined where it failed. */
  readonly answer: { readonly operation: Operation; readonly value: unknown } | undefined
  readonly error: MemcacheError | undefined
}

/** Parts of a removal. */
export interface ZoneDeletionInit {
  readonly outer: Operation
  readonly zones: readonly Zone[]
  readonly request: Request
  readonly interpret: Interpret
  /** Other commands under way for the key. */
  readonly entry: KeyEntry
  readonly primary: Zone
  /** Called with the outcomes of the first round, when the second one is over too. */
  readonly done: (outcomes: readonly ZoneOutcome[]) => void
}

/**
 * Removes an item from several zones, or marks it stale there.
 *
 * While one zone has not removed it yet, a client may copy it from there to a zone that has. So a zone removes it once more
 * where it was in another zone. The second round does not remove items that this client has stored meanwhile.
 */
export class ZoneDeletion {
  readonly #init: ZoneDeletionInit
  readonly #stored: number
  readonly #decided: number

  constructor(init: ZoneDeletionInit) {
    this.#init = init
    this.#stored = init.entry.stored
    this.#decided = init.entry.decided
  }

  start(): void {
    this.#together(this.#init.zones, this.#init.interpret, (outcomes) => this.#again(outcomes))
  }

  #again(outcomes: readonly ZoneOutcome[]): void {
    const zones = outcomes.filter((outcome) => this.#mayHaveCopy(outcome, outcomes)).map(({ zone }) => zone)
    this.#together(
      zones,
      () => undefined,
      () => this.#init.done(outcomes),
    )
  }

  /** Whether the item may have been copied to a zone after the zone had removed it. A zone that failed removes it later. */
  #mayHaveCopy(outcome: ZoneOutcome, outcomes: readonly ZoneOutcome[]): boolean {
    const { entry, primary, request } = this.#init
    const { zone, answer, isRemoved } = outcome
    if (answer === undefined || entry.stored !== this.#stored) return false
    if (zone === primary && entry.decided !== this.#decided) return false
    // An item that is marked stale is still there, so nothing is copied to its place.
    if (isRemoved && !removes(request)) return false
    return outcomes.some((other) => other !== outcome && other.isRemoved)
  }

  /** Sends the removal to zones at a time, and goes on when all have answered or failed. */
  #together(zones: readonly Zone[], interpret: Interpret, next: (outcomes: readonly ZoneOutcome[]) => void): void {
    const { outer, request } = this.#init
    const outcomes: ZoneOutcome[] = []
    if (zones.length === 0) return next(outcomes)
    const end = (outcome: ZoneOutcome): void => {
      outcomes.push(outcome)
      if (outcomes.length === zones.length) next(outcomes)
    }
    for (const zone of zones) {
      let isRemoved = false
      const read: Interpret = (reply, operation) => {
        // A removal that compares is a store in text mode.
        isRemoved = reply.outcome === 'deleted' || reply.outcome === 'stored'
        return interpret(reply, operation)
      }
      const operation = zoneOperation(outer, zone, request, read)
      // The call is over: the removal has a time of its own.
      if (outer.settled) operation.deadline = 0
      operation.resolve = (value) => end({ zone, isRemoved, answer: { operation, value }, error: undefined })
      operation.reject = (reason) => {
        const error = zoneError(reason, zone)
        zone.failWrite(outer, error)
        end({ zone, isRemoved: false, answer: undefined, error })
      }
      zone.writer.dispatch(operation)
    }
  }
}
