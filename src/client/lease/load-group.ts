import { InvalidInputError } from '../../errors.ts'
import type { Key } from '../../protocol/key.ts'
import { showValue } from '../../show-value.ts'
import type { Loads } from '../calls/loads.ts'
import type { LoadReason } from '../channel-contexts.ts'
import type { ManyLoader } from './options.ts'

interface Demand {
  readonly key: Key
  readonly signal: AbortSignal
  readonly reason: LoadReason
  readonly resolve: (value: unknown) => void
  readonly reject: (reason: unknown) => void
}

/** Makes one call of a loader of many keys out of the keys that are asked for at a time. */
export class LoadGroup {
  readonly #loader: ManyLoader<Key, unknown>
  readonly #loads: Loads
  #demands: Demand[] = []

  constructor(loader: ManyLoader<Key, unknown>, loads: Loads) {
    this.#loader = loader
    this.#loads = loads
  }

  /** Loads a key, together with all that are asked for in this turn of the event loop. */
  load(key: Key, signal: AbortSignal, reason: LoadReason): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#demands.length === 0) setImmediate(() => void this.#run())
      this.#demands.push({ key, signal, reason, resolve, reject })
    })
  }

  async #run(): Promise<void> {
    const demands = this.#demands
    this.#demands = []
    try {
      const keys = demands.map(({ key }) => key)
      const signal = whenAllAbort(demands.map((demand) => demand.signal))
      // The loader may change its list.
      const values = await this.#loads.run([...keys], demands[0]!.reason, async () =>
        checkValues(await this.#loader(keys, { signal })),
      )
      for (const { key, resolve } of demands) resolve(values.get(key))
    } catch (error) {
      for (const { reject } of demands) reject(error)
    }
  }
}

/** Checks that a loader of many keys gave a Map. */
export function checkValues(values: ReadonlyMap<Key, unknown>): ReadonlyMap<Key, unknown> {
  if (typeof values?.get === 'function') return values
  throw new InvalidInputError(`the loader must give a Map of the values by key, got ${showValue(values)}`)
}

/** Returns a signal that aborts when all of the given ones have: no caller waits for any of the keys. */
function whenAllAbort(signals: readonly AbortSignal[]): AbortSignal {
  const controller = new AbortController()
  let left = signals.length
  for (const signal of signals) {
    const onAbort = (): void => {
      if (--left === 0) controller.abort(signal.reason)
    }
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  }
  return controller.signal
}
