import type { Buffer } from 'node:buffer'

/** One server's answer to `stats`, by name. */
export type Stats = Record<string, string | number | bigint | boolean>

/** Texts that may look like something else: versions, prefixes, a file mode in octal. */
const TEXTS: ReadonlySet<string> = new Set([
  'version',
  'libevent',
  'inter',
  'domain_socket',
  'stat_key_prefix',
  'umask',
])

/** Up to 64 bits; what is longer stays text, for turning it into a bigint takes time. */
const INTEGER = /^-?\d{1,20}$/
const DECIMAL = /^-?\d+\.\d+$/

/**
 * Reads the reply to `stats` and its sub-commands: `STAT name value`, `ITEM key [size; expiry]` of cachedump,
 * `PREFIX name counts` of detail dump. A value with spaces is kept whole.
 */
export function parseStats(reply: Buffer): Stats {
  const entries: [string, Stats[string]][] = []
  // Keys and paths are UTF-8 as a rule.
  for (const line of reply.toString('utf8').split('\r\n')) {
    const [, kind, name, value = ''] = /^(STAT|ITEM|PREFIX) (\S+) ?(.*)$/s.exec(line) ?? []
    if (name !== undefined) entries.push([name, kind === 'STAT' ? parseStat(name, value) : value])
  }
  return Object.fromEntries(entries)
}

/** A number only if all of it is one, a bigint beyond 2^53 - 1, a boolean for yes and no; else the text. */
function parseStat(name: string, value: string): Stats[string] {
  if (TEXTS.has(name)) return value
  if (value === 'yes' || value === 'true') return true
  if (value === 'no' || value === 'false') return false
  if (DECIMAL.test(value)) return Number(value)
  if (!INTEGER.test(value)) return value
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : BigInt(value)
}
