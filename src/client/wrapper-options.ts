import { InvalidInputError, type MemcacheError } from '../errors.ts'
import { messageOf } from '../message-of.ts'
import { withFallback } from '../middleware/fallback.ts'
import type { FallbackOn } from '../middleware/fallback-context.ts'
import { type RetryOptions, withRetry } from '../middleware/retry.ts'
import { refused } from '../option-checks.ts'
import type { Operation } from '../protocol/operation.ts'
import type { Executor } from '../seam/executor.ts'
import type { Middleware, Executor as PublicExecutor } from '../seam/operation.ts'
import { toInner, toPublic } from '../seam/operation-view.ts'
import type { ServerSpec } from '../server-address.ts'
import { showValue } from '../show-value.ts'
import type { CacheClient } from './executor-of.ts'

/** Wrappers around the servers of a client. */
export interface WrapperOptions {
  /**
   * Try commands again that failed: never what may have been carried out and must not be twice, and within the call's
   * own time. Without it a command is tried once.
   */
  readonly retry?: RetryOptions
  /**
   * Older clusters, asked in this order for what the servers do not have: lists of servers, which get the options of
   * this client, or clients, which keep their own. Removals go to all of them.
   */
  readonly fallback?: readonly (readonly ServerSpec[] | CacheClient)[]
  /** `missOrError`: a read that fails is looked up in older clusters too. @defaultValue `'miss'` */
  readonly fallbackOn?: FallbackOn
  /** Copy what an older cluster had, with the time that it has left. @defaultValue `false` */
  readonly refill?: boolean
  /**
   * Wrappers of your own, the first one outermost, around `fallback`, `retry` and the servers. A command that a wrapper drops
   * ends with `TimeoutError` when its time is up; where a wrapper throws, its command fails with `InvalidInputError`. A
   * command that is handed on twice is carried out once.
   */
  readonly middleware?: readonly Middleware[]
}

/** Wrapper options, checked. */
export interface ResolvedWrapperOptions {
  readonly retry: ReturnType<typeof withRetry> | undefined
  readonly fallback: readonly (readonly ServerSpec[] | CacheClient)[]
  /** Puts older clusters behind an executor. */
  readonly withOlder: (older: readonly Executor[], onError: OnFallbackError) => (next: Executor) => Executor
  readonly middleware: readonly Middleware[]
}

type OnFallbackError = (error: MemcacheError, operation: Operation) => void

/** Checks the options about wrappers; every error names the option and the value. */
export function resolveWrapperOptions(options: WrapperOptions): ResolvedWrapperOptions {
  const { fallback: older = [], fallbackOn, refill, middleware = [] } = options
  if (!Array.isArray(older)) throw refused('fallback', 'a list of clusters', older)
  for (const cluster of older as readonly unknown[]) checkCluster(cluster)
  for (const [name, value] of Object.entries({ fallbackOn, refill })) {
    if (value !== undefined && older.length === 0)
      throw new InvalidInputError(`option ${name} needs the option fallback`)
  }
  if (!Array.isArray(middleware) || !middleware.every((one) => typeof one === 'function')) {
    throw refused('middleware', 'a list of functions', middleware)
  }
  const shared = { ...(fallbackOn === undefined ? {} : { fallbackOn }), ...(refill === undefined ? {} : { refill }) }
  // Checked now, not at the first command.
  withFallback([], shared)
  return {
    retry: options.retry === undefined ? undefined : withRetry(options.retry),
    fallback: older as readonly (readonly ServerSpec[] | CacheClient)[],
    withOlder: (executors, onError) => withFallback(executors, shared, onError),
    middleware: middleware as readonly Middleware[],
  }
}

function checkCluster(cluster: unknown): void {
  if (Array.isArray(cluster) ? cluster.length > 0 : typeof cluster === 'object' && cluster !== null) return
  throw new InvalidInputError(
    `option fallback holds lists of servers or clients, got ${showValue(cluster)}; write [['host:port']] for a cluster of one server`,
  )
}

/** Puts the caller's wrappers around an executor, the first one outermost. */
export function wrap(executor: Executor, middleware: readonly Middleware[]): Executor {
  if (middleware.length === 0) return executor
  const outermost = middleware.reduceRight((next, one) => {
    const wrapped = call(one, next)
    if (typeof (wrapped as Partial<PublicExecutor> | undefined)?.dispatch === 'function') return wrapped
    throw refused('middleware', 'functions that give an executor', wrapped)
  }, toPublic(executor))
  return toInner(outermost)
}

function call(one: Middleware, next: PublicExecutor): PublicExecutor {
  try {
    return one(next)
  } catch (cause) {
    throw new InvalidInputError(`a function of the option middleware threw: ${messageOf(cause)}`, { cause })
  }
}
