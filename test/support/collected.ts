import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { until } from './eventually.ts'

setFlagsFromString('--expose-gc')
/** Collects all garbage at once. */
export const collectGarbage: () => void = runInNewContext('gc') as () => void

/** Says of objects whether anything still refers to them. */
export class Collected {
  readonly #references: WeakRef<object>[] = []

  /** Notes an object, and gives it back. */
  watch<T extends object>(object: T): T {
    this.#references.push(new WeakRef(object))
    return object
  }

  /** How many of them there still are. */
  get alive(): number {
    collectGarbage()
    return this.#references.filter((reference) => reference.deref() !== undefined).length
  }

  /** Waits until all but so many are gone. */
  async allBut(count: number): Promise<void> {
    await until(() => this.alive <= count, `all but ${count} of ${this.#references.length} objects are gone`)
  }
}
