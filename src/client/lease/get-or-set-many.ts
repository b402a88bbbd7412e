import { setMaxListeners } from 'node:events'
import { whenAborted } from '../../abort-listener.ts'
import { ClosedError, InvalidInputError, MemcacheError } from '../../errors.ts'
import type { Key } from '../../protocol/key.ts'
import type { Patience } from '../../protocol/patience.ts'
import { batchError } from '../batch.ts'
import type { Loads } from '../calls/loads.ts'
import { HITS, MISSES, type Tally } from '../calls/tally.ts'
import { checkKeys } from '../entries.ts'
import type { Refine } from '../refine.ts'
import type { Values } from '../values.ts'
import type { LeaseCommands } from './commands.ts'
import { type GetOrSet, patienceOf } from './get-or-set.ts'
import type { LoadCall } from './lease-loads.ts'
import { LoadGroup } from './load-group.ts'
import type { LookResult } from './look-result.ts'
import { checkLoader, type GetOrSetManyOptions, type ManyLoader, resolveLease } from './options.ts'
import { Semaphore } from './semaphore.ts'

/** At most so many looks of a call are under way. */
const MAX_LOOKS = 10_000

/** At most so many stores: their values may be large. */
const MAX_STORES = 64

/** `getOrSetMany`: looks at all keys at once, loads what it won with one call, waits for what others load. */
export class GetOrSetMany {
  readonly #getOrSet: GetOrSet
  readonly #values: Values
  readonly #commands: LeaseCommands
  readonly #loads: Loads
  readonly #maxLooks: number

  /** @param room - Commands that a call may have under way. */
  constructor(getOrSet: GetOrSet, values: Values, commands: LeaseCommands, loads: Loads, room: number) {
    this.#loads = loads
    this.#getOrSet = getOrSet
    this.#values = values
    this.#commands = commands
    // A look may be three commands.
    this.#maxLooks = Math.max(1, Math.min(MAX_LOOKS, Math.floor(room / 3)))
  }

