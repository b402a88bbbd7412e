import type { Buffer } from 'node:buffer'
import type { CommandLine } from './command-line.ts'
import type { Engine } from './engine.ts'
import { LINE_END_BYTES } from './item.ts'
import { BAD_BLOCK, NO_MEMORY, type TextReply, TOO_LARGE } from './replies.ts'
import { hasStorageWords, parseStorageLine, readLength, type StorageLine } from './storage-line.ts'
import { type StoreMode, type StoreResult, storeItem } from './storing.ts'

const answers: Readonly<Record<StoreResult, string>> = {
  stored: 'STORED\r\n',
  notStored: 'NOT_STORED\r\n',
  exists: 'EXISTS\r\n',
  notFound: 'NOT_FOUND\r\n',
}

/** Runs `set`, `add`, `replace`, `append`, `prepend` and `cas`. */
export function runStorage(engine: Engine, line: CommandLine, block: Buffer | undefined, mode: StoreMode): TextReply {
  const request = parseStorageLine(engine, line, mode)
  if (typeof request === 'string') return { text: request, always: isRefusedEarly(engine, line, mode) }
  return { text: storeBlock(engine, line, request, block), always: false }
}

/** Checks whether a line is refused before `noreply` is read. */
function isRefusedEarly(engine: Engine, line: CommandLine, mode: StoreMode): boolean {
  if (!hasStorageWords(engine, line, mode)) return true
  return engine.dialect.sharedParser && readLength(engine, line, 4) < 0
}

function storeBlock(engine: Engine, line: CommandLine, request: StorageLine, block: Buffer | undefined): string {
  const key = line.text(1)
  engine.prefixes.recordSet(key)
  const refusal = refuseSize(engine, { key, ...request }, request.mode === 'set')
  if (refusal !== undefined) return refusal
  engine.counters.cmdSet++
  if (block === undefined || !endsLine(block)) return BAD_BLOCK
  return answers[store(engine, key, request, block)]
}

function store(engine: Engine, key: string, request: StorageLine, block: Buffer): StoreResult {
  const expiresAt = engine.clock.expiryOf(request.exptime)
  const item = engine.store.createItem(key, false, request.clientFlags, expiresAt, block)
  const order = { mode: request.mode, item, compare: request.cas, allowStale: false, cas: undefined, vivify: false }
  return storeItem(engine, order).result
}

/** Data about a value before there is an item. */
export interface AnnouncedItem {
  readonly key: string
  readonly mode: StoreMode
  readonly clientFlags: number
  readonly exptime: number
  readonly valueBytes: number
}

/**
 * Returns the error line for an item that is too large; `undefined` if it is not.
 *
 * @param drop memcached drops the old item then, rather than leave one that is out of date: `set` and `ms` do
 */
export function refuseSize(engine: Engine, item: AnnouncedItem, drop: boolean): string | undefined {
  const { store: items, counters } = engine
  const { key, mode, clientFlags, exptime, valueBytes } = item
  const fits = items.fits(key.length, clientFlags, valueBytes)
  if (fits && items.findRoom(key.length, clientFlags, valueBytes)) return undefined
  if (fits) counters.storeNoMemory++
  else counters.storeTooLarge++
  const bytes = items.itemBytes(key.length, clientFlags, valueBytes)
  engine.log.refused(key, mode, exptime, bytes, fits ? 'no_memory' : 'too_large')
  const previous = drop ? items.peek(key) : undefined
  if (previous !== undefined) items.unlink(previous)
  return fits ? NO_MEMORY : TOO_LARGE
}

/** Checks whether a data block ends in CR LF. */
export function endsLine(block: Buffer): boolean {
  const end = block.length - LINE_END_BYTES
  return block[end] === 0x0d && block[end + 1] === 0x0a
}
