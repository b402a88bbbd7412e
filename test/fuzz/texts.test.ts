import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { parseWords } from '../../src/cli/parse-words.ts'
import { UsageError } from '../../src/cli/usage-error.ts'
import { parseClusterConfig } from '../../src/cluster/cluster-config-reply.ts'
import { InvalidInputError, ProtocolError } from '../../src/errors.ts'
import { DumpLine } from '../../src/keys/dump-line.ts'
import { createLineFilter } from '../../src/keys/line-filter.ts'
import { parseWatchLine } from '../../src/keys/watch-line.ts'
import { parseServerSpec } from '../../src/server-address.ts'
import { Random } from './damage.ts'
import { createFuzz, roundsOf, timeout } from './seed.ts'

const USUAL_CASES = 20_000

/** Parts that texts are put together from, beside changed bytes. */
const PARTS = ['%', '%0A', '%zz', '@', ':', '|', '//', '[::1]', '\r\n', ' ', '=', '-', '--', '\0', 'é', '9'.repeat(30), '_'.repeat(300), '__proto__'] // biome-ignore format: one list

const SERVERS = [
  'localhost:11211',
  '[::1]:11211',
  '/run/memcached.sock',
  'memcached://user:s3cr3t@host:11211?weight=2',
  'memcacheds://host?name=a&version=1.6.45',
]
const CONFIGS = [
  'CONFIG cluster 0 56\r\n12\na.cache|10.0.0.1|11211 b.cache|10.0.0.2|11211\n\r\nEND\r\n',
  'VALUE AmazonElastiCache:cluster 0 22\r\n1\na.cache||11211\n\r\n\r\nEND\r\n',
]
const DUMPS = [
  'key=a%20b exp=1796029967 la=1796029900 cas=12 fetch=yes cls=1 size=67 flags=0',
  'key=k exp=-1 la=1796029900 cas=18446744073709551615 fetch=no cls=63 size=1048576',
]
const WATCHES = [
  'ts=1796029967.61350 gid=7 type=item_get key=a%20b status=hit clsid=1 cfd=20 size=5',
  'ts=1796029967.61350 gid=8 type=conn_new rip=127.0.0.1 rport=1 transport=tcp cfd=20',
  'skipped=12',
]
const GRAMMAR = {
  help: 'memlane help get',
  arguments: { key: { help: 'a key', repeat: true } },
  options: {
    ttl: { type: 'duration', short: 't', help: 'time' },
    size: { type: 'bytes', help: 'size' },
    count: { type: 'integer', help: 'count', min: 0 },
    plain: { type: 'boolean', help: 'plain' },
  },
} as const
const LINES = ['a b --ttl 10s --size=2k', '-t 500ms --count 3 -- --plain', '--plain key:1 --no-plain']

/** A text with some of it changed: bytes, parts taken out, and parts put in. */
function change(random: Random, text: string): string {
  let changed = random.damage(Buffer.from(text, 'latin1')).toString('latin1')
  for (let left = random.below(3); left > 0; left--) {
    const at = random.below(changed.length + 1)
    const rest = at + random.below(6)
    changed = changed.slice(0, at) + random.pick(PARTS) + changed.slice(rest)
  }
  return changed
}

/** Gives changed texts to a function, and returns the errors that are not among those that it may throw. */
function tryAll(
  texts: readonly string[],
  use: (text: string) => void,
  allowed: readonly (abstract new (...args: never[]) => Error)[],
): unknown[] {
  const random = new Random(createFuzz()() * 2 ** 32)
  const wrong: unknown[] = []
  for (let left = roundsOf(USUAL_CASES); left > 0; left--) {
    const text = change(random, random.pick(texts))
    try {
      use(text)
    } catch (error) {
      if (!allowed.some((kind) => error instanceof kind)) wrong.push([text, error])
    }
  }
  return wrong.slice(0, 3)
}

/** Parses a server; an error must not show the login, which ends in an `@`. */
function readServer(text: string): void {
  try {
    parseServerSpec(text)
  } catch (error) {
    const isShown = (error as Error).message.includes('s3cr3t')
    if (isShown && /s3cr3t.*@/s.test(text)) throw new Error('the login is shown', { cause: error })
    throw error
  }
}

function readConfig(text: string): void {
  const { version, servers } = parseClusterConfig(Buffer.from(text, 'latin1'))
  expect(Number.isSafeInteger(version)).toBe(true)
  expect(servers.length).toBeGreaterThan(0)
  for (const { port = 0 } of servers) expect(port).toBeGreaterThan(0)
}

const line = new DumpLine()

function readDumpLine(text: string): void {
  const bytes = Buffer.from(text, 'latin1')
  if (!line.read(bytes, 0, bytes.length)) return
  expect(line.keyEnd).toBeLessThanOrEqual(bytes.length)
  for (const number of [line.exptime, line.lastAccess, line.size]) expect(Number.isSafeInteger(number)).toBe(true)
}

const filter = createLineFilter(Buffer.from('a'))

function filterLines(text: string): void {
  const bytes = Buffer.from(`${text}\n`, 'latin1')
  const kept = filter(bytes).toString('latin1').split('\n').slice(0, -1)
  const lines = bytes.toString('latin1').split('\n').slice(0, -1)
  expect(kept).toEqual(lines.filter((one) => one.startsWith('key=a')))
}

function readWatchLine(text: string): void {
  const event = parseWatchLine(text)
  if (event === undefined) return
  expect(typeof event.type).toBe('string')
  for (const value of Object.values(event.fields)) expect(typeof value).toBe('string')
}

function readCommandLine(text: string): void {
  parseWords(text.split(' '), GRAMMAR)
}

describe('a text that was damaged', { timeout }, () => {
  it('is a server or a clear error, which shows no login', () => {
    expect(tryAll(SERVERS, readServer, [InvalidInputError])).toEqual([])
  })

  it('is the configuration of a cluster or a ProtocolError', () => {
    expect(tryAll(CONFIGS, readConfig, [ProtocolError])).toEqual([])
  })

  it('is a line about an item with whole numbers, or none', () => {
    expect(tryAll(DUMPS, readDumpLine, [])).toEqual([])
  })

  it('passes a filter of lines whole or not at all', () => {
    expect(tryAll(DUMPS, filterLines, [])).toEqual([])
  })

  it('is an event of a watcher, or none', () => {
    expect(tryAll(WATCHES, readWatchLine, [])).toEqual([])
  })

  it('is a command line or a UsageError', () => {
    expect(tryAll(LINES, readCommandLine, [UsageError])).toEqual([])
  })
})
