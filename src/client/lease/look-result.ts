import type { MemcacheError } from '../../errors.ts'
import type { Key } from '../../protocol/key.ts'
import type { Refine } from '../refine.ts'
import type { StoredValue } from '../stored-value.ts'
import type { ItemSnapshot } from './item-snapshot.ts'
import type { ResolvedLease } from './options.ts'
import type { LeaseMark } from './wait.ts'

/** Target that the result of a load may replace. */
export type ReplaceTarget =
  /** The item with this cas number (0n: a server without). */
  | { readonly kind: 'item'; readonly cas: bigint; readonly isMine: boolean; readonly hasValue: boolean }
  /** Nothing: it may be added. The lease item, where it is ours, has this cas number. */
  | { readonly kind: 'nothing'; readonly lease: bigint | undefined }
  /** The cache failed: it is not stored at all. */
  | { readonly kind: 'unknown' }

/** Findings of a call. */
export type LookResult =
  /** A value; with `isWon`, this call is the one to load it anew. */
  | {
      readonly state: 'value'
      readonly value: unknown
      /** As it is stored, where that was asked for. */
      readonly stored: StoredValue | undefined
      readonly isWon: boolean
      /** Whether it was marked stale. */
      readonly isStale: boolean
      readonly target: ReplaceTarget
      readonly mark: LeaseMark
    }
  /** Won: this call is to load. `old`: a value that was kept beyond its time. */
  | {
      readonly state: 'won'
      readonly target: ReplaceTarget
      readonly mark: LeaseMark
      readonly old: OldValue | undefined
    }
  /** Another call or client is loading. */
  | {
      readonly state: 'taken'
      readonly target: ReplaceTarget
      readonly mark: LeaseMark
      readonly old: OldValue | undefined
    }
  /** There is a value, but not one that can be read. `error` is not reported yet. */
  | {
      readonly state: 'unreadable'
      readonly target: ReplaceTarget
      readonly mark: LeaseMark
      readonly error: MemcacheError | undefined
    }

/** A look that asks for a load, or for waiting until the load of another caller is done. */
export type OpenLook = Exclude<LookResult, { state: 'value' }>

/** A look that found a value. */
export type ValueLook = Extract<LookResult, { state: 'value' }>

/** A value that is no longer good, but better than none. */
export interface OldValue {
  readonly value: unknown
}

/** Returns the old value that a look has. */
export function oldOf(look: OpenLook): OldValue | undefined {
  return look.state === 'unreadable' ? undefined : look.old
}

/** Returns the item that a load may replace, by its cas number. */
export function itemTarget({ cas, state }: ItemSnapshot, isMine: boolean): ReplaceTarget {
  return { kind: 'item', cas, isMine, hasValue: state === 'value' }
}

/** Returns what a snapshot means to this call. */
export function lookResultOf(snapshot: ItemSnapshot, lease: ResolvedLease): LookResult {
  if (snapshot.isLost) {
    return { state: 'unreadable', target: itemTarget(snapshot, snapshot.won), mark: snapshot, error: undefined }
  }
  return snapshot.state === 'value' ? valueLook(snapshot, lease) : placeholderLook(snapshot, lease)
}

function valueLook(snapshot: ItemSnapshot, lease: ResolvedLease): LookResult {
  const { value, stored, unreadable, won, taken, stale } = snapshot
  const target = itemTarget(snapshot, won)
  if (unreadable !== undefined) return { state: 'unreadable', target, mark: snapshot, error: unreadable }
  if (isPastItsTime(snapshot, lease)) {
    if (won) return { state: 'won', target, mark: snapshot, old: { value } }
    if (taken) return { state: 'taken', target, mark: snapshot, old: { value } }
  }
  return { state: 'value', value, stored, isWon: won, isStale: stale, target, mark: snapshot }
}

/** Checks whether a value is kept only for the case that the loader fails. A value marked stale is to be used. */
function isPastItsTime({ ttl, stale }: ItemSnapshot, { staleOnError }: ResolvedLease): boolean {
  return !stale && ttl !== undefined && ttl !== -1 && ttl < staleOnError
}

/**
 * A meta placeholder is won by its `W`. The placeholder of a text client can be won too, by the time that is left, or because
 * it was marked stale; only the latter means that no client is loading.
 */
function placeholderLook(snapshot: ItemSnapshot, lease: ResolvedLease): LookResult {
  const isWon = snapshot.won && (snapshot.stale || !snapshot.isTextPlaceholder)
  const isMine = isWon || isAbandoned(snapshot, lease)
  const state = isMine ? 'won' : 'taken'
  return { state, target: itemTarget(snapshot, isMine), mark: snapshot, old: undefined }
}

/** Checks for a ttl beyond any lease: the item was renewed, by `touch` or `gat`, and its loader may be long gone. */
function isAbandoned({ ttl }: ItemSnapshot, { leaseTtl }: ResolvedLease): boolean {
  return ttl !== undefined && (ttl === -1 || ttl > leaseTtl)
}

/** Applies a schema to what was seen. */
export async function refinedLook(
  look: Exclude<LookResult, { state: 'unreadable' }>,
  refine: Refine,
  key: Key,
): Promise<LookResult> {
  if (look.state !== 'value') {
    const refined = look.old && (await refine.read(look.old.value, key))
    return { ...look, old: refined?.isValid === true ? refined : undefined }
  }
  const refined = await refine.read(look.value, key)
  if (refined.isValid) return { ...look, value: refined.value }
  return { state: 'unreadable', target: look.target, mark: look.mark, error: undefined }
}
