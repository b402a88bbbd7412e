import { Buffer } from 'node:buffer'
import type { Client } from './client.ts'
import type { CommandLine } from './command-line.ts'
import { dumpKeys, dumpMetadata } from './dump.ts'
import type { Engine } from './engine.ts'
import { BAD_LINE, isSubcommand, type TextReply, UNKNOWN_COMMAND } from './replies.ts'
import { MAX_SLAB_CLASSES } from './slab-class.ts'

const BUSY = 'BUSY currently processing crawler request\r\n'

const MAX_SLEEP_MICROSECONDS = 1_000_000

/** Runs `lru_crawler enable|disable|sleep|tocrawl|crawl|metadump|mgdump …`. A crawl is over when its reply is sent. */
export function runCrawler(engine: Engine, line: CommandLine, client: Client): TextReply {
  return { text: control(engine, line, client), always: !engine.dialect.sharedParser }
}

function control(engine: Engine, line: CommandLine, client: Client): string {
  const is = (word: string): boolean => isSubcommand(engine, line, 1, word)
  if (line.count === 2) return is('enable') ? enable(engine) : is('disable') ? disable(engine) : UNKNOWN_COMMAND
  if (line.count !== 3) return UNKNOWN_COMMAND
  if (is('crawl')) return crawl(engine, line.text(2))
  if (is('metadump')) {
    return engine.dumpEnabled ? dump(engine, line.text(2), client, dumpMetadata) : 'ERROR metadump not allowed\r\n'
  }
  if (is('mgdump') && engine.dialect.mgdump) {
    return engine.dumpEnabled ? dump(engine, line.text(2), client, dumpKeys) : 'ERROR key dump not allowed\r\n'
  }
  if (is('tocrawl')) return setToCrawl(engine, line)
  if (is('sleep')) return setSleep(engine, line)
  return UNKNOWN_COMMAND
}

function enable({ settings }: Engine): string {
  if (settings.crawlerEnabled) return 'ERROR failed to start lru crawler thread\r\n'
  settings.crawlerEnabled = true
  return 'OK\r\n'
}

function disable({ settings }: Engine): string {
  settings.crawlerEnabled = false
  return 'OK\r\n'
}

function setSleep({ numbers, settings }: Engine, line: CommandLine): string {
  const microseconds = numbers.uint32(line.bytes, line.start(2), line.end(2))
  if (microseconds === undefined) return BAD_LINE
  if (microseconds > MAX_SLEEP_MICROSECONDS) return 'CLIENT_ERROR sleep must be one second or less\r\n'
  settings.crawlerSleep = microseconds
  return 'OK\r\n'
}

function setToCrawl({ numbers, settings }: Engine, line: CommandLine): string {
  const items = numbers.uint32(line.bytes, line.start(2), line.end(2))
  if (items === undefined) return BAD_LINE
  settings.crawlerToCrawl = items
  return 'OK\r\n'
}

function crawl(engine: Engine, word: string): string {
  if (!engine.settings.crawlerEnabled) return 'CLIENT_ERROR lru crawler disabled\r\n'
  if (word === 'hash') return 'ERROR an unknown error happened\r\n'
  const wanted = readClasses(engine, word)
  if (wanted === undefined) return 'BADCLASS invalid class id\r\n'
  if (engine.dumping) return BUSY
  engine.counters.crawlerStarts++
  engine.store.crawl(wanted)
  return 'OK\r\n'
}

function dump(engine: Engine, word: string, client: Client, lines: typeof dumpKeys): string {
  if (client.pipelined) return 'ERROR cannot pipeline other commands before metadump\r\n'
  if (!engine.settings.crawlerEnabled) return 'CLIENT_ERROR lru crawler disabled\r\n'
  const wanted = readClasses(engine, word)
  if (wanted === undefined) return 'BADCLASS invalid class id\r\n'
  if (engine.dumping) return BUSY
  engine.counters.crawlerStarts++
  client.stream(whileDumping(engine, lines(engine, wanted)))
  return engine.dialect.dumpsStartWithOk ? 'OK\r\n' : ''
}

/** Marks the engine as dumping, one dump at a time: until its last line is out, or its connection has ended. */
function whileDumping(engine: Engine, lines: Iterator<string>): Iterator<string> {
  engine.dumping = true
  const end = <T>(result: T): T => {
    engine.dumping = false
    return result
  }
  return {
    next: () => {
      const result = lines.next()
      return result.done === true ? end(result) : result
    },
    return: () => end({ done: true, value: undefined }),
  }
}

/** Reads `all`, `hash` (all, in another order) or a list of slab classes. */
function readClasses(engine: Engine, word: string): ((slabClass: number) => boolean) | undefined {
  if (word === 'all' || word === 'hash') return () => true
  const parts = word.split(',').filter((part) => part !== '')
  const classes = new Set<number>()
  for (const part of parts) {
    const number = engine.numbers.uint32(Buffer.from(part, 'latin1'), 0, part.length)
    if (number === undefined || number < 1 || number >= MAX_SLAB_CLASSES) return undefined
    classes.add(number)
  }
  return (slabClass) => classes.has(slabClass)
}
