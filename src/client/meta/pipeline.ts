import { InvalidInputError, type MemcacheError } from '../../errors.ts'
import type { Key } from '../../protocol/key.ts'
import type { Operation } from '../../protocol/operation.ts'
import type { Ttl } from '../../ttl.ts'
import { Batch, type BatchTarget, type BatchWindow, runBatch } from '../batch.ts'
import type { CallOptions, KeyOptions } from '../call-options.ts'
import type { CallName } from '../calls/call-name.ts'
import type { Calls } from '../calls/calls.ts'
import type { MakeCommand } from '../commands/command.ts'
import type { Dispatcher } from '../dispatcher.ts'
import { CALL_NAMES, checkCallOptions } from '../option-names.ts'
import { inSlices } from '../slices.ts'
import type { MetaCommand, MetaContext } from './command.ts'
import { countCommand } from './counters.ts'
import { debugCommand } from './debug.ts'
import { deleteCommand, invalidateCommand } from './deletes.ts'
import { executeCommand } from './execute.ts'
import type {
  MayLackValue,
  MetaAddOptions,
  MetaCasOptions,
  MetaCountOptions,
  MetaDeleteOptions,
  MetaExecution,
  MetaExtendOptions,
  MetaGatOptions,
  MetaGetOptions,
  MetaInvalidateOptions,
  MetaOptions,
  MetaReplaceOptions,
  MetaSetOptions,
} from './options.ts'
import { HINTS } from './options.ts'
import { PipelineCalls } from './pipeline-calls.ts'
import { gatCommand, getCommand, touchCommand } from './reads.ts'
import type {
  MetaCountResult,
  MetaDebugResult,
  MetaDeleteResult,
  MetaEcho,
  MetaFailure,
  MetaGetResult,
  MetaOutcomes,
  MetaQuietCountResult,
  MetaReply,
  MetaStoreResult,
  MetaTouchResult,
} from './results.ts'
import { casCommand, extendCommand, setCommand, storeCommand } from './stores.ts'

/** Options of `pipeline`. */
export interface MetaPipelineOptions {
  /**
   * Successes are not answered (flag `q`), which spares the reply of every write that went well. A command without an
   * answer by the time of the barrier's reply succeeded, unless the server refused a command of the run without saying
   * which: then the status of every command without an answer is `unknown`.
   *
   * @defaultValue `false`
   */
  readonly quiet?: boolean
}

/** Parts of a client that a pipeline works with. */
export interface MetaPipelineInit {
  readonly context: MetaContext
  readonly calls: Calls
  readonly dispatcher: Dispatcher
  readonly window: BatchWindow
}

/** Options of a command in a pipeline: time and signal are those of `run`, and each command has an outcome. */
export type InPipeline<O> = Omit<O, 'signal' | 'timeoutMs' | 'failures'>

/**
 * Commands collected to be sent together: one round trip per server, in the order of the calls. Every command has an
 * outcome of its own; one that fails does not stop the others. Not a transaction: commands of other clients may be
 * carried out in between. Bad input is thrown by the call.
 *
 * @example
 * ```ts
 * const [user, visits] = await meta.pipeline().get<User>('user:1', { returnTtl: true }).incr('visits').run()
 * if (user.status === 'hit') show(user.value, user.ttl)
 *
 * const writes: MetaPipeline<true, MetaStoreResult[]> = meta.pipeline({ quiet: true })
 * for (const [key, value] of entries) writes.set(key, value, { ttl: 60, opaque: key })
 * const outcomes = await writes.run()
 * const open = outcomes.filter(({ status }) => status === 'unknown')
 * ```
 */
export class MetaPipeline<Quiet extends boolean = false, Results extends readonly unknown[] = []> {
  readonly #init: MetaPipelineInit
  readonly #quiet: boolean
  readonly #collected: MetaCommand[] = []
  /** Names of the calls that have collected the commands. */
  readonly #names: CallName[] = []
  #hasRun = false

  /** @internal */
  constructor(init: MetaPipelineInit, quiet: Quiet) {
    this.#init = init
    this.#quiet = quiet
  }

  /** Number of commands collected. */
  get length(): number {
    return this.#collected.length
  }

  /** As the client's. Hits are answered in a quiet pipeline too; only a miss is not. */
  get(
    key: Key,
    options: InPipeline<MetaGetOptions> & { readonly value: false },
  ): NextMetaPipeline<Quiet, Results, MetaGetResult<undefined>>
  get<T = unknown>(
    key: Key,
    options: InPipeline<MetaGetOptions> & MayLackValue,
  ): NextMetaPipeline<Quiet, Results, MetaGetResult<T | undefined>>
  get<T = unknown>(key: Key, options?: InPipeline<MetaGetOptions>): NextMetaPipeline<Quiet, Results, MetaGetResult<T>>
  get(key: Key, options?: InPipeline<MetaGetOptions>): NextMetaPipeline<Quiet, Results, unknown> {
    return this.#add('get', getCommand, key, options)
  }

