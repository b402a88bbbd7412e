import type { MemcacheError } from '../../errors.ts'
import type { Key } from '../../protocol/key.ts'
import type { Refine } from '../refine.ts'
import type { StoredValue } from '../stored-value.ts'
import type { ResolvedLease } from './options.ts'
import type { Reading } from './reading.ts'
import type { LeaseMark } from './wait.ts'

/** Target that the result of a load may replace. */
export type Hold =
  /** The item with this cas number (0n: a server without). */
  | { readonly kind: 'item'; readonly cas: bigint; readonly isMine: boolean; readonly hasValue: boolean }
  /** Nothing: it may be added. The lease item, where it is ours, has this cas number. */
  | { readonly kind: 'nothing'; readonly lease: bigint | undefined }
  /** The cache failed: it is not stored at all. */
  | { readonly kind: 'unknown' }

/** Findings of a call. */
export type Sight =
  /** A value; with `isWon`, this call is the one to load it anew. */
  | {
      readonly state: 'value'
      readonly value: unknown
      /** As it is stored, where that was asked for. */
      readonly stored: StoredValue | undefined
      readonly isWon: boolean
      /** Whether it was marked stale. */
      readonly isStale: boolean
      readonly hold: Hold
      readonly mark: LeaseMark
    }
  /** Won: this call is to load. `old`: a value that was kept beyond its time. */
  | { readonly state: 'won'; readonly hold: Hold; readonly mark: LeaseMark; readonly old: OldValue | undefined }
  /** Another call or client is loading. */
  | { readonly state: 'taken'; readonly hold: Hold; readonly mark: LeaseMark; readonly old: OldValue | undefined }
  /** There is a value, but not one that can be read. `error` is not reported yet. */
  | {
      readonly state: 'unreadable'
      readonly hold: Hold
      readonly mark: LeaseMark
      readonly error: MemcacheError | undefined
    }

/** A sight that asks for a load, or for waiting until the load of another caller is done. */
export type OpenSight = Exclude<Sight, { state: 'value' }>

/** A sight of a value. */
export type ValueSight = Extract<Sight, { state: 'value' }>

/** A value that is no longer good, but better than none. */
export interface OldValue {
  readonly value: unknown
}

/** Returns the old value that a sight has. */
export function oldOf(sight: OpenSight): OldValue | undefined {
  return sight.state === 'unreadable' ? undefined : sight.old
}

/** Returns the item that a load may replace, by its cas number. */
export function itemHold({ cas, state }: Reading, isMine: boolean): Hold {
  return { kind: 'item', cas, isMine, hasValue: state === 'value' }
}

/** Returns what a reading means to this call. */
export function sightOf(reading: Reading, lease: ResolvedLease): Sight {
  if (reading.isLost) {
    return { state: 'unreadable', hold: itemHold(reading, reading.won), mark: reading, error: undefined }
  }
  return reading.state === 'value' ? valueSight(reading, lease) : placeholderSight(reading, lease)
}

function valueSight(reading: Reading, lease: ResolvedLease): Sight {
  const { value, stored, unreadable, won, taken, stale } = reading
  const hold = itemHold(reading, won)
  if (unreadable !== undefined) return { state: 'unreadable', hold, mark: reading, error: unreadable }
  if (isPastItsTime(reading, lease)) {
    if (won) return { state: 'won', hold, mark: reading, old: { value } }
    if (taken) return { state: 'taken', hold, mark: reading, old: { value } }
  }
  return { state: 'value', value, stored, isWon: won, isStale: stale, hold, mark: reading }
}

/** Checks whether a value is kept only for the case that the loader fails. A value marked stale is to be used. */
function isPastItsTime({ ttl, stale }: Reading, { staleOnError }: ResolvedLease): boolean {
  return !stale && ttl !== undefined && ttl !== -1 && ttl < staleOnError
}

/**
 * A meta placeholder is won by its `W`. That of a text client can be won too, by the time that is left, or because it was
 * marked stale; only the latter means that no client is loading.
 */
function placeholderSight(reading: Reading, lease: ResolvedLease): Sight {
  const isWon = reading.won && (reading.stale || !reading.isTextPlaceholder)
  const isMine = isWon || isAbandoned(reading, lease)
  const state = isMine ? 'won' : 'taken'
  return { state, hold: itemHold(reading, isMine), mark: reading, old: undefined }
}

/** Checks for a ttl beyond any lease: the item was renewed, by `touch` or `gat`, and its loader may be long gone. */
function isAbandoned({ ttl }: Reading, { leaseTtl }: ResolvedLease): boolean {
  return ttl !== undefined && (ttl === -1 || ttl > leaseTtl)
}

/** Applies a schema to what was seen. */
export async function refinedSight(
  sight: Exclude<Sight, { state: 'unreadable' }>,
  refine: Refine,
  key: Key,
): Promise<Sight> {
  if (sight.state !== 'value') {
    const refined = sight.old && (await refine.read(sight.old.value, key))
    return { ...sight, old: refined?.isValid === true ? refined : undefined }
  }
  const refined = await refine.read(sight.value, key)
  if (refined.isValid) return { ...sight, value: refined.value }
  return { state: 'unreadable', hold: sight.hold, mark: sight.mark, error: undefined }
}
