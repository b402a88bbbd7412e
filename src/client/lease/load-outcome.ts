import { Buffer } from 'node:buffer'
import type { Key } from '../../protocol/key.ts'
import type { SerializedValue } from '../../serde/serde.ts'
import type { Refine } from '../refine.ts'
import type { Values } from '../values.ts'
import type { OldValue } from './look-result.ts'
import type { GetOrSetManyOptions } from './options.ts'

/** Parts of a call by which it reads a value. */
export interface ValueCall {
  readonly key: { readonly callerKey: Key }
  readonly options: GetOrSetManyOptions<never> | undefined
  readonly refine: Refine | undefined
}

/** Result of a load, or of a wait for the load of another client, for every caller that shares it. */
export interface LoadOutcome {
  /**
   * Returns the value for one caller, or a promise of it.
   *
   * @param old - The old value that the caller has read itself.
   */
  valueFor(call: ValueCall, old: OldValue | undefined): unknown
}

/** Nothing was loaded. */
export const NO_VALUE: LoadOutcome = { valueFor: () => undefined }

/** The loader failed: every caller gets the old value that it has read, or else that of the call that loaded. */
export function createOldOutcome(old: OldValue): LoadOutcome {
  return { valueFor: (_call, own) => (own ?? old).value }
}

/** A value in its stored form. Every caller gets an object of its own, as a later reader does. */
export class SharedValue implements LoadOutcome {
  readonly form: SerializedValue
  readonly #values: Values
  /** The loader's own object, where it was loaded here. */
  readonly #loaded: OldValue | undefined
  #bytes: Uint8Array | undefined
  /** The loader's own object, as the schema makes it. */
  #asLoaded: Promise<unknown> | undefined
  /** A value that was made already, for the first caller that reads by the same serde. */
  #spare: { readonly serde: unknown; readonly value: unknown } | undefined

  constructor(values: Values, form: SerializedValue, loaded: OldValue | undefined) {
    this.#values = values
    this.form = form
    this.#loaded = loaded
  }

  /** Makes the value of a call; throws where it cannot be read, or does not fit the schema. */
  async check(call: ValueCall): Promise<void> {
    if (this.#isAsLoaded(call)) await this.#loadedFor(call)
    else this.keep(call, await this.#make(call))
  }

  /** Keeps a value that was made of the form, for the first caller that reads as this one. */
  keep(call: ValueCall, value: unknown): void {
    this.#spare = { serde: call.options?.serde, value }
  }

  valueFor(call: ValueCall): unknown {
    if (this.#isAsLoaded(call)) return this.#loadedFor(call)
    const spare = this.#spare
    if (spare === undefined || spare.serde !== call.options?.serde) return this.#make(call)
    this.#spare = undefined
    return spare.value
  }

  #isAsLoaded({ options }: ValueCall): boolean {
    return options?.fresh === 'asLoaded' && this.#loaded !== undefined
  }

  #loadedFor({ refine, key }: ValueCall): Promise<unknown> {
    this.#asLoaded ??= (async () => {
      const { value } = this.#loaded!
      return refine === undefined ? value : refine.loaded(value, key.callerKey)
    })()
    return this.#asLoaded
  }

  #make({ key, options, refine }: ValueCall): unknown {
    const { data, clientFlags } = this.form
    this.#bytes ??= typeof data === 'string' ? Buffer.from(data) : data
    const value = this.#values.restore(this.#bytes, clientFlags, key.callerKey, options?.serde)
    return refine === undefined ? value : refine.loaded(value, key.callerKey)
  }
}

/** Makes of what a loader gave what its callers share; throws where it cannot be stored, or does not fit the schema. */
export async function shareLoaded(values: Values, call: ValueCall, loaded: unknown): Promise<SharedValue> {
  const shared = new SharedValue(values, values.formOf(loaded, call.key.callerKey, call.options), { value: loaded })
  await shared.check(call)
  return shared
}
