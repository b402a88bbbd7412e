import { stripVTControlCharacters } from 'node:util'

/** First and last code points of East Asian wide and fullwidth characters (Unicode 16), apart from emoji. */
const WIDE: readonly (readonly [first: number, last: number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2630, 0x2637],
  [0x268a, 0x268f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18dff],
  [0x1aff0, 0x1b2fb],
  [0x1d300, 0x1d376],
  [0x1f200, 0x1f265],
  [0x20000, 0x3fffd],
]

const ASCII = /^[ -~]*$/
const ZERO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}\u200b]/u
/** Emoji that are pictures by themselves, or with the variation selector 16 behind them. */
const EMOJI = /^\p{Emoji_Presentation}|^\p{Emoji}\ufe0f/u

let segmenter: Intl.Segmenter | undefined

/** Splits a text into what a reader takes for characters. */
function graphemes(text: string): Iterable<Intl.SegmentData> {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' })
  return segmenter.segment(text)
}

/** Width of a text on a terminal, in columns; escape sequences have none. */
export function textWidth(text: string): number {
  if (ASCII.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes(stripVTControlCharacters(text))) width += graphemeWidth(segment)
  return width
}

function graphemeWidth(grapheme: string): number {
  const code = grapheme.codePointAt(0)!
  if (code >= 0x20 && code < 0x7f) return EMOJI.test(grapheme) && grapheme.includes('\ufe0f') ? 2 : 1
  if (code < 0x20 || code === 0x7f || ZERO_WIDTH.test(grapheme)) return 0
  return EMOJI.test(grapheme) || isWide(code) ? 2 : 1
}

function isWide(code: number): boolean {
  if (code < WIDE[0]![0]) return false
  return WIDE.some(([first, last]) => code >= first && code <= last)
}

/** Cuts a text without escape sequences to a width; `…` stands for what is cut off. */
export function cutText(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text
  if (columns < 1) return ''
  let [kept, width] = ['', 0]
  for (const { segment } of graphemes(text)) {
    const next = width + graphemeWidth(segment)
    if (next > columns - 1) break
    kept += segment
    width = next
  }
  return `${kept}…`
}

/** Fills a text with blanks up to a width; a longer one stays as it is. */
export function padText(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const blanks = ' '.repeat(Math.max(0, columns - textWidth(text)))
  return align === 'left' ? text + blanks : blanks + text
}
