import { numberBlock } from './arithmetic.ts'
import type { CommandLine } from './command-line.ts'
import type { Engine } from './engine.ts'
import type { Item } from './item.ts'
import { type MetaFlags, OPAQUE_TOO_LONG, showEcho } from './meta-flags.ts'
import { parseMetaLine } from './meta-line.ts'

const FIRST_FLAG = 2

/** Runs `md <key> <flags>*`; returns the reply, empty for a quiet one. */
export function runMetaDelete(engine: Engine, line: CommandLine): string {
  const flags = parseMetaLine(engine, line, FIRST_FLAG, {
    tooManyWords: 'CLIENT_ERROR options flags too long\r\n',
    oneForAll: !engine.dialect.sharedParser,
  })
  if (typeof flags === 'string') return flags
  const echo = showEcho(line, FIRST_FLAG, flags.key, flags.binaryKey)
  if (echo === undefined) return OPAQUE_TOO_LONG
  const answer = deleteItem(engine, flags)
  if (answer === 'noMemory') return 'SERVER_ERROR out of memory\r\n'
  return answer === 'HD' && flags.quiet ? '' : `${answer}${echo}\r\n`
}

function deleteItem(engine: Engine, flags: MetaFlags): 'HD' | 'NF' | 'EX' | 'noMemory' {
  const { store, counters } = engine
  const item = store.peek(flags.key)
  if (item === undefined || (flags.compare !== undefined && flags.compare !== item.cas)) {
    counters.deleteMisses++
    return item === undefined ? 'NF' : 'EX'
  }
  if (flags.dropValue && !store.findRoom(flags.key.length, flags.clientFlags, 0)) return 'noMemory'
  if (!flags.stale) {
    counters.deleteHits++
    counters.slabs[item.slabClass]!.deleteHits++
  }
  const rest = flags.dropValue ? emptied(engine, flags, item) : item
  if (flags.stale) invalidate(engine, flags, rest)
  else engine.log.deleted(rest, 'md')
  if (!flags.stale && !flags.dropValue) store.unlink(item)
  return 'HD'
}

/** Replaces an item by an empty one (`x`): client flags and ttl are those of the command, or gone. */
function emptied(engine: Engine, flags: MetaFlags, item: Item): Item {
  const empty = engine.store.createItem(flags.key, false, flags.clientFlags, flags.expiresAt ?? 0, numberBlock('', 0))
  engine.store.link(empty, flags.cas ?? item.cas)
  return empty
}

/** Marks an item stale (`I`): it stays for readers, and the first reader wins the right to store it again. */
function invalidate(engine: Engine, flags: MetaFlags, item: Item): void {
  if (flags.expiresAt !== undefined) item.expiresAt = flags.expiresAt
  item.stale = true
  item.tokenSent = false
  item.cas = engine.store.chooseCas(flags.cas)
}
