import { uriEncode } from '../protocol/uri-encoding.ts'
import { encodeBase64Key } from './base64-key.ts'
import type { Engine } from './engine.ts'
import type { Item } from './item.ts'

type Wanted = (slabClass: number) => boolean

/** Returns the lines of `lru_crawler metadump`. The lines end in LF alone; only the last line ends in CR LF. */
export function* dumpMetadata(engine: Engine, wanted: Wanted): IterableIterator<string> {
  for (const item of engine.store.live()) {
    if (wanted(item.slabClass)) yield metadataOf(engine, item)
  }
  yield 'END\r\n'
}

/** Returns the lines of `lru_crawler mgdump`: a read of every key. */
export function* dumpKeys(engine: Engine, wanted: Wanted): IterableIterator<string> {
  for (const item of engine.store.live()) {
    if (wanted(item.slabClass)) yield item.binaryKey ? `mg ${encodeBase64Key(item.key)} b\r\n` : `mg ${item.key}\r\n`
  }
  yield 'EN\r\n'
}

function metadataOf({ clock, dialect }: Engine, item: Item): string {
  const exp = item.expiresAt === 0 ? -1 : clock.unixTimeOf(item.expiresAt)
  const words = [
    `key=${uriEncode(item.key)}`,
    `exp=${exp}`,
    `la=${clock.unixTimeOf(item.usedAt)}`,
    `cas=${item.cas}`,
    `fetch=${item.fetched ? 'yes' : 'no'}`,
    `cls=${item.slabClass}`,
    `size=${item.bytes}`,
  ]
  if (dialect.dumpsClientFlags) words.push(`flags=${item.clientFlags}`)
  // memcached 1.6.45 leaves a space before the end, 1.6.38 does not.
  return `${words.join(' ')}${dialect.dumpsStartWithOk ? ' ' : ''}\n`
}
