import { Buffer } from 'node:buffer'
import type { Key } from '../protocol/key.ts'
import { uriDecode } from '../protocol/uri-encoding.ts'

/** Event that memcached writes to a watcher. */
export interface WatchEvent {
  /** Milliseconds since 1970 by the clock of the server, to the microsecond; NaN where the line has none. */
  readonly at: number
  /**
   * Number of the event: grows by one for each event of the server. Lines come out of order, by some 100 ms: see
   * `WatchOrder`. NaN where the line has none.
   */
  readonly gid: number
  /** `item_get`, `item_store`, `deleted`, `eviction`, `conn_new`, `conn_close`; `skipped` where the watcher was too slow. */
  readonly type: string
  /** Key of the event: text where it is UTF-8, else bytes. */
  readonly key: Key | undefined
  /** All other words, by name: `status`, `cmd`, `ttl`, `clsid`, `cfd`, `size`, `rip`, `reason`. */
  readonly fields: Readonly<Record<string, string>>
}

/** Line of a watcher whose buffer was full: how many events it has missed. */
const SKIPPED = /^skipped=(\d+)$/

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads a line of `watch`, without its end.
 *
 * @returns undefined for a line that is no event, as the first one, `OK`.
 */
export function parseWatchLine(line: string): WatchEvent | undefined {
  const skipped = SKIPPED.exec(line)
  if (skipped !== null)
    return { at: Number.NaN, gid: Number.NaN, type: 'skipped', key: undefined, fields: { count: skipped[1]! } }
  if (!line.startsWith('ts=')) return undefined
  const fields: Record<string, string> = {}
  for (const word of line.split(' ')) {
    const equals = word.indexOf('=')
    // The first of two words with one name is the event's own: lines of a proxy repeat `type`.
    if (equals > 0) fields[word.slice(0, equals)] ??= word.slice(equals + 1)
  }
  return eventOf(fields)
}

function eventOf({ ts, gid, type, key, ...fields }: Record<string, string>): WatchEvent | undefined {
  if (ts === undefined || type === undefined) return undefined
  return { at: readTime(ts), gid: Number(gid), type, key: key === undefined ? undefined : decodeKey(key), fields }
}

/** The microseconds have no leading zeros: `1796029967.61350` is 61 350 µs after the second. */
function readTime(text: string): number {
  const [seconds, microseconds] = text.split('.')
  return Number(seconds) * 1000 + Number(microseconds ?? 0) / 1000
}

function decodeKey(encoded: string): Key {
  if (!encoded.includes('%')) return encoded
  const bytes = uriDecode(Buffer.from(encoded, 'latin1'), 0, encoded.length)
  if (bytes === undefined) return encoded
  try {
    return utf8.decode(bytes)
  } catch {
    return bytes
  }
}