  async run<K extends Key>(
    keys: Iterable<K>,
    loader: ManyLoader<K, unknown>,
    options: GetOrSetManyOptions<never> | undefined,
    refine: Refine | undefined,
    tally: Tally | undefined,
  ): Promise<Map<K, unknown>> {
    const counter = new LookCounter(tally)
    let asked: K[] | undefined
    let values: unknown[]
    try {
      checkLoader(loader)
      this.#getOrSet.checkOpen()
      asked = [...new Set(checkKeys(keys))]
      const patience = patienceOf(options?.signal)
      const calls = this.#calls(asked, loader as unknown as ManyLoader<Key, unknown>, options, refine, patience)
      values = await withAbort(options?.signal, patience, (signal) => this.#runCalls(calls, signal, counter))
    } catch (error) {
      counter.fail(error, asked?.length ?? 1)
      throw error
    }
    const found = new Map<K, unknown>()
    for (const [at, key] of asked.entries()) if (values[at] !== undefined) found.set(key, values[at])
    return found
  }

  #calls(
    keys: readonly Key[],
    loader: ManyLoader<Key, unknown>,
    options: GetOrSetManyOptions<never> | undefined,
    refine: Refine | undefined,
    patience: Patience | undefined,
  ): LoadCall[] {
    const lease = resolveLease(options, this.#values)
    const group = new LoadGroup(loader, this.#loads)
    const stores = new Semaphore(Math.min(MAX_STORES, this.#maxLooks))
    return keys.map((key) => ({
      key: this.#commands.keyOf(key, lease, options, refine, patience),
      lease,
      options,
      refine,
      stores,
      load: (signal, _old, reason) => group.load(key, signal, reason),
    }))
  }

  /** The values of the calls, in their order; `undefined` where there is none. Counts as a call until all is done. */
  async #runCalls(calls: readonly LoadCall[], signal: AbortSignal, counter: LookCounter): Promise<unknown[]> {
    this.#getOrSet.calls.enter()
    try {
      return await this.#valuesOf(calls, signal, counter)
    } finally {
      this.#getOrSet.calls.leave()
    }
  }

  async #valuesOf(calls: readonly LoadCall[], signal: AbortSignal, counter: LookCounter): Promise<unknown[]> {
    const looks = new Semaphore(this.#maxLooks)
    const settled = await Promise.allSettled(calls.map((call) => looks.run(() => this.#getOrSet.look(call))))
    if (signal.aborted) {
      await this.#abandon(calls, settled)
      throw signal.reason
    }
    const failed = failures(calls, settled)
    const isAbsorbed = [...failed.values()].every((reason) => this.#getOrSet.loading.mayAbsorb(calls[0]!, reason))
    counter.count(settled, isAbsorbed)
    if (!isAbsorbed) await this.#refuse(calls, settled, failed)
    const values = await settleTogether(
      calls.map((call, at) => async () => {
        const look = settled[at]!
        if (look.status === 'rejected') return this.#getOrSet.withoutCache(call, look.reason, signal)
        return this.#getOrSet.conclude(call, look.value, signal)
      }),
    )
    const lost = failures(calls, values)
    if (lost.size > 0) throw errorOf(calls, lost, values)
    return values.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : undefined))
  }

  /** Some keys could not be looked at: an error for the call. */
  async #refuse(
    calls: readonly LoadCall[],
    settled: readonly PromiseSettledResult<LookResult>[],
    failed: Map<Key, unknown>,
  ): Promise<never> {
    await this.#abandon(calls, settled)
    throw errorOf(
      calls,
      failed,
      settled.map((look) => (look.status === 'fulfilled' ? valueOutcome(look.value) : look)),
    )
  }

  async #abandon(calls: readonly LoadCall[], settled: readonly PromiseSettledResult<LookResult>[]): Promise<void> {
    const abandoned = settled.map(async (look, at) => {
      if (look.status === 'fulfilled') await this.#getOrSet.loading.abandon(calls[at]!, look.value)
    })
    await Promise.all(abandoned)
  }
}

/** Counts the keys of a call once: by what the first looks found, or by the failure of the whole call before that. */
class LookCounter {
  readonly #tally: Tally | undefined
  #isDone = false

  constructor(tally: Tally | undefined) {
    this.#tally = tally
  }

  count(settled: readonly PromiseSettledResult<LookResult>[], isAbsorbed: boolean): void {
    if (this.#isDone) return
    this.#isDone = true
    for (const look of settled) {
      if (look.status === 'fulfilled') this.#tally?.add(look.value.state === 'value' ? HITS : MISSES)
      else this.#tally?.fail(look.reason)
      if (look.status === 'rejected' && isAbsorbed) this.#tally?.absorb(true)
    }
  }

  fail(error: unknown, keys: number): void {
    if (!this.#isDone) this.#tally?.fail(error, keys)
    this.#isDone = true
  }
}

/** Runs the work until the signal aborts, which is the end at once. The work's own signal also aborts when it is over. */
async function withAbort<T>(
  signal: AbortSignal | undefined,
  patience: Patience | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  const controller = new AbortController()
  // Every key of the call listens, and the loader may.
  setMaxListeners(0, controller.signal)
  const onAbort = (): void => {
    patience?.leave(performance.now())
    controller.abort(signal!.reason)
  }
  const stopListening = signal && whenAborted(signal, onAbort)
  try {
    const result = work(controller.signal)
    if (signal === undefined) return await result
    const aborted = new Promise<never>((_resolve, reject) => {
      controller.signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    return await Promise.race([result, aborted])
  } finally {
    stopListening?.()
    // End the waits for other parts after a failure of one part.
    controller.abort(new ClosedError('the call is over', { delivery: 'not-sent' }))
  }
}

/** All outcomes; but what is not the cache's failure, as what a loader throws, ends it at once. */
function settleTogether(works: readonly (() => Promise<unknown>)[]): Promise<PromiseSettledResult<unknown>[]> {
  return new Promise((resolve, reject) => {
    const outcomes = works.map(async (work): Promise<PromiseSettledResult<unknown>> => {
      try {
        return { status: 'fulfilled', value: await work() }
      } catch (reason) {
        if (!(reason instanceof MemcacheError)) reject(reason)
        return { status: 'rejected', reason }
      }
    })
    void Promise.all(outcomes).then(resolve)
  })
}

function failures(calls: readonly LoadCall[], outcomes: readonly PromiseSettledResult<unknown>[]): Map<Key, unknown> {
  const failed = new Map<Key, unknown>()
  for (const [at, outcome] of outcomes.entries()) {
    if (outcome.status === 'rejected') failed.set(calls[at]!.key.callerKey, outcome.reason)
  }
  return failed
}

/** Returns the one error of a wrong call or a closed client, or else an error that has the failure of each key. */
function errorOf(
  calls: readonly LoadCall[],
  failed: Map<Key, unknown>,
  outcomes: readonly PromiseSettledResult<unknown>[],
): unknown {
  const reasons = [...failed.values()]
  const plain = reasons.find((reason) => reason instanceof ClosedError || reason instanceof InvalidInputError)
  if (plain !== undefined) return plain
  const found = new Map<Key, unknown>()
  for (const [at, outcome] of outcomes.entries()) {
    if (outcome.status === 'fulfilled' && outcome.value !== undefined)
      found.set(calls[at]!.key.callerKey, outcome.value)
  }
  return batchError('getOrSetMany', failed, calls.length, found, [])
}

function valueOutcome(look: LookResult): PromiseSettledResult<unknown> {
  return { status: 'fulfilled', value: look.state === 'value' ? look.value : undefined }
}
