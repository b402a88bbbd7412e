import { whenAborted } from '../../abort-listener.ts'
import { type ClosedError, closedError } from '../../errors.ts'
import type { Key } from '../../protocol/key.ts'
import { Patience } from '../../protocol/patience.ts'
import type { Loads } from '../calls/loads.ts'
import { HITS, MISSES, type Tally } from '../calls/tally.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { Refine } from '../refine.ts'
import type { Values } from '../values.ts'
import { ActiveCalls } from './active-calls.ts'
import type { LeaseStore } from './commands.ts'
import { LeaseLoads, type LoadCall } from './lease-loads.ts'
import { type LoadOutcome, SharedValue } from './load-outcome.ts'
import { type LookResult, type OpenLook, oldOf, refinedLook, type ValueLook } from './look-result.ts'
import { checkLoader, type GetOrSetOptions, type Loader, resolveLease } from './options.ts'
import { type Flight, type FlightMark, SingleFlight } from './single-flight.ts'
import { type LeaseMark, LeaseWait, pause } from './wait.ts'

/**
 * `getOrSet`: one caller that finds nothing is elected to load, the others wait. docs/leases.md has its states.
 *
 * Every caller asks the server, so that it sees what this process wrote before; only the load, or the wait for it, is
 * shared, by the callers that met the same lease.
 */
export class GetOrSet {
  readonly #values: Values
  readonly #commands: LeaseStore
  readonly #loads: Loads
  /** Runs the loads. */
  readonly loading: LeaseLoads
  /** The loads and waits of callers. */
  readonly flights: SingleFlight<LoadOutcome>
  /** Refreshes in the background: no call waits for them. */
  readonly background: SingleFlight<void>
  /** The calls: who is still looking may win, and then has to load. */
  readonly calls: ActiveCalls
  #closed: ClosedError | undefined

  /** @param client - The client's own, which waits for the loads and calls of this one too. */
  constructor(
    dispatcher: Dispatcher,
    values: Values,
    commands: LeaseStore,
    loads: Loads,
    client?: Pick<GetOrSet, 'flights' | 'background' | 'calls'>,
  ) {
    this.flights = client?.flights ?? new SingleFlight()
    this.background = client?.background ?? new SingleFlight()
    this.calls = client?.calls ?? new ActiveCalls()
    this.loading = new LeaseLoads(dispatcher, values, commands)
    this.#loads = loads
    this.#values = values
    this.#commands = commands
  }

  /** Gives the value, or has it loaded; throws for a call that is wrong. */
  run(
    key: Key,
    loader: Loader<unknown>,
    options: GetOrSetOptions<never> | undefined,
    refine: Refine | undefined,
    tally: Tally | undefined,
  ): Promise<unknown> {
    return this.#carry(this.#callOf(key, loader, options, refine), options?.signal, tally)
  }

