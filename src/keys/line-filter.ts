import { Buffer } from 'node:buffer'
import { LINE_START, startsWith } from './dump-line.ts'

const LF = 0x0a

/**
 * Returns a filter that keeps, of pieces of whole lines, the lines of keys with a prefix. Looks at the raw bytes: what
 * is dropped was never decoded, and what is kept does not hold on to the memory of the rest.
 *
 * @param prefix - As it stands in the lines, percent-encoded.
 */
export function createLineFilter(prefix: Buffer): (lines: Buffer) => Buffer {
  const start = Buffer.concat([LINE_START, prefix])
  // A key has no line feed in it: the server writes it as %0A.
  const next = Buffer.concat([Buffer.of(LF), start])
  const find = (lines: Buffer, at: number): number => {
    const found = lines.indexOf(next, at)
    return found === -1 ? -1 : found + 1
  }
  return (lines) => {
    const kept: Buffer[] = []
    let from = startsWith(lines, 0, start) ? 0 : find(lines, 0)
    while (from !== -1) {
      let end = lines.indexOf(LF, from) + 1
      while (startsWith(lines, end, start)) end = lines.indexOf(LF, end) + 1
      kept.push(lines.subarray(from, end))
      from = find(lines, end - 1)
    }
    return kept.length === 1 && kept[0]!.length === lines.length ? lines : Buffer.concat(kept)
  }
}
