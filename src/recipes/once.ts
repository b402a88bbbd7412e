import type { ClientAccess } from '../client/client-access.ts'
import { isAbsorbable } from '../client/dispatcher.ts'
import { InvalidInputError, MemcacheError } from '../errors.ts'
import { checkOptions } from '../known-options.ts'
import { flag, refused } from '../option-checks.ts'
import { showValue } from '../show-value.ts'
import { MAX_RELATIVE_SECONDS } from '../ttl.ts'
import { Hold } from './hold.ts'
import { Mark } from './mark.ts'
import { checkName, type RecipeOwner, recipeAccessOf } from './owner.ts'

/** Shortest life of a mark, in seconds: memcached's clock ticks once a second. */
const MIN_TTL = 3

/** Options of `once`. */
export interface OnceOptions {
  /**
   * Seconds that the mark lives when its owner dies: whole, 3 to 2,592,000 (30 days). The mark is renewed after each third, so
   * the work may take any time. The client's `maxTtl` shortens it.
   */
  readonly ttl: number
  /**
   * Whether the mark may be kept on another server while its own is out (`failover: 'next'` or `'gutter'`). Clients that see
   * an outage differently then run the work at the same time. Without it, `once` rejects with `ServerDownError` meanwhile,
   * whatever the client's `failover`. @defaultValue `false`
   */
  readonly acceptSplit?: boolean
}

/** State of the mark, for the work. */
export interface Held {
  /**
   * Aborts when the mark is lost: with a `ConflictError` when it is gone or another caller has it, which a renewal finds out
   * within a third of the `ttl`; with a `TimeoutError` when it could not be renewed before it may expire.
   */
  readonly signal: AbortSignal
  /**
   * Asks the server whether the mark is still this caller's, for a look before a step that is costly to do twice. `false`
   * aborts the signal. Rejects where the cache fails: then it is not known.
   */
  stillHeld(): Promise<boolean>
}

/** Outcome of `once`: `ran: false` means that another caller is at the work. */
export type OnceOutcome<T> = { readonly ran: true; readonly value: T } | { readonly ran: false }

/**
 * Runs the work unless another caller, in any process, is known to run it. Use it to do less work, never for correctness:
 * memcached may lose the mark at any time (eviction, restart). Two callers then run the work, until a renewal finds the loss
 * and `signal` aborts. Work that must not happen twice needs a database.
 *
 * Costs one round trip before the work and two after it; two for each renewal.
 *
 * @param cache - A `Memcache` or a namespace. The mark is the item `once:<name>`, with a random text of its owner.
 * @param work - Its signal does not end it: pass it on, or check it.
 * @returns `{ ran: true, value }` with what the work returned, also where the signal has aborted meanwhile; `{ ran: false }` at
 * once where another caller runs the work.
 * @throws whatever the work throws. The mark is removed first.
 * @throws `MemcacheError` - it is not known whether another caller runs the work; the work has not run. If the answer to
 * storing the mark was lost (`delivery: 'unknown'`), the mark was read once, and was not there.
 * @throws `InvalidInputError` - an option cannot be used.
 *
 * @example
 * ```ts
 * const { ran } = await once(cache, 'nightly-report', { ttl: 60 }, ({ signal }) => makeReport(signal))
 * ```
 */
export async function once<T>(
  cache: RecipeOwner,
  name: string,
  options: OnceOptions,
  work: (held: Held) => T | Promise<T>,
): Promise<OnceOutcome<T>> {
  const access = recipeAccessOf('once', cache)
  checkName('once', 'name', name)
  const { seconds, acceptSplit } = checkOnceOptions(options, access)
  if (typeof work !== 'function') throw new InvalidInputError(`once takes a function, got ${showValue(work)}`)
  const mark = new Mark({ access, name, seconds, acceptSplit })
  const storedAt = performance.now()
  if (!(await take(mark))) return { ran: false }
  const hold = new Hold(mark, seconds, storedAt, access.parts.dispatcher.timeoutMs)
  try {
    return { ran: true, value: await work({ signal: hold.signal, stillHeld: () => hold.stillHeld() }) }
  } finally {
    await hold.end()
    await release(mark)
  }
}

/** Stores the mark; whether it is ours. Rejects where that is not known. */
async function take(mark: Mark): Promise<boolean> {
  try {
    return await mark.add()
  } catch (error) {
    if (!(error instanceof MemcacheError) || error.delivery !== 'unknown') throw error
    const owner = await mark.look().then(
      (found) => found.owner,
      () => 'none' as const,
    )
    if (owner === 'none') throw error
    return owner === 'us'
  }
}

/** Removes the mark. A failure is no failure of the work: the mark expires. */
async function release(mark: Mark): Promise<void> {
  try {
    await mark.release()
  } catch (error) {
    if (isAbsorbable(error)) mark.report(error)
  }
}

function checkOnceOptions(
  options: OnceOptions,
  { parts }: ClientAccess,
): { readonly seconds: number; readonly acceptSplit: boolean } {
  checkOptions(options, ['ttl', 'acceptSplit'] satisfies (keyof OnceOptions)[], 'once')
  const { ttl } = options
  const acceptSplit = flag('acceptSplit', options.acceptSplit, false)
  if (!Number.isInteger(ttl) || ttl < MIN_TTL || ttl > MAX_RELATIVE_SECONDS)
    throw refused('ttl', `whole seconds from ${MIN_TTL} to ${MAX_RELATIVE_SECONDS}`, ttl)
  const { maxTtl, cluster } = parts.options
  const inGutter = acceptSplit && cluster.failover === 'gutter' ? cluster.gutterTtl : ttl
  const seconds = Math.min(ttl, maxTtl ?? ttl, inGutter)
  if (seconds >= MIN_TTL) return { seconds, acceptSplit }
  throw new InvalidInputError(
    `once needs marks of ${MIN_TTL} seconds, but maxTtl or gutterTtl of the client is ${seconds}`,
  )
}
