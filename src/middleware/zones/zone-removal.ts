import type { MemcacheError } from '../../errors.ts'
import type { Holder, Operation } from '../../protocol/operation.ts'
import type { Zone } from './zone.ts'
import { inDoubt, isOut } from './zone-command.ts'
import type { ZoneContext } from './zone-context.ts'
import { ZoneDeletion, type ZoneOutcome } from './zone-deletion.ts'
import { failAfter, moreDoubtful } from './zone-write.ts'

/**
 * One removal, or one mark of a stale item, in all zones. The call gives the answer of a zone that had the item; the local
 * zone's before others. The call fails where a zone that is not out fails.
 */
export class ZoneRemoval implements Holder {
  readonly server = 'the zones'
  readonly #outer: Operation
  readonly #context: ZoneContext

  constructor(outer: Operation, context: ZoneContext) {
    this.#outer = outer
    this.#context = context
    outer.holder = this
  }

  start(): void {
    const outer = this.#outer
    const { all: zones, primary, work } = this.#context
    const { key, request, interpret } = outer
    // Several steps share the time of the call.
    if (outer.deadline === 0) outer.deadline = performance.now() + outer.timeoutMs
    const entry = work.begin(key, false)
    const done = (outcomes: readonly ZoneOutcome[]): void => {
      work.end(key, entry, false)
      this.#settle(outcomes)
    }
    new ZoneDeletion({ outer, zones, request, interpret, entry, primary, done }).start()
  }

  #settle(outcomes: readonly ZoneOutcome[]): void {
    const outer = this.#outer
    const answered = outcomes.filter(({ answer }) => answer !== undefined)
    const { answer } = mostTelling(answered, this.#context.local) ?? {}
    const failed = outcomes.filter(({ error }) => error !== undefined && !isOut(error))
    const error = errorOf(answer === undefined ? outcomes : failed)
    if (error === undefined) outer.succeedAs(answer!.operation, answer!.value)
    else failAfter(outer, answered.length === 0 ? error : inDoubt(error, outer), this.#context)
  }

  /** The call ends; what has begun goes on in all zones. */
  cancel(operation: Operation, reason: unknown): void {
    operation.fail(reason)
  }
}

function mostTelling(outcomes: readonly ZoneOutcome[], local: Zone): ZoneOutcome | undefined {
  const removed = outcomes.filter(({ isRemoved }) => isRemoved)
  const telling = removed.length > 0 ? removed : outcomes
  return telling.find(({ zone }) => zone === local) ?? telling[0]
}

function errorOf(outcomes: readonly ZoneOutcome[]): MemcacheError | undefined {
  let worst: MemcacheError | undefined
  for (const { error } of outcomes) if (error !== undefined) worst = moreDoubtful(worst, error)
  return worst
}
