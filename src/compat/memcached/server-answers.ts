import type { Buffer } from 'node:buffer'
import type { MemcachedCacheDump, MemcachedVersion } from './api.ts'

/** Statistics that belong together, by name. */
export type Group = Record<string, unknown>

/** Returns what a server's version is in its parts: `1.6.41_beta1` is `1.6.41`. */
export function versionOf(server: string, text: string): MemcachedVersion {
  const [version = text, major = '0', minor = '0', bugfix = '0'] = /(\d+)\.(\d+)\.(\d+)/.exec(text) ?? []
  return { server, version, major, minor, bugfix }
}

/** Returns the statistics of a reply by name, with the server; nothing at all where there are none. */
export function statsOf(server: string, reply: Buffer): Group {
  const stats = readStats(reply)
  return stats.length === 0 ? {} : { server, ...Object.fromEntries(stats) }
}

/**
 * Returns the statistics of a reply by group: of `items:1:number` the group is `1`, of `1:chunk_size` too.
 *
 * @param at - Which part of the name is the group.
 */
export function groupedStatsOf(server: string, reply: Buffer, at: 0 | 1): Group {
  const stats = readStats(reply)
  const groups: Record<string, Group> = {}
  for (const [name, value] of stats) {
    const parts = name.split(':')
    const id = String(parts[at])
    groups[id] = { ...groups[id], [String(parts[at + 1])]: value }
  }
  return stats.length === 0 ? {} : { server, ...groups }
}

/** Returns the items of a dump: the only one itself, and nothing where there is none, as the package has it. */
export function dumpOf(reply: Buffer): MemcachedCacheDump | MemcachedCacheDump[] | undefined {
  const items = linesOf(reply, 'ITEM').map(([key = '', bytes = '', , expires]) => ({
    key,
    b: Number(bytes.slice(1)),
    s: Number(expires),
  }))
  return items.length > 1 ? items : items[0]
}

/** The values that are whole numbers are numbers; the others are their first word. */
function readStats(reply: Buffer): [name: string, value: unknown][] {
  return linesOf(reply, 'STAT').map(([name = '', value]) => [
    name,
    value !== undefined && /^\d+$/.test(value) ? Number(value) : value,
  ])
}

/** Returns the words of each line of a reply that begins with a word, without that word. */
function linesOf(reply: Buffer, first: string): string[][] {
  const lines = reply.toString('utf8').split('\r\n')
  return lines.filter((line) => line.startsWith(`${first} `)).map((line) => line.split(' ').slice(1))
}
