import { type Buffer, isUtf8 } from 'node:buffer'
import { asBuffer } from './bytes.ts'

/** Values of another client: their client flags, their first bytes, and the serde that reads them. */
interface ForeignValues {
  readonly flags: (clientFlags: number) => boolean
  /** Checks the value's first bytes, as latin1. */
  readonly begins: (start: string) => boolean
  readonly reader: string
}

const PICKLES = "`pymemcache`, `pylibmc`, `pythonMemcached` or `metaMemcache` with { pickle: 'read' }"
const JAVA = '`spymemcached()` or `xmemcached()`'
const ANYTHING = (): boolean => true
/** Stream of zlib (RFC 1950) at any level. */
const ZLIB = either('\x78\x01', '\x78\x5e', '\x78\x9c', '\x78\xda')
const GZIP = either('\x1f\x8b')
const MARSHAL = either('\x04\x08')
const JAVA_OBJECT = either('\xac\xed')
const ZSTD = either('\x28\xb5\x2f\xfd')
const NO_SERDE = 'no serde of memlane, only `raw`'

/** Most specific first. Documented at each serde; docs/interop.md shows the stored values of the other clients. */
const TABLE: readonly ForeignValues[] = [
  { flags: is(1, 3, 9), begins: ZSTD, reader: '`memcacheClient()`' },
  { flags: is(1), begins: MARSHAL, reader: "`dalli({ marshal: 'read' })`" },
  { flags: is(1), begins: JAVA_OBJECT, reader: NO_SERDE },
  { flags: is(1), begins: like(/^-?[0-9]+ *$/), reader: '`phpMemcached()`' },
  { flags: is(1), begins: ANYTHING, reader: PICKLES },
  { flags: is(2), begins: GZIP, reader: JAVA },
  { flags: is(2), begins: ZLIB, reader: '`dalli()`, or `xmemcached()`' },
  { flags: is(2), begins: like(/^[{["tfn]/), reader: '`memcachedNpm()`, or `memcacheClient()`' },
  { flags: is(2), begins: like(/^(?:-?(?:[0-9]*\.[0-9]|[0-9]+e|inf)|nan)/i), reader: '`phpMemcached()`' },
  { flags: is(3), begins: ZLIB, reader: "`dalli({ marshal: 'read' })`" },
  { flags: is(3), begins: GZIP, reader: NO_SERDE },
  { flags: is(3), begins: like(/^1?$/), reader: '`phpMemcached()`' },
  {
    flags: is(4),
    begins: like(/^(?:[abdisO]:|N;)/),
    reader: "`phpMemcached({ serialize: 'read' })`, or `memcachedNpm()`",
  },
  { flags: is(4), begins: like(/^(?:-?[0-9]|null$)/), reader: '`memcacheClient()`, or `memcachedNpm()`' },
  { flags: is(4), begins: ANYTHING, reader: '`memcachedNpm()`' },
  { flags: is(5, 7), begins: ANYTHING, reader: NO_SERDE },
  { flags: is(6), begins: ANYTHING, reader: '`phpMemcached()`' },
  { flags: is(8), begins: like(/^(?:-?(?:[0-9]|Infinity)|NaN)/), reader: '`memcachedNpm()`, or `memcacheClient()`' },
  { flags: is(8), begins: ANYTHING, reader: '`memcacheClient()`' },
  { flags: is(16, 32), begins: ANYTHING, reader: '`metaMemcache()`' },
  { flags: is(33), begins: ANYTHING, reader: "`metaMemcache({ pickle: 'read' })`" },
  { flags: is(52, 84), begins: ANYTHING, reader: "`phpMemcached({ serialize: 'read' })`" },
  { flags: is(48, 54, 80, 86), begins: ANYTHING, reader: '`phpMemcached()`, or `metaMemcache()`' },
  { flags: is(512), begins: either('\xff'), reader: '`structuredClone`, `spymemcached()` or `xmemcached()`' },
  { flags: isJava, begins: ANYTHING, reader: JAVA },
]

function is(...known: readonly number[]): ForeignValues['flags'] {
  return (clientFlags) => known.includes(clientFlags)
}

function either(...texts: readonly string[]): ForeignValues['begins'] {
  return (start) => texts.some((text) => start.startsWith(text))
}

function like(pattern: RegExp): ForeignValues['begins'] {
  return (start) => pattern.test(start)
}

/** Checks for flags of the Java clients: types from 256 on, in steps of 256, plus 2 for compressed values. */
function isJava(clientFlags: number): boolean {
  const type = clientFlags & ~2
  return type >= 256 && type <= 2048 && type % 256 === 0
}

const LOOKED_AT = 24

/**
 * Returns the end of a message about an unreadable value: the serde that reads it, if its writer can be identified; or
 * ''.
 */
export function foreignHint(data: Uint8Array, clientFlags: number): string {
  const bytes = asBuffer(data)
  if (clientFlags === 0) return isUtf8(bytes) ? '' : ' (bytes of a client that has no flags for them: `raw` reads them)'
  const row = rowOf(bytes, clientFlags)
  return row === undefined ? '' : ` (if another client wrote it: ${row.reader} reads it, as the option serde)`
}

/** Returns the names of the serdes that may read a value, the most probable first. */
export function foreignReaders(data: Uint8Array, clientFlags: number): string[] {
  const reader = rowOf(asBuffer(data), clientFlags)?.reader ?? ''
  return [...reader.matchAll(/`(\w+)/g)].map(([, name]) => name!)
}

function rowOf(bytes: Buffer, clientFlags: number): ForeignValues | undefined {
  const start = bytes.toString('latin1', 0, LOOKED_AT)
  return TABLE.find(({ flags, begins }) => flags(clientFlags) && begins(start))
}
