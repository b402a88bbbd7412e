import { ClosedError, keepError, type MemcacheError } from '../errors.ts'
import type { Operation } from '../protocol/operation.ts'
import { isStore, type Request } from '../protocol/request.ts'
import { DerivedOperation } from '../seam/derived-operation.ts'
import type { Executor } from '../seam/executor.ts'
import { mockErrors, mockTimeout } from './mock-errors.ts'
import type { MockError } from './mock-rule.ts'
import type { MockRules } from './mock-rules.ts'
import { PendingReply } from './pending-reply.ts'

/** Client functions that the executor calls. */
export interface MockExecutorHost {
  /** Returns the name of the server that the command would go to. */
  serverOf(operation: Operation): string
  /** Called when a quiet command without a waiting caller failed. */
  onQuietError(error: MemcacheError, operation: Operation): void
}

/** Executor that fails or delays commands by the rules, and passes on all others. */
export class MockExecutor implements Executor {
  readonly #next: Executor
  readonly #rules: MockRules
  readonly #host: MockExecutorHost
  readonly #pending: Set<PendingReply> = new Set()
  #closed = false

  constructor(next: Executor, rules: MockRules, host: MockExecutorHost) {
    this.#next = next
    this.#rules = rules
    this.#host = host
  }

  /** Whether the executor passes everything on, for the client to refuse. */
  get closed(): boolean {
    return this.#closed
  }

  dispatch(operation: Operation): void {
    if (this.#closed) return this.#next.dispatch(operation)
    const { latencyMs, error } = this.#rules.apply(operation)
    // No caller waits for the reply of a quiet command.
    if (latencyMs === 0 || operation.quiet) this.#carryOut(operation, error)
    else this.#carryOutLate(operation, latencyMs, error)
  }

  /** Ends all failures; settles when every delayed answer has been given. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(Array.from(this.#pending, (reply) => reply.settled))
  }

  /** Ends the delayed commands. */
  destroy(): void {
    this.#closed = true
    const error = new ClosedError('the client is closed', { delivery: 'unknown' })
    for (const reply of this.#pending) reply.end(error)
  }

  #carryOut(operation: Operation, error: MockError | undefined): void {
    if (error === undefined) this.#next.dispatch(operation)
    else if (error === 'full') this.#carryOutFull(operation)
    else if (error === 'timeout' && !operation.quiet) void this.#hold(operation, Number.POSITIVE_INFINITY)
    else this.#fail(operation, error)
  }

  /** Runs the command now, and delays its answer, perhaps for too long. */
  #carryOutLate(operation: Operation, latencyMs: number, error: MockError | undefined): void {
    if (error === 'timeout') return void this.#hold(operation, Number.POSITIVE_INFINITY)
    const reply = this.#hold(operation, latencyMs)
    const inner = new DerivedOperation(operation).next()
    operation.holder = reply
    reply.awaits(inner)
    this.#carryOut(inner, error)
  }

  #hold(operation: Operation, latencyMs: number): PendingReply {
    const server = this.#host.serverOf(operation)
    const timeout = (): MemcacheError => mockTimeout(operation.describe(), server, operation.timeoutMs)
    const reply = new PendingReply(operation, server, latencyMs, timeout)
    this.#pending.add(reply)
    void reply.settled.then(() => this.#pending.delete(reply))
    return reply
  }

  #fail(operation: Operation, kind: Exclude<MockError, 'full'>): void {
    const server = this.#host.serverOf(operation)
    const about = operation.describe()
    if (kind instanceof Error) {
      keepError(kind)
      return operation.fail(kind)
    }
    const error = kind === 'timeout' ? mockTimeout(about, server, operation.timeoutMs) : mockErrors[kind](about, server)
    if (operation.quiet && error.delivery !== 'not-sent') this.#failQuietly(operation, error)
    else operation.fail(error)
  }

  #failQuietly(operation: Operation, error: MemcacheError): void {
    this.#host.onQuietError(error, operation)
    operation.succeed(undefined)
  }

  #carryOutFull(operation: Operation): void {
    const { request } = operation
    if (!isStore(request)) return this.#dispatchAs(operation, withoutPlaceholder(request))
    const error = mockErrors.full(operation.describe(), this.#host.serverOf(operation))
    if (operation.quiet) this.#failQuietly(operation, error)
    else operation.fail(error)
  }

  #dispatchAs(operation: Operation, request: Request): void {
    operation.request = request
    this.#next.dispatch(operation)
  }
}

/**
 * Removes the placeholder: without memory memcached makes none, and the read is a plain miss (seen on 1.6.18 and
 * 1.6.45).
 */
function withoutPlaceholder(request: Request): Request {
  if (request.command !== 'mg' || request.flags.vivify === undefined) return request
  return { ...request, flags: { ...request.flags, vivify: undefined } }
}
