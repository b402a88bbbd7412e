import { numberBlock } from './arithmetic.ts'
import type { CommandLine } from './command-line.ts'
import type { Engine } from './engine.ts'
import type { Item } from './item.ts'
import { MAX_OPAQUE_WORD_BYTES, type MetaFlags, OPAQUE_TOO_LONG, showEcho, showKey, showTtl } from './meta-flags.ts'
import { parseMetaLine } from './meta-line.ts'
import { BAD_LINE } from './replies.ts'
import type { ReplyBuffer } from './reply-buffer.ts'

const FIRST_FLAG = 2
const errors = { tooManyWords: 'CLIENT_ERROR options flags are too long\r\n', oneForAll: false }

/** Runs `mg <key> <flags>*`. */
export function runMetaGet(engine: Engine, line: CommandLine, output: ReplyBuffer): void {
  // Up to memcached 1.6.17 a read needs a flag.
  if (!engine.dialect.fullMisses && line.count === FIRST_FLAG) {
    output.text(BAD_LINE)
    return
  }
  const flags = parseMetaLine(engine, line, FIRST_FLAG, errors)
  if (typeof flags === 'string') {
    output.text(flags)
    return
  }
  const found = engine.store.peek(flags.key)
  const item = found ?? vivify(engine, flags)
  if (item === undefined) {
    answerMiss(engine, line, flags, output)
    return
  }
  answerHit(engine, line, flags, output, item, found === undefined)
}

/** Makes the empty item of a value that a client has won the right to make. */
function vivify(engine: Engine, flags: MetaFlags): Item | undefined {
  const { store } = engine
  if (flags.vivifyUntil === undefined) return undefined
  if (!store.fits(flags.key.length, 0, 0) || !store.findRoom(flags.key.length, 0, 0)) return undefined
  // memcached does not remember that the key of such an item is binary.
  const item = store.createItem(flags.key, false, 0, 0, numberBlock('', 0))
  store.link(item, flags.cas)
  return item
}

function answerMiss(engine: Engine, line: CommandLine, flags: MetaFlags, output: ReplyBuffer): void {
  engine.counters.cmdGet++
  engine.counters.getMisses++
  if (!engine.dialect.fullMisses) {
    if (!flags.quiet) output.text('EN\r\n')
    return
  }
  const echo = showEcho(line, FIRST_FLAG, flags.key, flags.binaryKey)
  if (echo === undefined) output.text(OPAQUE_TOO_LONG)
  else if (!flags.quiet) output.text(`EN${echo}\r\n`)
}

function answerHit(
  engine: Engine,
  line: CommandLine,
  flags: MetaFlags,
  output: ReplyBuffer,
  item: Item,
  created: boolean,
): void {
  const lease = { created, won: false }
  const shown = carryOut(engine, line, flags, item, lease)
  if (shown === undefined) {
    output.text(OPAQUE_TOO_LONG)
    return
  }
  // Since memcached 1.6.40, a reader that has this version already does not get the value.
  const withValue = flags.value && !(engine.dialect.sharedParser && flags.compare === item.cas)
  output.text(`${withValue ? `VA ${item.valueBytes}` : 'HD'}${shown}${settleLease(item, lease)}\r\n`)
  if (withValue) output.data(item.block)
  if (!flags.noBump) engine.store.bump(item)
  count(engine, flags, item.slabClass)
}

function count({ counters }: Engine, flags: MetaFlags, slabClass: number): void {
  if (flags.expiresAt === undefined) {
    counters.cmdGet++
    counters.getHits++
    counters.slabs[slabClass]!.getHits++
  } else {
    counters.cmdTouch++
    counters.touchHits++
    counters.slabs[slabClass]!.touchHits++
  }
}

interface Lease {
  readonly created: boolean
  won: boolean
}

/**
 * Applies the flags from left to right: the shown values depend on their order. `undefined`: the opaque is too long.
 */
function carryOut(engine: Engine, line: CommandLine, flags: MetaFlags, item: Item, lease: Lease): string | undefined {
  let shown = ''
  for (let index = FIRST_FLAG; index < line.count; index++) {
    switch (String.fromCharCode(line.letter(index))) {
      case 'T':
        item.expiresAt = flags.expiresAt!
        break
      case 'N':
        if (!lease.created) break
        item.expiresAt = flags.vivifyUntil!
        lease.won = true
        break
      case 'R':
        if (mayRecache(item, flags.recacheBefore!, lease)) lease.won = true
        break
      case 'O':
        if (line.length(index) > MAX_OPAQUE_WORD_BYTES) return undefined
        shown += ` ${line.text(index)}`
        break
      case 'c':
        shown += ` c${item.cas}`
        break
      case 'f':
        shown += ` f${item.clientFlags}`
        break
      case 'h':
        shown += item.fetched ? ' h1' : ' h0'
        break
      case 'k':
        shown += showKey(item.key, item.binaryKey)
        break
      case 'l':
        shown += ` l${(engine.clock.seconds - item.usedAt) >>> 0}`
        break
      case 's':
        shown += ` s${item.valueBytes}`
        break
      case 't':
        shown += showTtl(engine, item.expiresAt)
        break
    }
  }
  return shown
}

function mayRecache(item: Item, before: number, lease: Lease): boolean {
  return !item.tokenSent && !lease.created && item.expiresAt !== 0 && item.expiresAt < before
}

/**
 * Returns the lease flags: `W`, this reader has won, once per item; `Z`, another won before; `X`, stale, which also
 * wins.
 */
function settleLease(item: Item, lease: Lease): string {
  const stale = item.stale ? ' X' : ''
  if (item.tokenSent) return ` Z${stale}`
  if (!lease.won && !item.stale) return ''
  item.tokenSent = true
  return `${stale} W`
}