  #callOf(
    key: Key,
    loader: Loader<unknown>,
    options: GetOrSetOptions<never> | undefined,
    refine: Refine | undefined,
  ): LoadCall {
    checkLoader(loader)
    this.checkOpen()
    const lease = resolveLease(options, this.#values)
    const signal = options?.signal
    signal?.throwIfAborted()
    return {
      key: this.#commands.keyOf(key, lease, options, refine, patienceOf(signal)),
      lease,
      options,
      refine,
      load: (aborts, old, reason) =>
        this.#loads.run([key], reason, () => loader({ key, signal: aborts, ...(old && { stale: old.value }) })),
    }
  }

  /** Counts as a call until all is done. A hit takes two promises: that of the look, and this one. */
  #carry(call: LoadCall, signal: AbortSignal | undefined, tally: Tally | undefined): Promise<unknown> {
    this.calls.enter()
    return this.#lookUntil(call, signal).then(
      (look) => {
        tally?.add(look.state === 'value' ? HITS : MISSES)
        return this.#leaveAfter(() => this.conclude(call, look, signal))
      },
      (reason: unknown) => {
        tally?.fail(reason)
        if (this.loading.mayAbsorb(call, reason)) tally?.absorb(true)
        return this.#leaveAfter(() => this.withoutCache(call, reason, signal))
      },
    )
  }

  #leaveAfter(conclude: () => unknown): unknown {
    try {
      const result = conclude()
      if (result instanceof Promise) return result.finally(() => this.calls.leave())
      this.calls.leave()
      return result
    } catch (error) {
      this.calls.leave()
      throw error
    }
  }

  /** Returns the value that a look found, or the promise of a load: one to join, or to begin. */
  conclude(call: LoadCall, look: LookResult, signal: AbortSignal | undefined): unknown {
    if (look.state !== 'value') {
      const old = oldOf(look)
      return this.#share(call, look).join(signal, (outcome) => outcome.valueFor(call, old))
    }
    this.#refreshIfWon(call, look)
    return look.value
  }

  /** Throws `ClosedError` once the client is closed. */
  checkOpen(): void {
    if (this.#closed !== undefined) throw this.#closed
  }

  /** Lets the calls and loads that are under way finish; further calls are refused. Undefined when there are none. */
  close(): Promise<void> | undefined {
    this.#closed ??= closedError()
    return this.#isIdle ? undefined : this.#settleAll()
  }

  async #settleAll(): Promise<void> {
    while (!this.#isIdle) {
      await Promise.all([this.calls.settle(), this.flights.settle(), this.background.settle()])
    }
  }

  get #isIdle(): boolean {
    return this.calls.isIdle && this.flights.isIdle && this.background.isIdle
  }

  /** Ends the loads that are under way. */
  destroy(error: ClosedError): void {
    this.#closed ??= error
    this.flights.end(error)
    this.background.end(error)
    this.calls.end()
  }

  /** Reads the item, and applies the schema. */
  look(call: LoadCall, keepsStored = false): Promise<LookResult> {
    const { key, lease, options, refine } = call
    const looking = this.#commands.look(key, lease, options, keepsStored)
    return refine === undefined ? looking : this.#refined(call, looking, refine)
  }

  async #refined(call: LoadCall, looking: Promise<LookResult>, refine: Refine): Promise<LookResult> {
    const look = await looking
    if (look.state === 'unreadable') return look
    try {
      return await refinedLook(look, refine, call.key.callerKey)
    } catch (error) {
      // A schema that throws says nothing about the value; what was won meanwhile is for another caller.
      await this.loading.abandon(call, look)
      throw error
    }
  }

  /** Looks; an abort leaves at once, and what the look wins later is given up. */
  #lookUntil(call: LoadCall, signal: AbortSignal | undefined): Promise<LookResult> {
    const looking = this.look(call)
    if (signal === undefined) return looking
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        call.key.patience?.leave(performance.now())
        reject(signal.reason)
        void this.#abandonLater(call, looking)
      }
      const leave = whenAborted(signal, onAbort)
      looking.then(resolve, reject).then(leave, leave)
    })
  }

  /** Gives up what a look wins after its call has left. */
  async #abandonLater(call: LoadCall, looking: Promise<LookResult>): Promise<void> {
    this.calls.enter()
    const [look] = await Promise.allSettled([looking])
    if (look.status === 'fulfilled') await this.loading.abandon(call, look.value)
    this.calls.leave()
  }

  /** Joins the load of this lease in this process, or begins it. */
  #share(call: LoadCall, look: OpenLook): Flight<LoadOutcome> {
    const mark = markOf(look.mark)
    const known = look.state === 'won' ? undefined : this.flights.find(call.key.name, mark)
    if (known !== undefined) this.#loads.countShared()
    return (
      known ?? this.flights.start(call.key.name, mark, (flight) => this.#settle(sharedBy(flight, call), look, flight))
    )
  }

  /** Loads, or waits until another caller has. */
  async #settle(call: LoadCall, first: OpenLook, flight: Flight<LoadOutcome>): Promise<LoadOutcome> {
    const { leaseTtl, waitMs } = call.lease
    const wait = new LeaseWait(first.mark, leaseTtl, waitMs)
    let look = first
    while (look.state === 'taken') {
      const delay = wait.next()
      if (delay === undefined) break
      await pause(delay, flight.signal)
      let next: LookResult
      try {
        next = await this.look(call, true)
      } catch (error) {
        this.loading.absorb(call, error)
        return this.loading.load(call, 'noCache', { kind: 'unknown' }, undefined, flight.signal)
      }
      if (next.state === 'value') {
        this.#refreshIfWon(call, next)
        return this.#seenOutcome(call, next)
      }
      if (flight.signal.aborted) {
        await this.loading.abandon(call, next)
        throw flight.signal.reason
      }
      look = next
      const other = look.state === 'taken' ? this.flights.find(call.key.name, markOf(look.mark)) : undefined
      if (other !== undefined && other !== flight) return other.join(flight.signal, (outcome) => outcome)
      flight.mark = markOf(look.mark)
      wait.see(look.mark)
    }
    if (look.state === 'unreadable' && look.error !== undefined) this.loading.report(call, look.error)
    const old = oldOf(look)
    const reason = first.state === 'taken' ? 'leaseLost' : old === undefined ? 'miss' : 'stale'
    return this.loading.load(call, reason, look.target, old, flight.signal)
  }

  /** Loads without the cache, which failed, if failures are absorbed; else throws the failure. */
  withoutCache(call: LoadCall, error: unknown, signal: AbortSignal | undefined): Promise<unknown> {
    this.loading.absorb(call, error)
    const { name } = call.key
    const known = this.flights.find(name, NO_CACHE)
    if (known !== undefined) this.#loads.countShared()
    const load = (flight: Flight<LoadOutcome>): Promise<LoadOutcome> =>
      this.loading.load(call, 'noCache', { kind: 'unknown' }, undefined, flight.signal)
    const flight = known ?? this.flights.start(name, NO_CACHE, load)
    return flight.join(signal, (outcome) => outcome.valueFor(call, undefined))
  }

  #seenOutcome(call: LoadCall, { stored, value }: ValueLook): LoadOutcome {
    const outcome = new SharedValue(this.#values, stored!, undefined)
    outcome.keep(call, value)
    return outcome
  }

  #refreshIfWon(call: LoadCall, look: ValueLook): void {
    if (look.isWon) this.startInBackground(call.key.name, (signal) => this.loading.refresh(call, look, signal))
  }

  /** Runs work that no call waits for, except `close`. */
  startInBackground(name: string, work: (signal: AbortSignal) => Promise<void>): void {
    this.background.start(name, '', (flight) => work(flight.signal))
  }
}

/** A call that gave a signal may leave. */
export function patienceOf(signal: AbortSignal | undefined): Patience | undefined {
  return signal === undefined ? undefined : new Patience(performance.now())
}

/** The call as its load carries it on, for all that join it. */
function sharedBy({ patience }: Flight<LoadOutcome>, call: LoadCall): LoadCall {
  return call.key.patience === undefined ? call : { ...call, key: { ...call.key, patience } }
}

/** Mark of loads without a lease. */
const NO_CACHE: FlightMark = 'none'

/** Returns what tells the loads of one lease from those of another. */
export function markOf({ cas }: LeaseMark): FlightMark {
  return String(cas)
}
