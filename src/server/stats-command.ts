import type { Client } from './client.ts'
import type { CommandLine } from './command-line.ts'
import { createCounters } from './counters.ts'
import type { Engine } from './engine.ts'
import { BAD_LINE, isSubcommand, type TextReply, UNKNOWN_COMMAND } from './replies.ts'
import { MAX_SLAB_CLASSES } from './slab-class.ts'
import { generalStats } from './stats.ts'
import { clientStats } from './stats-clients.ts'
import { itemStats, sizeStats } from './stats-items.ts'
import { settingsStats } from './stats-settings.ts'
import { slabStats } from './stats-slabs.ts'

/** Most bytes of one `stats cachedump` of memcached. */
const MAX_CACHEDUMP_BYTES = 2 * 1024 * 1024

/** Runs `stats [what]`. */
export function runStats(engine: Engine, line: CommandLine, client: Client): TextReply {
  return { text: statsText(engine, line, client), always: true }
}

function statsText(engine: Engine, line: CommandLine, client: Client): string {
  const is = (word: string): boolean => isSubcommand(engine, line, 1, word)
  engine.store.reclaim(Number.POSITIVE_INFINITY)
  if (line.count === 1) return generalStats(engine)
  if (is('reset')) return reset(engine)
  if (is('detail')) return detail(engine, line)
  if (is('settings')) return settingsStats(engine)
  if (is('cachedump')) return cachedump(engine, line)
  if (is('conns')) return clientStats(engine, client.id)
  if (is('extstore')) return 'END\r\n'
  if (is('proxy') && engine.dialect.afterDebian12) return 'END\r\n'
  return storeStats(engine, line)
}

/** Returns statistics whose names must not be cut short. */
function storeStats(engine: Engine, line: CommandLine): string {
  switch (line.text(1)) {
    case 'items':
      return itemStats(engine)
    case 'slabs':
      return slabStats(engine)
    case 'sizes':
      return sizeStats(engine)
    case 'sizes_enable':
    case 'sizes_disable':
      return switchSizes(engine, line)
    default:
      return UNKNOWN_COMMAND
  }
}

function reset(engine: Engine): string {
  Object.assign(engine.counters, createCounters())
  engine.prefixes.clear()
  return 'RESET\r\n'
}

/** Turns sizes on or off. memcached sends no `END` here. */
function switchSizes(engine: Engine, line: CommandLine): string {
  if (!engine.dialect.switchesSizes) return UNKNOWN_COMMAND
  engine.showsSizes = line.is(1, 'sizes_enable')
  return `STAT sizes_status ${engine.showsSizes ? 'enabled' : 'disabled'}\r\n`
}

function detail(engine: Engine, line: CommandLine): string {
  if (!engine.dumpEnabled && engine.dialect.afterDebian12) return 'CLIENT_ERROR stats detail not allowed\r\n'
  const is = (word: string): boolean => isSubcommand(engine, line, 2, word)
  const { prefixes } = engine
  if (is('on') || is('off')) {
    prefixes.enabled = is('on')
    return 'OK\r\n'
  }
  return is('dump') ? prefixes.dump() : 'CLIENT_ERROR usage: stats detail on|off|dump\r\n'
}

/** Returns `stats cachedump <class> <limit>`, 0 being no limit: the items of a slab class, the last used first. */
function cachedump(engine: Engine, line: CommandLine): string {
  if (!engine.dumpEnabled) return 'CLIENT_ERROR stats cachedump not allowed\r\n'
  if (line.count < 4) return 'CLIENT_ERROR bad command line\r\n'
  const slabClass = engine.numbers.uint32(line.bytes, line.start(2), line.end(2))
  const limit = engine.numbers.uint32(line.bytes, line.start(3), line.end(3))
  if (slabClass === undefined || limit === undefined) return BAD_LINE
  if (slabClass >= MAX_SLAB_CLASSES) return 'CLIENT_ERROR Illegal slab id\r\n'
  return `${dumpItems(engine, slabClass, limit)}END\r\n`
}

function dumpItems({ store, clock }: Engine, slabClass: number, limit: number): string {
  let text = ''
  let count = 0
  for (const item of store.byUse()) {
    // As in memcached, keys that came in base64 are left out.
    if (item.slabClass !== slabClass || item.binaryKey) continue
    if (limit > 0 && ++count > limit) break
    const ends = item.expiresAt === 0 ? 0 : clock.unixTimeOf(item.expiresAt)
    const line = `ITEM ${item.key} [${item.valueBytes} b; ${ends} s]\r\n`
    if (text.length + line.length > MAX_CACHEDUMP_BYTES) break
    text += line
  }
  return text
}
