import type { Interpret, Operation } from '../../protocol/operation.ts'
import { GET } from '../../protocol/request.ts'
import { DerivedOperation } from '../../seam/derived-operation.ts'
import { isPlaceholder } from '../item-copy.ts'
import { FarRead, type ZoneAnswer } from './far-read.ts'
import { repair } from './repair.ts'
import type { ZoneContext } from './zone-context.ts'

/**
 * One read whose cas number counts: the primary zone answers it, and no other. An item that only another zone has is copied
 * to the primary zone first, and has its number there.
 */
export class PrimaryRead {
  readonly #derived: DerivedOperation
  readonly #context: ZoneContext
  #isRepeated = false

  constructor(outer: Operation, context: ZoneContext) {
    this.#derived = new DerivedOperation(outer)
    this.#context = context
  }

  start(): void {
    if (!this.#isRepeated) this.#context.primary.reads++
    this.#context.primary.executor.dispatch(this.derive())
  }

  /** Makes the operation that asks the primary zone. */
  derive(): Operation {
    const { outer } = this.#derived
    const { primary } = this.#context
    const inner = this.#derived.next()
    inner.zone = primary
    inner.resolve = (value) => {
      this.#derived.keepDeadline(inner)
      if (primary.owes(outer) && !this.#isRepeated) this.#readAgain()
      else if (inner.outcome === 'miss' && this.#copies) this.#askOthers(() => outer.succeedAs(inner, value))
      else outer.succeedAs(inner, value)
    }
    inner.reject = (reason) => outer.fail(reason)
    return inner
  }

  get #copies(): boolean {
    const { repair: repairs, readOn, primary } = this.#context
    return repairs && readOn === 'missOrError' && !this.#isRepeated && !primary.target.keepsNoCas
  }

  /** The answer was older than a write that failed there, or an item has come from another zone. */
  #readAgain(): void {
    if (this.#derived.outer.settled) return
    this.#isRepeated = true
    this.start()
  }

  #askOthers(missed: () => void): void {
    const { readable, primary } = this.#context
    const { outer } = this.#derived
    new FarRead({
      outer,
      zones: readable.filter((zone) => zone !== primary),
      request: GET,
      interpret: () => readPresence,
      onHit: (answer) => this.#copy(answer),
      onEnd: missed,
    }).start()
  }

  #copy({ zone: from }: ZoneAnswer): boolean {
    const { outer } = this.#derived
    const { primary: to } = this.#context
    repair({ outer, from, to, deadline: outer.deadline, takesOver: true, done: () => this.#readAgain() })
    return true
  }
}

/** A placeholder is a miss. */
const readPresence: Interpret = Object.assign(
  ((reply, operation) => {
    if (isPlaceholder(reply)) operation.outcome = 'miss'
  }) satisfies Interpret,
  { borrows: () => true, passedOver: () => undefined },
)
