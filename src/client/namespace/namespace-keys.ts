import { whenAborted } from '../../abort-listener.ts'
import { type MemcacheError, TimeoutError } from '../../errors.ts'
import type { Key } from '../../protocol/key.ts'
import { CallDeadline } from '../call-deadline.ts'
import type { KeyOptions } from '../call-options.ts'
import { attemptCall } from '../calls/calls.ts'
import { Tally } from '../calls/tally.ts'
import type { FailureKind } from '../commands/command.ts'
import type { Dispatcher } from '../dispatcher.ts'
import { checkIsOptions } from '../option-names.ts'
import { FifoLock } from './fifo-lock.ts'
import type { PrefixSource } from './prefix-source.ts'

/** Treatment of a call when the generation cannot be read. */
export interface GenerationFallback {
  readonly kind: FailureKind
  /** Returns the call's result where such failures are absorbed. */
  readonly instead: () => unknown
  /** Number of keys in the call. @defaultValue `1` */
  readonly keys?: number
}

/** Calls that give `undefined`, or `false`, where failures of their kind are absorbed. */
export const READ: GenerationFallback = { kind: 'read', instead: () => undefined }
export const WRITE: GenerationFallback = { kind: 'write', instead: () => false }
export const COUNT: GenerationFallback = { kind: 'write', instead: () => undefined }

/** Calls whose failures are never absorbed. */
export const NEVER: GenerationFallback = { kind: 'never', instead: () => undefined }

/** Carries out a call of a namespace on keys with a prefix. */
type PrefixedCommand<T, O> = (prefix: string, call: O, tally: Tally | undefined) => Promise<T>

/** Keys of a namespace: after its prefix, and after its generation where it has one. */
export class NamespaceKeys {
  readonly #dispatcher: Dispatcher
  readonly #prefix: string
  readonly #source: PrefixSource | undefined
  /** Calls that wait for the generation: commands for one key stay in the order of the calls. */
  readonly #lock: FifoLock = new FifoLock()
  /** Prefix under which all that wait have sent their commands already. */
  #sentTo: string | undefined

  /** @param source - Of the present prefix; undefined: there are no generations. */
  constructor(dispatcher: Dispatcher, prefix: string, source: PrefixSource | undefined) {
    this.#dispatcher = dispatcher
    this.#prefix = prefix
    this.#source = source
  }

  /** The prefix, without a generation. */
  get prefix(): string {
    return this.#prefix
  }

  /** The prefix of every call, where there are no generations. */
  get fixedPrefix(): string | undefined {
    return this.#source === undefined ? this.#prefix : undefined
  }

  /**
   * Carries out a command on keys with the present prefix. When the generation is due to be read, that and the command
   * leave together; a command that went to an old generation has done nothing that a caller sees, and is given again.
   *
   * @param command - Gets the options of the call, with as much time as is left, and what counts its keys; what it throws,
   * instead of rejecting, it has not counted.
   */
  run<T, O extends KeyOptions | undefined>(
    lost: GenerationFallback,
    call: O,
    tally: Tally | undefined,
    command: PrefixedCommand<T, O>,
  ): Promise<T> {
    return attemptCall(tally, () => {
      const prefix = this.#presentPrefix(call)
      return prefix === undefined ? this.#runBehind(lost, call, tally, command) : command(prefix, call, tally)
    })
  }

