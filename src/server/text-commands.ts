import { applyDelta, type DeltaOutcome, NO_MEMORY_FOR_NUMBER, NOT_A_NUMBER } from './arithmetic.ts'
import type { CommandLine } from './command-line.ts'
import type { Engine } from './engine.ts'
import { BAD_LINE, MAX_KEY_BYTES, type TextReply, wrongWordCount } from './replies.ts'

const INVALID_EXPTIME = 'CLIENT_ERROR invalid exptime argument\r\n'

function quietable(text: string): TextReply {
  return { text, always: false }
}

/** Returns the reply to a line with a wrong number of words. */
export function refuseWords(engine: Engine): TextReply {
  return { text: wrongWordCount(engine), always: true }
}

/** Checks whether a line has as many words as the command takes; since memcached 1.6.40 too many are no error. */
export function hasWords(engine: Engine, line: CommandLine, least: number, most: number): boolean {
  return line.count >= least && (engine.dialect.sharedParser || line.count <= most)
}

/** Runs `delete <key> [0] [noreply]`. */
export function runDelete(engine: Engine, line: CommandLine): TextReply {
  if (!hasWords(engine, line, 2, 4)) return refuseWords(engine)
  if (!engine.dialect.sharedParser && !isOldDelete(line)) {
    return quietable('CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n')
  }
  // Up to memcached 1.6.39 the second of two words is always a key.
  return { text: deleteKey(engine, line), always: !engine.dialect.sharedParser && line.count === 2 }
}

function deleteKey({ store, counters, prefixes, log }: Engine, line: CommandLine): string {
  if (line.length(1) > MAX_KEY_BYTES) return BAD_LINE
  const key = line.text(1)
  prefixes.recordDelete(key)
  const item = store.peek(key)
  if (item === undefined) {
    counters.deleteMisses++
    return 'NOT_FOUND\r\n'
  }
  counters.deleteHits++
  counters.slabs[item.slabClass]!.deleteHits++
  log.deleted(item, 'delete')
  store.unlink(item)
  return 'DELETED\r\n'
}

/** Checks a delete for the former delay; up to memcached 1.6.39 a delay of 0 is still accepted. */
function isOldDelete(line: CommandLine): boolean {
  if (line.count === 2) return true
  if (line.count === 3) return line.is(2, '0') || line.is(2, 'noreply')
  return line.is(2, '0') && line.is(3, 'noreply')
}

/** Runs `touch <key> <exptime> [noreply]`. */
export function runTouch(engine: Engine, line: CommandLine): TextReply {
  if (!hasWords(engine, line, 3, 4)) return refuseWords(engine)
  if (line.length(1) > MAX_KEY_BYTES) return quietable(BAD_LINE)
  const exptime = engine.numbers.int32(line.bytes, line.start(2), line.end(2))
  if (exptime === undefined) return quietable(INVALID_EXPTIME)
  const item = engine.store.fetch(line.text(1))
  engine.counters.cmdTouch++
  if (item === undefined) {
    engine.counters.touchMisses++
    return quietable('NOT_FOUND\r\n')
  }
  engine.counters.touchHits++
  engine.counters.slabs[item.slabClass]!.touchHits++
  item.expiresAt = engine.clock.expiryOf(exptime)
  return quietable('TOUCHED\r\n')
}

/** Runs `incr|decr <key> <delta> [noreply]`. */
export function runArithmetic(engine: Engine, line: CommandLine, increment: boolean): TextReply {
  if (!hasWords(engine, line, 3, 4)) return refuseWords(engine)
  if (line.length(1) > MAX_KEY_BYTES) return quietable(BAD_LINE)
  const by = engine.numbers.uint64(line.bytes, line.start(2), line.end(2))
  if (by === undefined) return quietable('CLIENT_ERROR invalid numeric delta argument\r\n')
  const delta = { key: line.text(1), increment, by, compare: 0n, cas: undefined }
  return quietable(answerDelta(applyDelta(engine.store, engine.counters, delta)))
}

function answerDelta(outcome: DeltaOutcome): string {
  switch (outcome.result) {
    case 'done':
      return `${outcome.value}\r\n`
    case 'notANumber':
      return NOT_A_NUMBER
    case 'noMemory':
      return NO_MEMORY_FOR_NUMBER
    case 'notFound':
    case 'exists':
      return 'NOT_FOUND\r\n'
  }
}

/** Runs `flush_all [delay] [noreply]`. */
export function runFlushAll(engine: Engine, line: CommandLine): TextReply {
  if (!hasWords(engine, line, 1, 3)) return refuseWords(engine)
  engine.counters.cmdFlush++
  if (!engine.flushEnabled) return quietable('CLIENT_ERROR flush_all not allowed\r\n')
  const delay = readDelay(engine, line)
  if (delay === undefined) return quietable(INVALID_EXPTIME)
  engine.store.flush(delay > 0 ? engine.clock.expiryOf(delay) : 0)
  return quietable('OK\r\n')
}

function readDelay(engine: Engine, line: CommandLine): number | undefined {
  if (line.count === 1 || (line.count === 2 && line.is(1, 'noreply'))) return 0
  return engine.numbers.int32(line.bytes, line.start(1), line.end(1))
}
