import { applyDelta, NO_MEMORY_FOR_NUMBER, NOT_A_NUMBER, numberBlock } from './arithmetic.ts'
import type { CommandLine } from './command-line.ts'
import type { Engine } from './engine.ts'
import type { Item } from './item.ts'
import { MAX_OPAQUE_WORD_BYTES, type MetaFlags, OPAQUE_TOO_LONG, showEcho, showKey, showTtl } from './meta-flags.ts'
import { parseMetaLine } from './meta-line.ts'

const FIRST_FLAG = 2
const errors = { tooManyWords: 'CLIENT_ERROR options flags too long\r\n', oneForAll: true }

/** Runs `ma <key> <flags>*`; returns the reply, empty for a quiet one. */
export function runMetaArithmetic(engine: Engine, line: CommandLine): string {
  const flags = parseMetaLine(engine, line, FIRST_FLAG, errors)
  if (typeof flags === 'string') return flags
  const increment = direction(flags.mode)
  if (increment === undefined) return 'CLIENT_ERROR invalid mode for ma M token\r\n'
  const delta = { key: flags.key, increment, by: flags.delta, compare: flags.compare ?? 0n, cas: flags.cas }
  if (flags.vivifyUntil !== undefined && engine.store.peek(flags.key) === undefined) {
    return create(engine, line, flags)
  }
  const outcome = applyDelta(engine.store, engine.counters, delta)
  switch (outcome.result) {
    case 'done':
      return answer(engine, line, flags, outcome.item, outcome.value, false)
    case 'notANumber':
      return NOT_A_NUMBER
    case 'noMemory':
      return NO_MEMORY_FOR_NUMBER
    case 'notFound':
      return answerWithout('NF', line, flags)
    case 'exists':
      return answerWithout('EX', line, flags)
  }
}

function direction(mode: string): boolean | undefined {
  switch (mode) {
    case '':
    case 'I':
    case '+':
      return true
    case 'D':
    case '-':
      return false
    default:
      return undefined
  }
}

/** Creates a missing counter with its initial value, the delta not applied. */
function create(engine: Engine, line: CommandLine, flags: MetaFlags): string {
  const value = flags.initial.toString()
  const { store } = engine
  if (!store.fits(flags.key.length, 0, value.length) || !store.findRoom(flags.key.length, 0, value.length)) {
    return 'SERVER_ERROR Out of memory allocating new item\r\n'
  }
  // memcached does not remember that the key of such an item is binary.
  const item = store.createItem(flags.key, false, 0, 0, numberBlock(value, value.length))
  engine.log.fetched(flags.key, 'not_found')
  store.link(item, flags.cas)
  engine.log.stored(item, 'add', 'stored')
  return answer(engine, line, flags, item, value, true)
}

function answerWithout(code: 'NF' | 'EX', line: CommandLine, flags: MetaFlags): string {
  const echo = showEcho(line, FIRST_FLAG, flags.key, flags.binaryKey)
  return echo === undefined ? OPAQUE_TOO_LONG : `${code}${echo}\r\n`
}

function answer(
  engine: Engine,
  line: CommandLine,
  flags: MetaFlags,
  item: Item,
  value: string,
  created: boolean,
): string {
  const shown = carryOut(engine, line, flags, item, created)
  if (shown === undefined) return OPAQUE_TOO_LONG
  // Up to memcached 1.6.39, `q` does not silence the reply for a new counter.
  if (flags.quiet && (!created || engine.dialect.sharedParser)) return ''
  return flags.value ? `VA ${value.length}${shown}\r\n${value}\r\n` : `HD${shown}\r\n`
}

/**
 * Applies the flags from left to right: the shown values depend on their order. `undefined`: the opaque is too long.
 */
function carryOut(
  engine: Engine,
  line: CommandLine,
  flags: MetaFlags,
  item: Item,
  created: boolean,
): string | undefined {
  let shown = ''
  for (let index = FIRST_FLAG; index < line.count; index++) {
    switch (String.fromCharCode(line.letter(index))) {
      case 'T':
        item.expiresAt = flags.expiresAt!
        break
      case 'N':
        if (created) item.expiresAt = flags.vivifyUntil!
        break
      case 'O':
        if (line.length(index) > MAX_OPAQUE_WORD_BYTES) return undefined
        shown += ` ${line.text(index)}`
        break
      case 'c':
        shown += ` c${item.cas}`
        break
      case 'k':
        shown += showKey(flags.key, flags.binaryKey)
        break
      case 't':
        shown += showTtl(engine, item.expiresAt)
        break
    }
  }
  return shown
}
