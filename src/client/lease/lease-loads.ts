import { ClosedError, LoadError, MemcacheError } from '../../errors.ts'
import { messageOf } from '../../message-of.ts'
import { type Key, quoteKey } from '../../protocol/key.ts'
import type { LoadReason } from '../channel-contexts.ts'
import { type Dispatcher, isAbsorbable } from '../dispatcher.ts'
import type { Refine } from '../refine.ts'
import type { Values } from '../values.ts'
import type { LeaseKey, LeaseStore } from './commands.ts'
import { createOldOutcome, type LoadOutcome, NO_VALUE, type SharedValue, shareLoaded } from './load-outcome.ts'
import type { LookResult, OldValue, ReplaceTarget, ValueLook } from './look-result.ts'
import type { GetOrSetManyOptions, ResolvedLease } from './options.ts'
import type { Semaphore } from './semaphore.ts'

/** One call, checked. */
export interface LoadCall {
  readonly key: LeaseKey
  readonly lease: ResolvedLease
  readonly options: GetOrSetManyOptions<never> | undefined
  readonly refine: Refine | undefined
  /** Semaphore of the stores of a call. */
  readonly stores?: Semaphore
  /** Loads this key. */
  readonly load: (signal: AbortSignal, stale: OldValue | undefined, reason: LoadReason) => Promise<unknown>
}

/** The loads of leases: runs a loader, stores what it gives in the place of what is held, or gives up what is held. */
export class LeaseLoads {
  readonly #dispatcher: Dispatcher
  readonly #values: Values
  readonly #commands: LeaseStore

  constructor(dispatcher: Dispatcher, values: Values, commands: LeaseStore) {
    this.#dispatcher = dispatcher
    this.#values = values
    this.#commands = commands
  }

  /** Whether a failure of the cache is to be worked around. */
  mayAbsorb({ options }: Pick<LoadCall, 'options'>, error: unknown): error is MemcacheError {
    return isAbsorbable(error) && this.#dispatcher.absorbs('read', options)
  }

  /** Reports what may be absorbed and throws anything else. */
  absorb(call: LoadCall, error: unknown): void {
    this.#dispatcher.absorbOrThrow('read', error, call.options, call.key.callerKey)
  }

  /** Runs the loader and stores what it gives. */
  async load(
    call: LoadCall,
    reason: LoadReason,
    target: ReplaceTarget,
    old: OldValue | undefined,
    signal: AbortSignal,
  ): Promise<LoadOutcome> {
    let loaded: unknown
    try {
      loaded = await call.load(signal, old, reason)
    } catch (error) {
      await this.#giveUp(call, target)
      if (old === undefined) throw error
      this.report(call, error)
      return createOldOutcome(old)
    }
    return this.#keep(call, target, loaded)
  }

  /** Loads anew while all callers get the old value. A failure is an event. */
  async refresh(call: LoadCall, { target, value, isStale }: ValueLook, signal: AbortSignal): Promise<void> {
    try {
      await this.load(call, isStale ? 'stale' : 'refreshAhead', target, { value }, signal)
    } catch (error) {
      this.report(call, error)
    }
  }

  /** Stores what was loaded. A value that cannot be stored, or does not fit the schema, always rejects. */
  async #keep(call: LoadCall, target: ReplaceTarget, loaded: unknown): Promise<LoadOutcome> {
    let outcome: SharedValue | undefined
    try {
      if (loaded !== undefined) outcome = await shareLoaded(this.#values, call, loaded)
    } catch (error) {
      await this.#giveUp(call, target)
      throw error
    }
    const store = (): Promise<void> => this.#put(call, target, loaded, outcome)
    try {
      await (call.stores === undefined ? store() : call.stores.run(store))
    } catch (error) {
      await this.#giveUp(call, target)
      this.absorb(call, error)
    }
    return outcome ?? NO_VALUE
  }

  #put(call: LoadCall, target: ReplaceTarget, loaded: unknown, outcome: SharedValue | undefined): Promise<void> {
    if (outcome === undefined) return this.#commands.remove(call.key, target)
    return this.#commands.store(call.key, loaded, outcome.form, target, call.options)
  }

  /** Gives up what a look has won. */
  async abandon(call: LoadCall, look: LookResult): Promise<void> {
    if (look.state !== 'value' || look.isWon) await this.#giveUp(call, look.target)
  }

  /** Gives up what is held, so that the next caller need not wait for the lease to run out. A failure is an event. */
  async #giveUp(call: LoadCall, target: ReplaceTarget): Promise<void> {
    try {
      await this.#commands.giveUp(call.key, target)
    } catch (error) {
      this.report(call, error)
    }
  }

  /** Reports a failure that no call rejects with. */
  report({ key }: LoadCall, error: unknown): void {
    if (error instanceof ClosedError) return
    this.#dispatcher.report(error instanceof MemcacheError ? error : loadError(error, key.callerKey), [key.callerKey])
  }
}

function loadError(cause: unknown, key: Key): LoadError {
  return new LoadError(`the loader failed for ${quoteKey(key)}: ${messageOf(cause)}`, {
    delivery: 'not-sent',
    cause,
    command: 'getOrSet',
    key,
  })
}
