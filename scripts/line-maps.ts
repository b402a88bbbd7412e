import { decode, encode, type SourceMapSegment } from '@jridgewell/sourcemap-codec'

/**
 * Keeps the lines of a source map: for each generated line the pieces that begin another line of the source, without
 * columns and names. Stack traces and breakpoints need no more, at a quarter of the size.
 *
 * @param mappings - The field of a source map of version 3.
 */
export function keepLines(mappings: string): string {
  const lines = decode(mappings).map((segments) => segments.flatMap(toLineStart))
  return encode(lines.map((segments) => segments.filter((segment, at) => !isSameLine(segment, segments[at - 1]))))
}

type LineStart = [column: number, source: number, line: number, sourceColumn: number]

/** Returns no piece for one that comes from no source. */
function toLineStart([column, source, line]: SourceMapSegment): LineStart[] {
  return source === undefined || line === undefined ? [] : [[column, source, line, 0]]
}

function isSameLine([, source, line]: LineStart, before: LineStart | undefined): boolean {
  return before !== undefined && source === before[1] && line === before[2]
}
