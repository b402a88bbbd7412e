const DECIMAL_UNITS = ['', 'k', 'M', 'G', 'T', 'P'] as const
const BINARY_UNITS = ['B', 'k', 'M', 'G', 'T', 'P'] as const

/** Number in at most five characters: `7`, `1.2k`, `41.2k`, `812k`, `16.1M`. */
export function formatCount(value: number | bigint): string {
  return scale(Number(value), 1000, DECIMAL_UNITS)
}

/** Bytes in powers of 1024, in at most six characters: `96B`, `1.2k`, `19.9k`, `4.0G`. */
export function formatBytes(value: number | bigint): string {
  return scale(Number(value), 1024, BINARY_UNITS)
}

/** Rate a second: as {@link formatCount}, with one digit after the point below 10: `0.3`. */
export function formatRate(perSecond: number): string {
  if (Number.isNaN(perSecond)) return '-'
  return perSecond > 0 && perSecond < 10 ? perSecond.toFixed(1) : formatCount(Math.round(perSecond))
}

function scale(value: number, base: number, units: readonly string[]): string {
  if (!Number.isFinite(value)) return '-'
  let [rest, unit] = [Math.abs(value), 0]
  // 999.96 would become 1000.0 of the smaller unit.
  while (unit < units.length - 1 && rest >= (unit === 0 ? base : base - 0.05)) {
    rest /= base
    unit++
  }
  const sign = value < 0 ? '-' : ''
  if (unit === 0) return `${sign}${Number.isInteger(rest) ? rest : rest.toFixed(1)}${units[0]!}`
  return `${sign}${rest < 99.95 ? rest.toFixed(1) : Math.round(rest)}${units[unit]!}`
}

/** Share from 0 to 1 in percent, with one digit after the point: `97.1`; `-` for NaN (nothing to divide by). */
export function formatPercent(share: number): string {
  if (Number.isNaN(share)) return '-'
  // Only all is 100, and only none is 0.
  if (share < 1 && share > 0.9995) return '99.9'
  if (share > 0 && share < 0.0005) return '<0.1'
  return (share * 100).toFixed(1)
}

const SECOND = 1000
const UNITS = [
  ['d', 86_400 * SECOND],
  ['h', 3600 * SECOND],
  ['m', 60 * SECOND],
  ['s', SECOND],
] as const

/** Time in its greatest unit: `0.12ms`, `58s`, `4m`, `22h`, `12d`; `never` for Infinity. */
export function formatDuration(ms: number): string {
  if (ms === Number.POSITIVE_INFINITY) return 'never'
  if (Number.isNaN(ms)) return '-'
  const unit = UNITS.find(([, size]) => Math.abs(ms) >= size)
  if (unit !== undefined) return `${Math.floor(Math.abs(ms) / unit[1]) * Math.sign(ms)}${unit[0]}`
  if (ms === 0) return '0s'
  return `${Math.abs(ms) < 1 ? ms.toFixed(2) : Math.abs(ms) < 10 ? ms.toFixed(1) : Math.round(ms)}ms`
}

/** Whole number with blanks between groups of three digits: `3 181 772 190`. */
export function formatWhole(value: number | bigint): string {
  return String(value).replaceAll(/\B(?=(?:\d{3})+$)/g, ' ')
}

/** Number of things in words: `1 key`, `2 keys`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
