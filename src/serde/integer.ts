import { InvalidInputError } from '../errors.ts'
import { showValue } from '../show-value.ts'

const INTEGER = /^-?[0-9]+ *$/

/**
 * Most digits of an integer, in storing and in reading. The time for converting text to a bigint, and back, grows
 * faster than its length: a million digits block the process for tens of milliseconds, ten million for seconds.
 */
export const MAX_DIGITS = 10_000

/** Most digits that Python reads by default (`sys.get_int_max_str_digits`). */
const MAX_PYTHON_DIGITS = 4300

const FIRST_TOO_LONG = 10n ** BigInt(MAX_DIGITS)

/** Refuses an integer of more than {@link MAX_DIGITS} digits, before it is turned into text. */
export function checkDigits(value: bigint): bigint {
  if (value < FIRST_TOO_LONG && value > -FIRST_TOO_LONG) return value
  throw new InvalidInputError(`an integer of more than ${MAX_DIGITS} digits cannot be stored`)
}

/**
 * Parses an integer in decimal, without the spaces that `decr` leaves after a number that got shorter: a number, beyond
 * ±(2⁵³−1) a bigint.
 */
export function parseInteger(text: string): number | bigint {
  if (!INTEGER.test(text)) throw new Error('the value is stored as an integer and is not one')
  const digits = text.trimEnd()
  if (hasTooManyDigits(digits)) throw new Error(`the integer has more than ${MAX_DIGITS} digits`)
  const value = Number(digits)
  // `+ 0` turns -0 into 0.
  return Number.isSafeInteger(value) ? value + 0 : BigInt(digits)
}

/** Checks whether decimal text, with or without a minus, has more than {@link MAX_DIGITS} digits. */
export function hasTooManyDigits(text: string): boolean {
  return text.length - (text.startsWith('-') ? 1 : 0) > MAX_DIGITS
}

/** Returns the same integer as a number if a number is exact. */
export function fitInteger(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** Checks whether a number is stored as an integer. -0 would lose its sign, and beyond 2⁵³−1 a bigint would be read. */
export function isInteger(value: number): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0)
}

/** Returns an integer in decimal, as `parseInteger` reads it. */
export function encodeInteger(value: number | bigint): string {
  const digits = String(typeof value === 'bigint' ? checkDigits(value) : value)
  if (digits.length <= MAX_PYTHON_DIGITS) return digits
  throw new InvalidInputError(
    `an integer of more than ${MAX_PYTHON_DIGITS} digits cannot be stored: its readers refuse it`,
  )
}

/** Checks that an integer fits 64 bits: another language would read a longer one as the nearest, or a wrong one. */
export function checkInt64(value: number | bigint): bigint {
  const integer = BigInt(value)
  if (BigInt.asIntN(64, integer) === integer) return integer
  throw new Error(`${showValue(value)} cannot be stored: the integers of its readers have 64 bits`)
}