  /** As the client's. Hits are answered in a quiet pipeline too; only a miss is not. */
  gat(
    key: Key,
    ttl: Ttl,
    options: InPipeline<MetaGatOptions> & { readonly value: false },
  ): NextMetaPipeline<Quiet, Results, MetaGetResult<undefined>>
  gat<T = unknown>(
    key: Key,
    ttl: Ttl,
    options: InPipeline<MetaGatOptions> & MayLackValue,
  ): NextMetaPipeline<Quiet, Results, MetaGetResult<T | undefined>>
  gat<T = unknown>(
    key: Key,
    ttl: Ttl,
    options?: InPipeline<MetaGatOptions>,
  ): NextMetaPipeline<Quiet, Results, MetaGetResult<T>>
  gat(key: Key, ttl: Ttl, options?: InPipeline<MetaGatOptions>): NextMetaPipeline<Quiet, Results, unknown> {
    return this.#add('gat', gatCommand, key, ttl, options)
  }

  /** As the client's. */
  set(
    key: Key,
    value: unknown,
    options?: InPipeline<MetaSetOptions>,
  ): NextMetaPipeline<Quiet, Results, MetaStoreResult> {
    return this.#add('set', setCommand, key, value, options)
  }

  /** As the client's. */
  add(
    key: Key,
    value: unknown,
    options?: InPipeline<MetaAddOptions>,
  ): NextMetaPipeline<Quiet, Results, MetaStoreResult> {
    return this.#add('add', storeCommand, 'add', key, value, options)
  }

  /** As the client's. */
  replace(
    key: Key,
    value: unknown,
    options?: InPipeline<MetaReplaceOptions>,
  ): NextMetaPipeline<Quiet, Results, MetaStoreResult> {
    return this.#add('replace', storeCommand, 'replace', key, value, options)
  }

  /** As the client's. */
  cas(
    key: Key,
    value: unknown,
    cas: bigint,
    options?: InPipeline<MetaCasOptions>,
  ): NextMetaPipeline<Quiet, Results, MetaStoreResult> {
    return this.#add('cas', casCommand, key, value, cas, options)
  }

  /** As the client's. */
  append(
    key: Key,
    data: string | Uint8Array,
    options?: InPipeline<MetaExtendOptions>,
  ): NextMetaPipeline<Quiet, Results, MetaStoreResult> {
    return this.#add('append', extendCommand, 'append', key, data, options)
  }

  /** As the client's. */
  prepend(
    key: Key,
    data: string | Uint8Array,
    options?: InPipeline<MetaExtendOptions>,
  ): NextMetaPipeline<Quiet, Results, MetaStoreResult> {
    return this.#add('prepend', extendCommand, 'prepend', key, data, options)
  }

  /** As the client's. */
  delete(key: Key, options?: InPipeline<MetaDeleteOptions>): NextMetaPipeline<Quiet, Results, MetaDeleteResult> {
    return this.#add('delete', deleteCommand, key, options)
  }

  /** As the client's. */
  invalidate(
    key: Key,
    options?: InPipeline<MetaInvalidateOptions>,
  ): NextMetaPipeline<Quiet, Results, MetaDeleteResult> {
    return this.#add('invalidate', invalidateCommand, key, options)
  }

  /** As the client's; a quiet pipeline does not give the value. */
  incr(
    key: Key,
    delta?: number | bigint,
    options?: InPipeline<MetaCountOptions>,
  ): NextMetaPipeline<Quiet, Results, MetaPipelineCount<Quiet>> {
    return this.#add('incr', countCommand, 'incr', key, delta, options)
  }

  /** As the client's; a quiet pipeline does not give the value. */
  decr(
    key: Key,
    delta?: number | bigint,
    options?: InPipeline<MetaCountOptions>,
  ): NextMetaPipeline<Quiet, Results, MetaPipelineCount<Quiet>> {
    return this.#add('decr', countCommand, 'decr', key, delta, options)
  }

  /** As the client's. Hits are answered in a quiet pipeline too. */
  touch(key: Key, ttl: Ttl, options?: InPipeline<MetaOptions>): NextMetaPipeline<Quiet, Results, MetaTouchResult> {
    return this.#add('touch', touchCommand, key, ttl, options)
  }

