import type { CommandLine } from './command-line.ts'
import type { Engine } from './engine.ts'
import type { Item } from './item.ts'
import { BAD_LINE, MAX_KEY_BYTES, UNKNOWN_COMMAND, wrongWordCount } from './replies.ts'
import type { ReplyBuffer } from './reply-buffer.ts'

/** Runs `get` and `gets`. */
export function runGet(engine: Engine, line: CommandLine, output: ReplyBuffer, withCas: boolean): void {
  if (line.count < 2) {
    output.text(wrongWordCount(engine))
    return
  }
  if (line.longest > MAX_KEY_BYTES) {
    output.text(keyTooLong(engine))
    return
  }
  const { counters, store } = engine
  for (let index = 1; index < line.count; index++) {
    const key = line.text(index)
    const item = store.fetch(key)
    counters.cmdGet++
    engine.prefixes.recordGet(key, item !== undefined)
    if (item === undefined) {
      counters.getMisses++
      continue
    }
    counters.getHits++
    counters.slabs[item.slabClass]!.getHits++
    writeValue(output, item, withCas)
  }
  output.text('END\r\n')
}

/** Runs `gat` and `gats`. */
function runGetAndTouch(engine: Engine, line: CommandLine, output: ReplyBuffer, withCas: boolean): void {
  if (line.count < (engine.dialect.sharedParser ? 3 : 2)) {
    output.text(wrongWordCount(engine))
    return
  }
  const exptime = engine.numbers.int32(line.bytes, line.start(1), line.end(1))
  if (exptime === undefined) {
    output.text('CLIENT_ERROR invalid exptime argument\r\n')
    return
  }
  for (let index = 2; index < line.count; index++) {
    if (line.length(index) > MAX_KEY_BYTES) {
      output.text(keyTooLong(engine))
      return
    }
  }
  const expiresAt = engine.clock.expiryOf(exptime)
  for (let index = 2; index < line.count; index++) getAndTouch(engine, line.text(index), expiresAt, output, withCas)
  output.text('END\r\n')
}

function getAndTouch(engine: Engine, key: string, expiresAt: number, output: ReplyBuffer, withCas: boolean): void {
  const item = engine.store.fetch(key)
  engine.counters.cmdTouch++
  engine.prefixes.recordGet(key, item !== undefined)
  if (item === undefined) {
    engine.counters.touchMisses++
    return
  }
  engine.counters.touchHits++
  engine.counters.slabs[item.slabClass]!.touchHits++
  item.expiresAt = expiresAt
  writeValue(output, item, withCas)
}

function writeValue(output: ReplyBuffer, item: Item, withCas: boolean): void {
  const head = `VALUE ${item.key} ${item.clientFlags} ${item.valueBytes}`
  output.text(withCas ? `${head} ${item.cas}\r\n` : `${head}\r\n`)
  output.data(item.block)
}

/** Returns the error. memcached since 1.6.40 adds an empty line, and drops the replies before the error: not copied. */
function keyTooLong(engine: Engine): string {
  return engine.dialect.sharedParser ? `${BAD_LINE}\r\n` : BAD_LINE
}

/** Runs any of the reads; any other word is unknown. */
export function runRetrieval(engine: Engine, line: CommandLine, output: ReplyBuffer): void {
  if (line.is(0, 'get')) runGet(engine, line, output, false)
  else if (line.is(0, 'gets')) runGet(engine, line, output, true)
  else if (line.is(0, 'gat')) runGetAndTouch(engine, line, output, false)
  else if (line.is(0, 'gats')) runGetAndTouch(engine, line, output, true)
  else output.text(UNKNOWN_COMMAND)
}
