import type { Buffer } from 'node:buffer'

const STAT = 'STAT '

/** Returns the statistics of a reply, as text, by name. */
export function readStats(reply: Buffer): Record<string, string> {
  const lines = reply
    .toString()
    .split('\r\n')
    .filter((line) => line.startsWith(STAT))
  return Object.fromEntries(lines.map((line) => splitOnce(line.slice(STAT.length))))
}

function splitOnce(text: string): [name: string, value: string] {
  const at = text.indexOf(' ')
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
