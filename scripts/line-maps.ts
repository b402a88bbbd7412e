const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const BITS_PER_DIGIT = 5
const CONTINUES = 2 ** BITS_PER_DIGIT

/** Where a piece of a generated line comes from. */
interface Piece {
  readonly column: number
  readonly source: number
  readonly line: number
}

/**
 * Keeps what a source map says of lines: for each generated line the pieces that begin another line of the source,
 * without columns and names. Stack traces and breakpoints need no more, at a quarter of the size.
 *
 * @param mappings - The field of a source map of version 3.
 */
export function keepLines(mappings: string): string {
  return write(read(mappings).map((pieces) => pieces.filter((piece, at) => !isSameLine(piece, pieces[at - 1]))))
}

function isSameLine(piece: Piece, before: Piece | undefined): boolean {
  return before !== undefined && piece.source === before.source && piece.line === before.line
}

/** The pieces of each generated line; those that come from no source are left out. */
function read(mappings: string): Piece[][] {
  let source = 0
  let line = 0
  return mappings.split(';').map((segments) => {
    let column = 0
    return segments.split(',').flatMap((segment) => {
      const [columns = 0, sources, lines] = decode(segment)
      column += columns
      if (sources === undefined || lines === undefined) return []
      source += sources
      line += lines
      return [{ column, source, line }]
    })
  })
}

function write(lines: readonly (readonly Piece[])[]): string {
  let last: Piece = { column: 0, source: 0, line: 0 }
  return lines
    .map((pieces) => {
      last = { ...last, column: 0 }
      const segments = pieces.map((piece) => {
        const steps = [piece.column - last.column, piece.source - last.source, piece.line - last.line, 0]
        last = piece
        return steps.map(encode).join('')
      })
      return segments.join(',')
    })
    .join(';')
}

/** The numbers of a segment: base 64, the lowest digits first, the sign in the lowest bit. */
function decode(segment: string): number[] {
  const numbers: number[] = []
  let value = 0
  let weight = 1
  for (const character of segment) {
    const digit = DIGITS.indexOf(character)
    value += (digit % CONTINUES) * weight
    weight *= CONTINUES
    if (digit >= CONTINUES) continue
    numbers.push(value % 2 === 0 ? value / 2 : -(value - 1) / 2)
    value = 0
    weight = 1
  }
  return numbers
}

function encode(number: number): string {
  let text = ''
  let rest = number < 0 ? -number * 2 + 1 : number * 2
  while (rest >= CONTINUES) {
    text += DIGITS.charAt((rest % CONTINUES) + CONTINUES)
    rest = Math.floor(rest / CONTINUES)
  }
  return text + DIGITS.charAt(rest)
}
