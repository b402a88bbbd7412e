import { Buffer } from 'node:buffer'
import type { Counters } from './counters.ts'
import { type Item, LINE_END_BYTES } from './item.ts'
import type { Store } from './store.ts'
import type { StoredStatus, StoreLog } from './store-log.ts'

/** Conditions under which a value is stored. */
export type StoreMode = 'set' | 'add' | 'replace' | 'append' | 'prepend' | 'cas'

/** Result of a store. */
export type StoreResult = 'stored' | 'notStored' | 'exists' | 'notFound'

/** Value to be stored. */
export interface StoreOrder {
  readonly mode: StoreMode
  /** Value with its line end, not shared. */
  readonly item: Item
  /** Cas that the old item must have; 0: every item will do (`cas` mode: refused). */
  readonly compare: bigint
  /** Whether a `compare` older than the item's stores too, as stale. */
  readonly allowStale: boolean
  /** New cas of the item; `undefined`: the next one. */
  readonly cas: bigint | undefined
  /** Whether append and prepend store on a miss. */
  readonly vivify: boolean
}

/** Result of a store, and the item now there if it was stored: for append and prepend, not the one of the order. */
export interface StoreOutcome {
  readonly result: StoreResult
  readonly item: Item | undefined
}

const statuses: Readonly<Record<StoreResult, StoredStatus>> = {
  stored: 'stored',
  notStored: 'not_stored',
  exists: 'exists',
  notFound: 'not_found',
}

/** Parts that storing uses. */
export interface StoreTools {
  readonly store: Store
  readonly counters: Counters
  readonly log: StoreLog
}

/** Runs any of the storage commands. The size must have been checked. */
export function storeItem({ store, counters, log }: StoreTools, order: StoreOrder): StoreOutcome {
  store.reclaim()
  counters.slabs[order.item.slabClass]!.cmdSet++
  const existing = store.peek(order.item.key)
  const outcome =
    existing === undefined ? storeNew(store, counters, order) : storeOver(store, counters, order, existing)
  log.stored(outcome.item ?? order.item, order.mode, statuses[outcome.result])
  return outcome
}

function storeNew(store: Store, counters: Counters, order: StoreOrder): StoreOutcome {
  switch (order.mode) {
    case 'set':
    case 'add':
      return link(store, order, order.item)
    case 'append':
    case 'prepend':
      return order.vivify ? link(store, order, order.item) : { result: 'notStored', item: undefined }
    case 'replace':
      return { result: 'notStored', item: undefined }
    case 'cas':
      counters.casMisses++
      return { result: 'notFound', item: undefined }
  }
}

function storeOver(store: Store, counters: Counters, order: StoreOrder, existing: Item): StoreOutcome {
  switch (order.mode) {
    case 'set':
    case 'replace':
      return link(store, order, order.item)
    case 'add':
      store.use(existing)
      return { result: 'notStored', item: undefined }
    case 'append':
    case 'prepend':
      return extend(store, order, existing)
    case 'cas':
      return compareAndStore(store, counters, order, existing)
  }
}

function compareAndStore(store: Store, counters: Counters, order: StoreOrder, existing: Item): StoreOutcome {
  if (order.compare !== 0n && order.compare === existing.cas) {
    countCasHit(counters, existing)
    return link(store, order, order.item)
  }
  if (order.allowStale && order.compare !== 0n && order.compare < existing.cas) {
    countCasHit(counters, existing)
    order.item.stale = true
    order.item.tokenSent = existing.tokenSent
    order.item.expiresAt = existing.expiresAt
    return link(store, order, order.item)
  }
  counters.casBadval++
  counters.slabs[existing.slabClass]!.casBadval++
  return { result: 'exists', item: undefined }
}

function countCasHit(counters: Counters, existing: Item): void {
  counters.casHits++
  counters.slabs[existing.slabClass]!.casHits++
}

function extend(store: Store, order: StoreOrder, existing: Item): StoreOutcome {
  if (order.compare !== 0n && order.compare !== existing.cas) return { result: 'exists', item: undefined }
  const { key, clientFlags, expiresAt } = existing
  const valueBytes = existing.valueBytes + order.item.valueBytes
  if (!store.fits(key.length, clientFlags, valueBytes) || !store.findRoom(key.length, clientFlags, valueBytes)) {
    return { result: 'notStored', item: undefined }
  }
  const [first, second] = order.mode === 'append' ? [existing, order.item] : [order.item, existing]
  const block = Buffer.allocUnsafe(valueBytes + LINE_END_BYTES)
  first.block.copy(block)
  second.block.copy(block, first.valueBytes)
  // memcached makes a new item here and forgets the binary key, the stale mark and the winner.
  return link(store, order, store.createItem(key, false, clientFlags, expiresAt, block))
}

function link(store: Store, order: StoreOrder, item: Item): StoreOutcome {
  store.link(item, order.cas)
  return { result: 'stored', item }
}
