import { InvalidInputError } from '../errors.ts'
import type { Key } from '../protocol/key.ts'
import type { Operation } from '../protocol/operation.ts'
import { nameOfRequest, type Request } from '../protocol/request.ts'
import { isWrite } from '../protocol/writes.ts'
import type { Executor } from './executor.ts'
import type { Middleware, Executor as PublicExecutor, Operation as PublicOperation } from './operation.ts'

/** An operation as middleware holds it: what may be read of it, and nothing that could harm it. */
class OperationView implements PublicOperation {
  readonly #operation: Operation
  // A connection that speaks text sends another request in the place of the first.
  readonly #request: Request

  constructor(operation: Operation) {
    this.#operation = operation
    this.#request = operation.request
  }

  get command(): string {
    return callOf(this.#request)
  }

  get key(): Key {
    return this.#operation.callerKey
  }

  get routingKey(): Key | undefined {
    return this.#operation.routingKey
  }

  get isWrite(): boolean {
    return isWrite(this.#request)
  }

  get quiet(): boolean {
    return this.#operation.quiet
  }

  get timeoutMs(): number {
    return this.#operation.timeoutMs
  }

  get deadline(): number {
    return this.#operation.deadline
  }

  /** The operation behind a view; undefined for every other value. */
  static operationOf(view: unknown): Operation | undefined {
    return typeof view === 'object' && view !== null && #operation in view ? view.#operation : undefined
  }
}

/** Calls that travel as a meta command: the first word of what messages call them. */
const CALLS: ReadonlySet<string> = new Set([
  'get',
  'gat',
  'has',
  'inspect',
  'getOrSet',
  'touch',
  'set',
  'sets',
  'add',
  'replace',
  'append',
  'prepend',
  'cas',
  'delete',
  'invalidate',
  'incr',
  'decr',
  'debug',
  'update',
])

function callOf(request: Request): string {
  const [word = ''] = nameOfRequest(request).split(' ', 1)
  return CALLS.has(word) ? word : request.command
}

/** Returns the view of an operation for middleware. */
export function viewOf(operation: Operation): PublicOperation {
  return new OperationView(operation)
}

/** Returns the operation behind a view. Throws `InvalidInputError` for a value that memlane did not make. */
export function operationOf(view: PublicOperation, caller: string): Operation {
  const operation = OperationView.operationOf(view)
  if (operation !== undefined) return operation
  throw new InvalidInputError(
    `${caller} takes an operation that middleware was given, or one of deriveOperation; it cannot be made or copied`,
  )
}

/** An executor of ours as middleware sees it. */
class InnerExecutor implements PublicExecutor {
  readonly #inner: Executor

  constructor(inner: Executor) {
    this.#inner = inner
  }

  dispatch(view: PublicOperation): void {
    this.#inner.dispatch(operationOf(view, 'dispatch'))
  }

  static innerOf(executor: unknown): Executor | undefined {
    return typeof executor === 'object' && executor !== null && #inner in executor ? executor.#inner : undefined
  }
}

/** Returns an executor of ours for middleware to dispatch to. */
export function toPublic(executor: Executor): PublicExecutor {
  return new InnerExecutor(executor)
}

/** Returns the executor for our operations: the one inside one of ours, or middleware that gets views. */
export function toInner(executor: PublicExecutor): Executor {
  return InnerExecutor.innerOf(executor) ?? { dispatch: (operation) => executor.dispatch(viewOf(operation)) }
}

/** Returns a layer of ours as middleware. */
export function toMiddleware(layer: (next: Executor) => Executor): Middleware {
  return (next) => toPublic(layer(toInner(next)))
}
