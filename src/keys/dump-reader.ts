import { Buffer } from 'node:buffer'
import { latin1Slice } from '../buffer-slices.ts'
import { ProtocolError } from '../errors.ts'
import type { Key } from '../protocol/key.ts'
import { CHUNK_KEY } from '../protocol/manifest.ts'
import { PLACEHOLDER_FLAGS } from '../protocol/placeholder.ts'
import { uriDecode } from '../protocol/uri-encoding.ts'
import { DumpLine, LINE_START } from './dump-line.ts'
import type { ListedKey } from './listed-key.ts'

const LF = 0x0a

/** Longest part of a server's line that a message shows, in characters. */
const MAX_SHOWN = 200

/** First line of a listing, since memcached 1.6.43. */
const OK = /^OK\r?$/

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Seconds since 1970 by the clock of a server. */
export type ServerClock = () => number

/** Facts by which the keys of a listing are read. */
export interface DumpReaderInit {
  readonly server: string
  readonly clock: ServerClock
  /** Bytes of the percent-encoded prefix that keys are given without. */
  readonly prefixBytes: number
  /** Whether keys of chunks are left out. */
  readonly leavesOutChunks: boolean
}

/** Reads the keys of one server, one at a time, from pieces of whole lines. */
export class DumpReader {
  readonly #init: DumpReaderInit
  readonly #line: DumpLine = new DumpLine()
  #lines: Buffer = Buffer.alloc(0)
  #at = 0

  constructor(init: DumpReaderInit) {
    this.#init = init
  }

  /** Takes the next piece, once the last one has been read. */
  take(lines: Buffer): void {
    this.#lines = lines
    this.#at = 0
  }

  /**
   * Returns the next key of the piece; undefined when there is none.
   *
   * @throws `ProtocolError` - a line is no line of a key listing.
   */
  next(): ListedKey | undefined {
    const lines = this.#lines
    while (this.#at < lines.length) {
      const start = this.#at
      const end = lines.indexOf(LF, start)
      this.#at = end + 1
      const isItem = this.#line.read(lines, start, end)
      const item = isItem ? this.#itemAt(start) : this.#passOver(start, end)
      if (item !== undefined) return item
    }
    return undefined
  }

  #passOver(start: number, end: number): undefined {
    const line = this.#lines.toString('latin1', start, end)
    if (OK.test(line)) return
    const { server } = this.#init
    const message = `listKeys: ${server} sent a line that is not of a key listing: ${JSON.stringify(line.slice(0, MAX_SHOWN))}`
    throw new ProtocolError(message, { server, delivery: 'answered' })
  }

  /** Makes the key of the line that was read; undefined where it is left out. */
  #itemAt(start: number): ListedKey | undefined {
    const { exptime, lastAccess, fetched, slabClass, size, clientFlags, cas, keyEnd } = this.#line
    if (clientFlags === PLACEHOLDER_FLAGS) return undefined
    const { server, clock, prefixBytes } = this.#init
    const now = clock()
    const ttl = exptime === -1 ? Number.POSITIVE_INFINITY : exptime - now
    // Expired since it was sent.
    if (ttl <= 0) return undefined
    const key = this.#keyBetween(start + LINE_START.length + prefixBytes, keyEnd)
    if (this.#isLeftOut(key)) return undefined
    const idle = Math.max(0, now - lastAccess)
    // Written out twice: a copy with one more field costs more than the whole line.
    return clientFlags === undefined
      ? { key, server, ttl, lastAccess: idle, fetched, size, cas: cas!, slabClass }
      : { key, server, ttl, lastAccess: idle, fetched, size, cas: cas!, clientFlags, slabClass }
  }

  #isLeftOut(key: Key): boolean {
    if (key.length === 0) return true
    return this.#init.leavesOutChunks && typeof key === 'string' && key.startsWith('~c') && CHUNK_KEY.test(key)
  }

  #keyBetween(start: number, end: number): Key {
    const lines = this.#lines
    const encoded = latin1Slice(lines, start, end)
    if (!encoded.includes('%')) return encoded
    const bytes = uriDecode(lines, start, end)
    if (bytes === undefined) return encoded
    try {
      return utf8.decode(bytes)
    } catch {
      return bytes
    }
  }
}
