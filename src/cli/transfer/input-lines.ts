import { Buffer } from 'node:buffer'

const LF = 0x0a

/**
 * Splits bytes at line feeds, as they come. Lines may be of any length, and have the characters at which readline splits text: JSON
 * does not escape U+2028.
 */
export async function* inputLines(source: AsyncIterable<unknown>): AsyncGenerator<string, void, undefined> {
  let parts: Buffer[] = []
  for await (const piece of source) {
    const bytes = Buffer.from(piece as Uint8Array)
    let start = 0
    for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, start)) {
      yield textOf([...parts, bytes.subarray(start, at)])
      parts = []
      start = at + 1
    }
    if (start < bytes.length) parts.push(bytes.subarray(start))
  }
  if (parts.length > 0) yield textOf(parts)
}

function textOf(parts: readonly Buffer[]): string {
  return Buffer.concat(parts).toString('utf8').trimEnd()
}
