import type { ReadRequest, RenewingReadRequest } from '../protocol/classic-request.ts'
import type { WireKey } from '../protocol/key.ts'
import { sharesLine } from '../protocol/request.ts'
import { LONG_LINES_SINCE, type ServerVersion } from '../protocol/server-version.ts'
import type { OutgoingBatch } from './outgoing-batch.ts'

/** Limits of one line of reads, so that a huge line does not starve the server's other clients. */
export interface LineLimits {
  /** Most keys on one line, from 1. @defaultValue `128` */
  readonly maxKeys: number
  /** Longest line, in bytes; a key that is longer has a line of its own. @defaultValue `15000` */
  readonly maxBytes: number
}

/** Request of a read that travels in a classic line. */
export type LineRequest = ReadRequest | RenewingReadRequest

/**
 * Line limit for servers that answer ERROR to long lines (memcached 1.6.10 to 1.6.12) or have no known version, in
 * bytes.
 */
const SHORT_LINE_BYTES = 2000

/**
 * Text of the classic read line under construction: neighbouring keys of one kind of read share it. memcached takes
 * `get` and `gets` lines of any length; any other line is cut off at 2,048 bytes when it does not arrive in one piece.
 */
export class ReadLine {
  readonly #batch: OutgoingBatch
  readonly #limits: LineLimits | undefined
  readonly #maxBytes: number
  #request: LineRequest | undefined
  #keys = 0
  #bytes = 0

  /** @param limits - Undefined: every key gets a line of its own. */
  constructor(batch: OutgoingBatch, limits: LineLimits | undefined, version: ServerVersion) {
    this.#batch = batch
    this.#limits = limits
    const limit = limits?.maxBytes ?? 0
    this.#maxBytes = version.order < LONG_LINES_SINCE ? Math.min(limit, SHORT_LINE_BYTES) : limit
  }

  /**
   * Adds a key to the line, or closes the line and begins another with the key. When it throws, the line is as it was.
   *
   * @returns whether the key shares the line with the one before it.
   */
  add(key: WireKey, request: LineRequest, mayShare: boolean): boolean {
    // Every step that can fail comes first: a started line must get a key.
    const bytes = (typeof key === 'string' ? key : key.echo).length + 1
    const word = typeof key === 'string' ? key : ` ${key.text}`
    const shares = mayShare && this.#request !== undefined && this.#fits(this.#request, request, bytes)
    if (!shares) this.#begin(request)
    if (typeof key === 'string') this.#batch.addWord(word)
    else if (key.form === 'utf8') this.#batch.addUtf8(word, bytes)
    else this.#batch.addByteText(word)
    this.#keys++
    this.#bytes += bytes
    return shares
  }

  /**
   * Adds plain keys to the open line, as many as fit: joined first, which costs less than one after the other.
   *
   * @param end - Index after the last key.
   * @param maxBytes - Limit of their bytes.
   * @returns the index of the first key that was not added.
   */
  extend(keys: readonly WireKey[], from: number, end: number, maxBytes: number): number {
    const limits = this.#limits
    if (limits === undefined || this.#request === undefined) return from
    const most = Math.min(end, from + limits.maxKeys - this.#keys)
    const limit = Math.min(this.#limitOf(this.#request), this.#bytes + maxBytes)
    let bytes = this.#bytes
    let next = from
    for (; next < most; next++) {
      const key = keys[next]!
      if (typeof key !== 'string' || bytes + key.length + 1 > limit) break
      bytes += key.length + 1
    }
    if (next === from) return from
    this.#batch.addWord(keys.slice(from, next).map(textOf).join(' '))
    this.#keys += next - from
    this.#bytes = bytes
    return next
  }

  #limitOf(request: LineRequest): number {
    return 'exptime' in request ? Math.min(this.#maxBytes, SHORT_LINE_BYTES) : this.#maxBytes
  }

  /** Closes the line that is open and begins another. */
  #begin(request: LineRequest): void {
    const start = 'exptime' in request ? `${request.command} ${request.exptime}` : request.command
    this.close()
    this.#request = request
    this.#bytes = start.length + '\r\n'.length
    this.#batch.addAscii(start)
  }

  #fits(open: LineRequest, request: LineRequest, bytes: number): boolean {
    const limits = this.#limits
    if (limits === undefined || !sharesLine(open, request) || this.#keys >= limits.maxKeys) return false
    return this.#bytes + bytes <= this.#limitOf(request)
  }

  /** Ends the line, if one is open. */
  close(): void {
    if (this.#request === undefined) return
    this.#batch.addAscii('\r\n')
    this.#request = undefined
    this.#keys = 0
    this.#bytes = 0
  }
}

function textOf(key: WireKey): string {
  return typeof key === 'string' ? key : key.text
}
