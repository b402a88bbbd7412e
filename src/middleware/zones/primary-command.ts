import { MemcacheError, ServerError } from '../../errors.ts'
import type { Operation } from '../../protocol/operation.ts'
import type { Outcome } from '../../protocol/reply.ts'
import { DELETE } from '../../protocol/request.ts'
import { DerivedOperation } from '../../seam/derived-operation.ts'
import type { KeyEntry } from './key-work.ts'
import type { ZoneContext } from './zone-context.ts'
import { ZoneDeletion } from './zone-deletion.ts'
import { failAfter } from './zone-write.ts'

/** Outcomes after which the item is another one, or is gone. */
const CHANGES: ReadonlySet<Outcome | undefined> = new Set<Outcome>(['stored', 'deleted', 'number', 'done', 'touched'])

/**
 * One command whose result depends on the item: the primary zone decides it. The other zones then remove the item, and get
 * the new one by their next reads: between the answers of two commands there is no order in which values could be sent.
 */
export class PrimaryCommand {
  readonly #derived: DerivedOperation
  readonly #context: ZoneContext
  readonly #entry: KeyEntry

  constructor(outer: Operation, context: ZoneContext) {
    this.#derived = new DerivedOperation(outer)
    this.#context = context
    this.#entry = context.work.begin(outer.key, true)
  }

  start(): void {
    const { outer } = this.#derived
    const { primary } = this.#context
    // Several steps share the time of the call.
    if (outer.deadline === 0) outer.deadline = performance.now() + outer.timeoutMs
    const inner = this.#derived.next()
    inner.zone = primary
    // Its answer decides whether the other zones change, also where the caller wants none.
    inner.quiet = false
    inner.awaitsBarrier = false
    inner.resolve = (value) => this.#decided(inner, value)
    inner.reject = (reason) => this.#failed(reason)
    primary.executor.dispatch(inner)
  }

  #decided(inner: Operation, value: unknown): void {
    const { outer } = this.#derived
    if (CHANGES.has(inner.outcome)) this.#removeElsewhere(() => outer.succeedAs(inner, value))
    else {
      this.#end()
      outer.succeedAs(inner, value)
    }
  }

  #failed(reason: unknown): void {
    const { outer } = this.#derived
    // An abort and a lost connection leave open whether it was carried out, and so does a proxy's SERVER_ERROR.
    const isOpen = !(reason instanceof MemcacheError) || reason.delivery === 'unknown' || reason instanceof ServerError
    if (!(reason instanceof MemcacheError) || this.#derived.aborted) outer.fail(reason)
    else failAfter(outer, reason, this.#context)
    if (isOpen) this.#removeElsewhere(() => undefined)
    else this.#end()
  }

  #removeElsewhere(done: () => void): void {
    const { outer } = this.#derived
    const { all, primary } = this.#context
    const end = (): void => {
      this.#end()
      done()
    }
    new ZoneDeletion({
      outer,
      zones: all.filter((zone) => zone !== primary),
      request: DELETE,
      interpret: () => undefined,
      entry: this.#entry,
      primary,
      done: end,
    }).start()
  }

  #end(): void {
    this.#context.work.end(this.#derived.outer.key, this.#entry, true)
  }
}
