const DECIMAL = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i
const HEXADECIMAL = /^([-+]?)(0x[0-9a-f]+)$/i
const INFINITE = /^([-+]?)inf(?:inity)?$/i
const NOT_A_NUMBER = /^[-+]?nan$/i

/** Largest number shown without an exponent. */
const MAX_FIXED = 1e21

/** Reads a decimal number as `strtod` of C does; `undefined` for anything else, and for overflow. */
export function readDecimal(word: string): number | undefined {
  const [, infiniteSign] = INFINITE.exec(word) ?? []
  if (infiniteSign !== undefined) return signed(infiniteSign, Number.POSITIVE_INFINITY)
  if (NOT_A_NUMBER.test(word)) return Number.NaN
  const [, sign = '', digits] = HEXADECIMAL.exec(word) ?? []
  if (digits !== undefined) return signed(sign, Number(digits))
  const value = DECIMAL.test(word) ? Number(word) : Number.NaN
  return Number.isFinite(value) ? value : undefined
}

function signed(sign: string, value: number): number {
  return sign === '-' ? -value : value
}

/** Writes a number as `printf` of C does with `%.2f` and the like. */
export function showDecimal(value: number, places: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  return Math.abs(value) < MAX_FIXED ? value.toFixed(places) : `${BigInt(value)}.${'0'.repeat(places)}`
}
