import type { Operation } from '../../protocol/operation.ts'
import type { CallName } from '../calls/call-name.ts'
import { type Calls, isTraced } from '../calls/calls.ts'
import type { Tally } from '../calls/tally.ts'

/** Ends a call that the channels reported. */
interface OpenCall {
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

/** The commands of a pipeline as calls: each counts under its own name, and is reported to the channels by itself. */
export class PipelineCalls {
  /** Empty where no channel reports. */
  readonly #open: OpenCall[] = []

  constructor(calls: Calls, names: readonly CallName[], operations: readonly Operation[]) {
    const isTold = isTraced()
    for (const [at, operation] of operations.entries()) {
      const kind = calls.of(names[at]!)
      if (!isTold) kind.count()?.watch(operation)
      else void kind.trace([operation.callerKey], (tally) => this.#begin(tally, operation)).catch(() => undefined)
    }
  }

  #begin(tally: Tally | undefined, operation: Operation): Promise<void> {
    tally?.watch(operation)
    return new Promise((resolve, reject) => {
      this.#open.push({ resolve, reject })
    })
  }

  succeed(index: number): void {
    this.#open[index]?.resolve()
  }

  fail(index: number, reason: unknown): void {
    this.#open[index]?.reject(reason)
  }

  /** Ends those that are still open: the whole run was given up. */
  failAll(reason: unknown): void {
    for (const { reject } of this.#open) reject(reason)
  }
}
