import { Buffer } from 'node:buffer'
import type { Counters } from './counters.ts'
import { type Item, LINE_END_BYTES } from './item.ts'
import { looseNumbers } from './numbers.ts'
import type { Store } from './store.ts'

const CR = 0x0d
const LF = 0x0a
const SPACE = 0x20

/** Reply to a delta on a value that is no number. */
export const NOT_A_NUMBER = 'CLIENT_ERROR cannot increment or decrement non-numeric value\r\n'

/** Reply to a delta whose result is longer than the old value and finds no room. */
export const NO_MEMORY_FOR_NUMBER = 'SERVER_ERROR out of memory\r\n'

/** Change to a number. */
export interface Delta {
  readonly key: string
  readonly increment: boolean
  readonly by: bigint
  /** Cas that the item must have; 0: every item will do. */
  readonly compare: bigint
  /** New cas of the item; `undefined`: the next one. */
  readonly cas: bigint | undefined
}

/** Result of a delta: the item that holds the number now, or the reason for none. */
export type DeltaOutcome =
  | { readonly result: 'done'; readonly item: Item; readonly value: string }
  | { readonly result: 'notFound' | 'exists' | 'notANumber' | 'noMemory' }

/** Adds to or takes from the number that an item holds. Wraps at 2^64, stops at 0. */
export function applyDelta(store: Store, counters: Counters, delta: Delta): DeltaOutcome {
  const item = store.peek(delta.key)
  if (item === undefined) {
    if (delta.increment) counters.incrMisses++
    else counters.decrMisses++
    return { result: 'notFound' }
  }
  if (item.valueBytes === 0) return { result: 'notANumber' }
  if (delta.compare !== 0n && delta.compare !== item.cas) return { result: 'exists' }
  const number = looseNumbers.uint64(item.block, 0, item.block.length)
  if (number === undefined) return { result: 'notANumber' }
  countHit(counters, delta.increment, item.slabClass)
  const value = change(number, delta).toString()
  if (value.length > item.valueBytes && !store.findRoom(item.key.length, item.clientFlags, value.length)) {
    return { result: 'noMemory' }
  }
  return { result: 'done', item: put(store, item, value, delta.cas), value }
}

function countHit(counters: Counters, increment: boolean, slabClass: number): void {
  if (increment) {
    counters.incrHits++
    counters.slabs[slabClass]!.incrHits++
  } else {
    counters.decrHits++
    counters.slabs[slabClass]!.decrHits++
  }
}

function change(number: bigint, delta: Delta): bigint {
  if (delta.increment) return BigInt.asUintN(64, number + delta.by)
  return delta.by > number ? 0n : number - delta.by
}

/**
 * Stores a number. One that is not longer than the old value goes in its place, padded; a longer one makes a new item.
 */
function put(store: Store, item: Item, value: string, cas: bigint | undefined): Item {
  if (value.length > item.valueBytes) {
    // As with append, the new item is not stale, has no winner and has a key that is not binary.
    const grown = store.createItem(item.key, false, item.clientFlags, item.expiresAt, numberBlock(value, value.length))
    store.link(grown, undefined)
    // memcached takes later steps and shown values from the old item: a `T` is lost, an `E` only shown.
    item.cas = cas === undefined || !store.usesCas ? grown.cas : cas
    return item
  }
  item.block = numberBlock(value, item.valueBytes)
  item.cas = store.chooseCas(cas)
  store.use(item)
  return item
}

/** Returns a number as it is stored: its digits, spaces up to the length of the value, the line end. */
export function numberBlock(value: string, valueBytes: number): Buffer {
  const block = Buffer.alloc(valueBytes + LINE_END_BYTES, SPACE)
  block.write(value, 0, 'latin1')
  block[valueBytes] = CR
  block[valueBytes + 1] = LF
  return block
}
