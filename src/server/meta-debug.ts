import { decodeBase64Key, encodeBase64Key } from './base64-key.ts'
import type { CommandLine } from './command-line.ts'
import type { Engine } from './engine.ts'
import type { Item } from './item.ts'
import { BAD_LINE, MAX_KEY_BYTES } from './replies.ts'
import { hasPlausibleFlags } from './storage-line.ts'

/** Runs `me <key> [b]`; returns the reply. */
export function runMetaDebug(engine: Engine, line: CommandLine): string {
  if (line.count < 2 || line.length(1) > MAX_KEY_BYTES) return BAD_LINE
  if (engine.dialect.sharedParser && !hasPlausibleFlags(line, 2)) return BAD_LINE
  const key = readKey(engine, line)
  if (key === undefined) return BAD_LINE
  engine.counters.cmdMeta++
  const item = engine.store.peek(key)
  return item === undefined ? 'EN\r\n' : describe(engine, item)
}

/** Reads the key. memcached since 1.6.40 sees `b` only if a word follows it, and otherwise uses the key undecoded. */
function readKey(engine: Engine, line: CommandLine): string | undefined {
  const key = line.text(1)
  if (engine.dialect.sharedParser && line.count <= 3) return key
  return line.is(2, 'b') ? decodeBase64Key(key) : key
}

function describe(engine: Engine, item: Item): string {
  const seconds = engine.clock.seconds
  const key = item.binaryKey ? encodeBase64Key(item.key) : item.key
  const left = engine.dialect.afterDebian12 ? item.expiresAt - seconds : seconds - item.expiresAt
  const exp = item.expiresAt === 0 ? -1 : left
  const fetch = item.fetched ? 'yes' : 'no'
  return `ME ${key} exp=${exp} la=${seconds - item.usedAt} cas=${item.cas} fetch=${fetch} cls=${item.slabClass} size=${item.bytes}\r\n`
}
