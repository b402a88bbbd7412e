import { showValue } from '../show-value.ts'

const INTEGER = /^-?[0-9]+ *$/

/** Reading more takes seconds; Python refuses as many by default (`sys.get_int_max_str_digits`). */
const MAX_DIGITS = 4300

/**
 * An integer in decimal, without the spaces that `decr` leaves behind a number that got shorter: a number, beyond
 * ±(2⁵³−1) a bigint.
 */
export function parseInteger(text: string): number | bigint {
  if (!INTEGER.test(text)) throw new Error('the value is stored as an integer and is not one')
  const digits = text.trimEnd()
  const value = Number(digits)
  // `+ 0` makes a 0 of -0.
  if (Number.isSafeInteger(value)) return value + 0
  if (digits.length > MAX_DIGITS) throw new Error(`the integer has more than ${MAX_DIGITS} digits`)
  return BigInt(digits)
}

/** The same integer as a number where a number is exact. */
export function fitInteger(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** Whether a number is stored as an integer. The sign of -0 would be lost, and beyond 2⁵³−1 a bigint would come back. */
export function isInteger(value: number): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0)
}

/** An integer in decimal, as `parseInteger` reads it. */
export function encodeInteger(value: number | bigint): string {
  const digits = String(value)
  if (digits.length <= MAX_DIGITS) return digits
  throw new Error(`an integer of more than ${MAX_DIGITS} digits cannot be stored: its readers refuse it`)
}

/** An integer that fits 64 bits: of a longer one another language would make the nearest, or a wrong one. */
export function checkInt64(value: number | bigint): bigint {
  const integer = BigInt(value)
  if (BigInt.asIntN(64, integer) === integer) return integer
  throw new Error(`${showValue(value)} cannot be stored: the integers of its readers have 64 bits`)
}