  /** As the client's; answered in full by a quiet pipeline too. */
  debug(key: Key, options?: InPipeline<KeyOptions>): NextMetaPipeline<Quiet, Results, MetaDebugResult> {
    return this.#add('debug', debugCommand, key, options)
  }

  /** As the client's; answered in full by a quiet pipeline too. */
  execute(execution: MetaExecution, options?: InPipeline<KeyOptions>): NextMetaPipeline<Quiet, Results, MetaReply> {
    return this.#add('execute', executeCommand, execution, options)
  }

  /**
   * Sends everything, once.
   *
   * @returns the outcomes, in the order of the calls. Never rejects because a command failed, only with the reason of its
   * signal.
   */
  async run(options: CallOptions = {}): Promise<MetaOutcomes<Results>> {
    this.#checkUnused()
    checkCallOptions('run', options, CALL_NAMES, HINTS)
    this.#hasRun = true
    const operations: Operation[] = []
    const collected = this.#collected
    const outcomes: unknown[] = Array.from({ length: collected.length })
    let calls: PipelineCalls | undefined
    try {
      await runBatch(this.#init.dispatcher, {
        given: collected.length,
        preparation: inSlices(collected.length, (from, end) => {
          for (let at = from; at < end; at++) operations.push(this.#operation(collected[at]!, options))
        }),
        create: () => {
          calls = new PipelineCalls(this.#init.calls, this.#names, operations)
          return new Batch(operations, this.#init.window, this.#target(outcomes, calls))
        },
        onResult: (value, { index }) => {
          outcomes[index] = value
          calls?.succeed(index)
        },
        signal: options.signal,
      })
    } catch (error) {
      calls?.failAll(error)
      throw error
    }
    return outcomes as readonly unknown[] as MetaOutcomes<Results>
  }

  #add<Result, Args extends readonly unknown[]>(
    name: CallName,
    make: MakeCommand<Args, MetaContext, MetaCommand>,
    ...args: Args
  ): NextMetaPipeline<Quiet, Results, Result> {
    const command = make(this.#init.context, ...args)
    this.#checkUnused()
    const { key, options } = command
    if (options?.signal !== undefined || options?.timeoutMs !== undefined) {
      throw new InvalidInputError('signal and timeoutMs are options of run, not of the commands of a pipeline')
    }
    if (options?.failures !== undefined) {
      throw new InvalidInputError('failures has no effect in a pipeline: each command has an outcome of its own')
    }
    this.#init.dispatcher.encodeKey(key)
    this.#collected.push(command)
    this.#names.push(name)
    // The same object under the type that knows of one more command.
    return this as unknown as NextMetaPipeline<Quiet, Results, Result>
  }

  #checkUnused(): void {
    if (this.#hasRun) throw new InvalidInputError('this pipeline has run already; make a new one')
  }

  #operation({ request, key, interpret, options, mayBeQuiet }: MetaCommand, run: CallOptions): Operation {
    const call = { ...options, ...run }
    const { dispatcher } = this.#init
    const operation = dispatcher.operation(request, key, dispatcher.encodeKey(key), interpret, call)
    operation.quiet = this.#quiet && mayBeQuiet
    operation.awaitsBarrier = operation.quiet
    return operation
  }

  /** A batch knows failures by key; here one key may be in several commands, so each is noted by its place. */
  #target(outcomes: unknown[], calls: PipelineCalls): BatchTarget {
    const { dispatcher } = this.#init
    let noted: Operation['reject'] | undefined
    const note = (operation: Operation): void => {
      const { reject } = operation
      // Every operation of a batch has the same functions.
      noted ??= (reason, failed) => {
        outcomes[failed.index] = failureOf(reason, this.#collected[failed.index]!.echo)
        reject(reason, failed)
        calls.fail(failed.index, reason)
      }
      operation.reject = noted
    }
    return {
      dispatch: (operation) => {
        note(operation)
        dispatcher.dispatch(operation)
      },
      reserve: (operation) => {
        note(operation)
        dispatcher.reserve(operation)
      },
    }
  }
}

/** A pipeline that has collected one more command, with a result of type `Result`. */
export type NextMetaPipeline<Quiet extends boolean, Results extends readonly unknown[], Result> = MetaPipeline<
  Quiet,
  [...Results, Result]
>

/** Result of `incr` and `decr` in a pipeline: a quiet one does not report the new value. */
export type MetaPipelineCount<Quiet extends boolean> = Quiet extends true ? MetaQuietCountResult : MetaCountResult

function failureOf(reason: unknown, echo: MetaEcho): MetaFailure {
  // Operations fail with nothing else, but for the reason of a signal, and with that the whole run ends.
  const error = reason as MemcacheError
  return { status: error.delivery === 'unknown' ? 'unknown' : 'failed', error, ...echo }
}
