import { ClosedError, MemcacheError } from '../errors.ts'
import type { StoreRequest } from '../protocol/classic-request.ts'
import { type Interpret, Operation } from '../protocol/operation.ts'
import { NO_CALLER } from '../protocol/patience.ts'
import { deleteUnchanged, PLACEHOLDER_FLAGS } from '../protocol/placeholder.ts'
import { type Reply, Returned } from '../protocol/reply.ts'
import { GET, GETS, type Request } from '../protocol/request.ts'
import type { Executor } from '../seam/executor.ts'
import type { ResolvedFallbackOptions } from './fallback-context.ts'
import { copyingRead, copyRequest } from './older-read.ts'

/** Seconds after which the placeholder of a copy is gone by itself: the process that makes the copy may die. */
const PLACEHOLDER_SECONDS = 5

const PLACEHOLDER: StoreRequest = Object.freeze({
  command: 'add',
  data: '',
  bytes: 0,
  clientFlags: PLACEHOLDER_FLAGS,
  exptime: PLACEHOLDER_SECONDS,
  cas: 0n,
  preparing: undefined,
} as const)

/** The cluster that a copy is stored in. */
export interface CopyTarget {
  readonly first: Executor
  readonly options: Pick<ResolvedFallbackOptions, 'onError'>
  /** Whether the cluster keeps no cas numbers (`memcached -C`), so that nothing can be copied to it. */
  keepsNoCas: boolean
}

/** Parts of a copy. */
export interface ItemCopyInit {
  /** The read that found the item in the older cluster. */
  readonly outer: Operation
  readonly older: Executor
  readonly context: CopyTarget
  /** When all steps have to be done, on the monotonic clock. */
  readonly deadline: number
  /** Also fills a placeholder that another client made. */
  readonly takesOver: boolean
  /** Called at the end, whether the item was copied or not. */
  readonly done: () => void
}

/** Item of the older cluster. */
interface OlderItem {
  readonly copy: StoreRequest | undefined
  /** The cas number of a stale item whose win token this read took. */
  readonly taken: bigint | undefined
}

/**
 * Copies one item from an older cluster to the first one. Puts a placeholder into the first cluster, reads the item
 * from the older one after that, and stores it if the placeholder is still the same item. A store or delete in
 * the first cluster meanwhile replaces the placeholder, and wins: a copy never brings back what was deleted.
 */
export class ItemCopy {
  readonly #init: ItemCopyInit
  /** Whether this copy has made the placeholder. */
  #isOwn = false

  constructor(init: ItemCopyInit) {
    this.#init = init
  }

  start(): void {
    const { first, keepsNoCas } = this.#init.context
    if (keepsNoCas) return this.#init.done()
    const place = this.#operation(PLACEHOLDER, (reply) => reply.outcome === 'stored')
    place.resolve = (added) => {
      this.#isOwn = added === true
    }
    place.reject = (reason) => this.#report(reason)
    // One connection carries both, in this order.
    first.dispatch(place)
    this.#send(first, GETS, placeholderCas, (cas) => this.#onPlaceholder(cas))
  }

  #onPlaceholder(cas: bigint | undefined): void {
    const { context, older, takesOver, done } = this.#init
    // Without cas numbers a delete in between would not be noticed.
    if (cas === 0n) context.keepsNoCas = true
    if (cas === undefined || cas === 0n || !(this.#isOwn || takesOver)) return done()
    this.#send(older, copyingRead(GET), readOlder, ({ copy, taken }) => {
      if (taken !== undefined) this.#releaseWinToken(taken)
      this.#fill(copy, cas)
    })
  }

  #fill(copy: StoreRequest | undefined, cas: bigint): void {
    const { context, done } = this.#init
    if (copy !== undefined) this.#send(context.first, { ...copy, command: 'cas', cas }, () => undefined, done)
    else if (this.#isOwn) this.#send(context.first, deleteUnchanged(cas, 'refill'), () => undefined, done)
    else done()
  }

  /** Marks the item stale again, so that the next `getOrSet` of its cluster wins it. */
  #releaseWinToken(cas: bigint): void {
    const flags = { invalidate: true, compareCas: cas }
    const request = { command: 'md', label: 'giving the win token back for', flags } as const
    const operation = this.#operation(request, () => undefined)
    operation.reject = (reason) => this.#report(reason)
    this.#init.older.dispatch(operation)
  }

  /** A step that fails is the last one. */
  #send<T>(executor: Executor, request: Request, interpret: (reply: Reply) => T, next: (result: T) => void): void {
    const operation = this.#operation(request, interpret)
    operation.resolve = (result) => next(result as T)
    operation.reject = (reason) => {
      this.#report(reason)
      this.#init.done()
    }
    executor.dispatch(operation)
  }

  #operation(request: Request, interpret: Interpret): Operation {
    const { outer, deadline } = this.#init
    const operation = new Operation(request, outer.key, outer.callerKey, outer.timeoutMs, interpret)
    operation.routingKey = outer.routingKey
    operation.homeOnly = outer.homeOnly
    operation.patience = outer.settled ? NO_CALLER : outer.patience
    operation.deadline = deadline
    return operation
  }

  #report(reason: unknown): void {
    const { context, outer } = this.#init
    if (reason instanceof MemcacheError && !(reason instanceof ClosedError)) context.options.onError(reason, outer)
  }
}

function readOlder(reply: Reply): OlderItem {
  const won = reply.type === 'VA' && reply.has(Returned.won)
  return {
    copy: isPlaceholder(reply) ? undefined : copyRequest(reply, Date.now()),
    taken: won ? reply.cas() : undefined,
  }
}

/** The cas number of a placeholder; undefined where there is none. */
export function placeholderCas(reply: Reply): bigint | undefined {
  return isPlaceholder(reply) ? reply.cas() : undefined
}

/** Whether a reply is about a placeholder. One that `append` has added to is none the less no value. */
export function isPlaceholder(reply: Reply): boolean {
  return reply.outcome === 'hit' && reply.clientFlags === PLACEHOLDER_FLAGS
}