  #runBehind<T, O extends KeyOptions | undefined>(
    lost: GenerationFallback,
    call: O,
    tally: Tally | undefined,
    command: PrefixedCommand<T, O>,
  ): Promise<T> {
    const source = this.#source!
    const time = new CallDeadline(this.#dispatcher.timeoutMs, call)
    const reading = this.#read(source, call, time)
    const known = this.#mayGoTo(source)
    // Counted only if it counts.
    const earlyTally = tally && new Tally(tally.isSingle, tally.name)
    const early = known === undefined ? undefined : attemptCall(earlyTally, () => command(known, call, earlyTally))
    early?.catch(() => undefined)
    return this.#whenRead(reading, lost, call, tally, (present) => {
      if (early === undefined || present !== known) return command(present, time.rest(call) as O, tally)
      return early.finally(() => earlyTally && tally?.merge(earlyTally))
    })
  }

  /** The same, for commands that must not go to an old generation: they run loaders, or functions of the caller. */
  runOnce<T>(
    lost: GenerationFallback,
    call: KeyOptions | undefined,
    tally: Tally | undefined,
    command: (prefix: string) => Promise<T>,
  ): Promise<T> {
    return attemptCall(tally, () => {
      const prefix = this.#presentPrefix(call)
      if (prefix !== undefined) return command(prefix)
      this.#sentTo = undefined
      const reading = this.#read(this.#source!, call, new CallDeadline(this.#dispatcher.timeoutMs, call))
      return this.#whenRead(reading, lost, call, tally, command)
    })
  }

  /** The prefix of a call, checked, that need not wait for the generation. */
  #presentPrefix(call: KeyOptions | undefined): string | undefined {
    checkIsOptions('a call', call)
    const source = this.#source
    if (source === undefined) return this.#prefix
    return this.#lock.isIdle ? source.fresh : undefined
  }

  /** Reports a failure that need not reach any caller. */
  report(error: MemcacheError, keys: readonly Key[]): void {
    this.#dispatcher.report(error, keys)
  }

  #read(source: PrefixSource, call: KeyOptions | undefined, time: CallDeadline): Promise<string> {
    const { fresh } = source
    // A call made after the answer still runs after the calls already waiting for it.
    return fresh === undefined ? this.#inTime(source, call?.signal, time) : Promise.resolve(fresh)
  }

  /** The generation that a command may go to before its turn: that which all those before it have gone to as well. */
  #mayGoTo({ known }: PrefixSource): string | undefined {
    if (!this.#lock.isIdle && this.#sentTo !== known) this.#sentTo = undefined
    else this.#sentTo = known
    return this.#sentTo
  }

  /** Never an old generation: without the present one the call fails, or gives what a failed call gives. */
  async #whenRead<T>(
    reading: Promise<string>,
    lost: GenerationFallback,
    call: KeyOptions | undefined,
    tally: Tally | undefined,
    next: (present: string) => Promise<T>,
  ): Promise<T> {
    const turn = this.#lock.take()
    let present: string
    try {
      present = await reading
    } catch (error) {
      turn.end()
      tally?.fail(error, lost.keys)
      this.#dispatcher.absorbOrThrow(lost.kind, error, call, this.#source!.itemKey)
      tally?.absorb(lost.kind === 'read', lost.keys)
      return lost.instead() as T | Promise<T>
    }
    await turn.comes
    try {
      // Sent by now, so that the next one may follow.
      return attemptCall(tally, () => next(present))
    } finally {
      turn.end()
    }
  }

  /**
   * Waits for an answer that several calls may share, no longer than the call may take, or than its signal allows. If a
   * number is known, half of the time is left for what follows.
   */
  #inTime(source: PrefixSource, signal: AbortSignal | undefined, time: CallDeadline): Promise<string> {
    const { answer: reading, leave: leaveQuestion } = source.ask()
    // The reading keeps the client's own time by itself.
    const isShorter = time.timeoutMs < this.#dispatcher.timeoutMs
    if (signal === undefined && !isShorter) return reading
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        leaveQuestion()
        reject(signal!.reason)
      }
      const expire = (): void => {
        leaveQuestion()
        if (source.known !== undefined) return resolve(source.known)
        const message = `timed out after ${time.timeoutMs} ms, while the generation of the namespace was being read`
        reject(new TimeoutError(message, { delivery: 'unknown' }))
      }
      const waitMs = source.known === undefined ? time.restMs : time.restMs / 2
      const timer = isShorter ? setTimeout(expire, waitMs) : undefined
      const stopListening = signal && whenAborted(signal, onAbort)
      const leave = (): void => {
        clearTimeout(timer)
        stopListening?.()
      }
      reading.then(resolve, reject).finally(leave)
      if (signal?.aborted) onAbort()
    })
  }
}

/** Returns the present prefix of a namespace; that of a client is empty. Rejects where the generation cannot be read. */
export async function presentPrefix(namespaceKeys: NamespaceKeys | undefined, signal: AbortSignal): Promise<string> {
  if (namespaceKeys === undefined) return ''
  return namespaceKeys.runOnce(NEVER, { signal }, undefined, (prefix) => Promise.resolve(prefix))
}
