import type { Key } from '../protocol/key.ts'

/**
 * One command on its way to a server, as middleware sees it. Hand it on with `next.dispatch(operation)`, or settle it with
 * {@link answer} or {@link fail}: exactly one of these, once. All properties are read-only.
 *
 * @experimental
 */
export interface Operation {
  /**
   * Name of the call that made it: `'get'`, `'set'`, `'incr'`, `'has'`, `'getOrSet'`, … A batch makes one operation for each
   * of its keys, with the name of the command for one key: `getMany` makes `'get'` operations.
   */
  readonly command: string
  /** The key as the caller gave it, without the client's `keyPrefix`; empty for commands without a key. */
  readonly key: Key
  /** The key that decides about the server, where that is not `key`. */
  readonly routingKey: Key | undefined
  /** Whether it may change, create, renew or remove an item. `getOrSet` may: it leaves a placeholder on a miss. */
  readonly isWrite: boolean
  /** Whether it is sent without a reply (`noreply`): it settles when its bytes have left. */
  readonly quiet: boolean
  /** Time for the whole call, in milliseconds; may be Infinity. */
  readonly timeoutMs: number
  /** End of that time on the clock of `performance.now()`; 0 before the first layer has started it. */
  readonly deadline: number
}

/**
 * Carries out commands: the servers, or a wrapper around them.
 *
 * @experimental
 */
export interface Executor {
  /** Takes an operation and settles it, sooner or later, exactly once. Does not throw. */
  dispatch(operation: Operation): void
}

/**
 * A layer around what carries out the commands of a client.
 *
 * @param next - The layer below: further middleware, or the servers.
 * @experimental
 */
export type Middleware = (next: Executor) => Executor

/**
 * End of an operation. `result` says what the server's answer meant, `value` is what the call gives to its caller:
 * `'hit'` and `'miss'` for reads, `'stored'`, `'notStored'`, `'exists'`, `'notFound'`, `'deleted'`, `'touched'` for writes,
 * `'number'` for counters, `'done'` for all others, `'sent'` for quiet commands. A placeholder is a miss.
 *
 * @experimental
 */
export type OperationOutcome =
  | { readonly result: OperationResult; readonly value: unknown; readonly error?: undefined }
  | { readonly error: unknown; readonly result?: undefined; readonly value?: undefined }

/**
 * Meaning of an answer; see {@link OperationOutcome}.
 *
 * @experimental
 */
export type OperationResult =
  | 'hit'
  | 'miss'
  | 'stored'
  | 'notStored'
  | 'exists'
  | 'notFound'
  | 'deleted'
  | 'touched'
  | 'number'
  | 'done'
  | 'sent'
