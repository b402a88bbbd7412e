const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const

/** Bar of a share from 0 to 1, in eighths of a column: `███▌    `. Always `columns` wide. */
export function bar(share: number, columns: number): string {
  const eighths = Math.round(clamp(share) * columns * 8)
  const whole = Math.floor(eighths / 8)
  return `${'█'.repeat(whole)}${EIGHTHS[eighths % 8]!}`.padEnd(columns)
}

/** Part of a stacked bar: its share of the whole, from 0 to 1, and the character that draws it. */
export interface BarPart {
  readonly share: number
  readonly character: string
}

/**
 * Bar of several parts, from left to right. Always `columns` wide; what is left over stays blank. A part above 0 gets a column
 * if one is free.
 */
export function stackedBar(parts: readonly BarPart[], columns: number): string {
  let [text, sum] = ['', 0]
  for (const { share, character } of parts) {
    sum += clamp(share)
    const end = Math.min(columns, Math.max(Math.round(sum * columns), share > 0 ? text.length + 1 : 0))
    text += character.repeat(Math.max(0, end - text.length))
  }
  return text.padEnd(columns)
}

const LEVELS = '▁▂▃▄▅▆▇█'

/**
 * Line of values, oldest first, one column each: `▁▂▇▇▁`. The last `columns` values are shown; NaN is a blank.
 *
 * @param max - Value of the highest level. Default: the greatest of the values shown.
 */
export function sparkline(values: readonly number[], columns: number, max?: number): string {
  const shown = values.slice(-columns)
  const top = max ?? Math.max(...shown.filter((value) => !Number.isNaN(value)), 0)
  const level = (value: number): string => {
    if (Number.isNaN(value)) return ' '
    const step = top <= 0 ? 0 : Math.round(clamp(value / top) * (LEVELS.length - 1))
    return LEVELS[step]!
  }
  return shown.map(level).join('').padStart(Math.min(columns, values.length))
}

function clamp(share: number): number {
  return Number.isNaN(share) ? 0 : Math.min(1, Math.max(0, share))
}
