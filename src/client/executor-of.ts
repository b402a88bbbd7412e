import { InvalidInputError } from '../errors.ts'
import type { Executor, ServerStatus } from '../seam/executor.ts'
import type { Executor as PublicExecutor } from '../seam/operation.ts'
import { toPublic } from '../seam/operation-view.ts'
import { showValue } from '../show-value.ts'

/** A client of memlane, as wrappers take it: a `Memcache`. */
export interface CacheClient {
  /** Its servers, and how they are. */
  readonly servers: readonly ServerStatus[]
  /** Connects now. */
  connect(): Promise<void>
}

const executors: WeakMap<object, Executor> = new WeakMap()

/** Makes a client's executor known to {@link executorOf}. */
export function registerExecutor(client: CacheClient, executor: Executor): void {
  executors.set(client, executor)
}

/**
 * Returns what carries out the commands of a client: its servers, routing and middleware, for use in middleware of another
 * client. Keys and values travel as that other client writes them.
 *
 * @throws `InvalidInputError` - `client` is no `Memcache`.
 */
export function executorOf(client: CacheClient): PublicExecutor {
  return toPublic(innerExecutorOf(client))
}

/** As {@link executorOf}, for layers of ours. */
export function innerExecutorOf(client: CacheClient): Executor {
  const executor = typeof client === 'object' && client !== null ? executors.get(client) : undefined
  if (executor !== undefined) return executor
  throw new InvalidInputError(`an executor is had of a Memcache only, got ${showValue(client)}`)
}
