import type { Buffer } from 'node:buffer'
import type { CommandLine } from './command-line.ts'
import type { Engine } from './engine.ts'
import type { Item } from './item.ts'
import { MAX_OPAQUE_WORD_BYTES, type MetaFlags, OPAQUE_TOO_LONG, showKey } from './meta-flags.ts'
import { parseMetaLine } from './meta-line.ts'
import { BAD_BLOCK, BAD_LINE } from './replies.ts'
import { MAX_META_WORDS, readLength } from './storage-line.ts'
import { type StoreMode, type StoreOutcome, type StoreResult, storeItem } from './storing.ts'
import { endsLine, refuseSize } from './text-storage.ts'

const FIRST_FLAG = 3
const errors = { tooManyWords: 'CLIENT_ERROR options flags too long\r\n', oneForAll: false }
const INVALID_MODE = 'CLIENT_ERROR invalid mode for ms M token\r\n'

const answers: Readonly<Record<StoreResult, string>> = { stored: 'HD', notStored: 'NS', exists: 'EX', notFound: 'NF' }

/** Runs `ms <key> <length> <flags>*` with its data block; returns the reply, empty for a quiet one. */
export function runMetaSet(engine: Engine, line: CommandLine, block: Buffer | undefined): string {
  if (hasBadLength(engine, line)) return BAD_LINE
  const flags = parseMetaLine(engine, line, FIRST_FLAG, errors)
  if (typeof flags === 'string') return flags
  const mode = storeMode(flags)
  if (mode === undefined) return INVALID_MODE
  return store(engine, line, block, flags, mode)
}

/** Checks the length. Up to memcached 1.6.39, too many words are reported first. */
function hasBadLength(engine: Engine, line: CommandLine): boolean {
  if (line.count < FIRST_FLAG || (!engine.dialect.sharedParser && line.count > MAX_META_WORDS)) return false
  return readLength(engine, line, 2) < 0
}

/** Returns the mode that `M` and `C` together ask for. */
function storeMode(flags: MetaFlags): StoreMode | undefined {
  switch (flags.mode) {
    case '':
    case 'S':
      return flags.compare === undefined ? 'set' : 'cas'
    case 'R':
      return flags.compare === undefined ? 'replace' : 'cas'
    case 'E':
      return 'add'
    case 'A':
      return 'append'
    case 'P':
      return 'prepend'
    default:
      return undefined
  }
}

function store(
  engine: Engine,
  line: CommandLine,
  block: Buffer | undefined,
  flags: MetaFlags,
  mode: StoreMode,
): string {
  const { dialect } = engine
  const opaque = findOpaqueTooLong(line)
  if (opaque && !dialect.sharedParser) return OPAQUE_TOO_LONG
  const { key, clientFlags } = flags
  const announced = {
    key,
    mode,
    clientFlags,
    exptime: secondsLeft(engine, flags),
    valueBytes: readLength(engine, line, 2),
  }
  const refusal = refuseSize(engine, announced, true)
  if (refusal !== undefined) return refusal
  if (opaque) return OPAQUE_TOO_LONG
  engine.counters.cmdSet++
  if (block === undefined || !endsLine(block)) return BAD_BLOCK
  const vivify = dialect.appendVivifies && (mode === 'append' || mode === 'prepend') && flags.vivifyUntil !== undefined
  const expiresAt = (vivify ? flags.vivifyUntil : flags.expiresAt) ?? 0
  const item = engine.store.createItem(flags.key, flags.binaryKey, flags.clientFlags, expiresAt, block)
  const allowStale = flags.stale && mode === 'cas'
  const order = {
    mode,
    item,
    compare: flags.compare ?? 0n,
    allowStale,
    cas: flags.cas === 0n ? undefined : flags.cas,
    vivify,
  }
  const outcome = storeItem(engine, order)
  if (flags.quiet && outcome.result === 'stored') return ''
  return `${answers[outcome.result]}${show(engine, line, item, outcome)}\r\n`
}

function secondsLeft(engine: Engine, { expiresAt }: MetaFlags): number {
  return expiresAt === undefined || expiresAt === 0 ? 0 : (expiresAt - engine.clock.seconds) >>> 0
}

function findOpaqueTooLong(line: CommandLine): boolean {
  for (let index = FIRST_FLAG; index < line.count; index++) {
    if (line.letter(index) === 0x4f && line.length(index) > MAX_OPAQUE_WORD_BYTES) return true
  }
  return false
}

function show(engine: Engine, line: CommandLine, item: Item, outcome: StoreOutcome): string {
  let shown = ''
  for (let index = FIRST_FLAG; index < line.count; index++) {
    switch (String.fromCharCode(line.letter(index))) {
      case 'O':
        shown += ` ${line.text(index)}`
        break
      case 'k':
        shown += showKey(item.key, item.binaryKey)
        break
      case 'c':
        shown += ` c${outcome.item?.cas ?? 0}`
        break
      case 's':
        if (engine.dialect.appendVivifies) shown += ` s${(outcome.item ?? item).valueBytes}`
        break
    }
  }
  return shown
}
