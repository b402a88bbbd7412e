import { escapeText } from './escape.ts'
import type { Format, Style } from './style.ts'
import { cutText, padText, textWidth } from './width.ts'

/** Column of a table. */
export interface Column {
  readonly heading: string
  /** Default: `left`. */
  readonly align?: 'left' | 'right'
  /** Whether its texts may be cut when the table is too wide, down to 8 columns. */
  readonly shrinks?: true
  /** Left out when the table is too wide, highest first. Default: it stays. */
  readonly drop?: number
}

/** Text of a cell, or with a format. Control characters in it are escaped. */
export type Cell = string | { readonly text: string; readonly format: Format | readonly Format[] }

/** Layout of a table. */
export interface TableLayout {
  /** Columns of the terminal; Infinity: as wide as its texts. */
  readonly width: number
  readonly style: Style
  /** Whether the headings are left out. */
  readonly bare?: boolean
}

const GAP = 2
const LEAST_WIDTH = 8

/** Lays out a table; gives its lines, headings first. Lines have no blanks at the end. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  { width, style, bare = false }: TableLayout,
): string[] {
  const texts = rows.map((row) => row.map((cell) => escapeText(textOf(cell))))
  const natural = columns.map(({ heading }, at) =>
    Math.max(bare ? 0 : textWidth(heading), ...texts.map((row) => textWidth(row[at] ?? ''))),
  )
  const kept = chooseColumns(columns, natural, width)
  const widths = shrink(columns, natural, kept, width)
  const line = (row: readonly string[], paint: (text: string, at: number) => string): string => {
    const cells = kept.map((at, index) => {
      const text = cutText(row[at] ?? '', widths[at]!)
      const isLast = index === kept.length - 1 && columns[at]!.align !== 'right'
      return paint(isLast ? text : padText(text, widths[at]!, columns[at]!.align), at)
    })
    return cells.join(' '.repeat(GAP)).trimEnd()
  }
  const head = bare
    ? []
    : [
        line(
          columns.map(({ heading }) => heading),
          (text) => style('bold', text),
        ),
      ]
  return [...head, ...texts.map((row, index) => line(row, (text, at) => paintCell(rows[index]![at], text, style)))]
}

function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text
}

function paintCell(cell: Cell | undefined, text: string, style: Style): string {
  return cell === undefined || typeof cell === 'string' ? text : style(cell.format, text)
}

/** Positions of the columns for which there is room, shrunk as far as they can be. */
function chooseColumns(columns: readonly Column[], natural: readonly number[], width: number): number[] {
  let kept = columns.map((_, at) => at)
  const least = (at: number): number =>
    columns[at]!.shrinks === true ? Math.min(natural[at]!, LEAST_WIDTH) : natural[at]!
  while (totalWidth(kept.map(least)) > width) {
    const rank = Math.max(...kept.map((at) => columns[at]!.drop ?? 0))
    if (rank === 0) break
    const dropped = kept.findLast((at) => columns[at]!.drop === rank)!
    kept = kept.filter((at) => at !== dropped)
  }
  return kept
}

/** Widths of the columns: the widest that may shrink gives way first. */
function shrink(
  columns: readonly Column[],
  natural: readonly number[],
  kept: readonly number[],
  width: number,
): number[] {
  const widths = [...natural]
  let excess = totalWidth(kept.map((at) => widths[at]!)) - width
  while (excess > 0) {
    const able = kept.filter((at) => columns[at]!.shrinks === true && widths[at]! > LEAST_WIDTH)
    if (able.length === 0) break
    const widest = able.reduce((a, b) => (widths[b]! > widths[a]! ? b : a))
    widths[widest]!--
    excess--
  }
  return widths
}

function totalWidth(widths: readonly number[]): number {
  return widths.reduce((sum, one) => sum + one, 0) + GAP * Math.max(0, widths.length - 1)
}
