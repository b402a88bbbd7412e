import { InvalidInputError } from './errors.ts'
import { showValue } from './show-value.ts'
import { MAX_TIMER_MS } from './timer-limit.ts'

/** A time in milliseconds, above 0; Infinity means never. */
export function duration(name: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback
  if (typeof value === 'number' && value > 0) return value > MAX_TIMER_MS ? Number.POSITIVE_INFINITY : value
  throw refused(name, 'a number of milliseconds above 0, or Infinity', value)
}

/** A whole number above 0, or undefined where the option is not given. */
export function count(name: string, value: number | undefined): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && value > 0)) return value
  throw refused(name, 'a whole number above 0', value)
}

/** A boolean option. */
export function flag(name: string, value: boolean | undefined, fallback: boolean): boolean {
  if (value === undefined) return fallback
  if (typeof value === 'boolean') return value
  throw refused(name, 'true or false', value)
}

/** The error for an option with a value that cannot be used. */
export function refused(name: string, wanted: string, value: unknown): InvalidInputError {
  return new InvalidInputError(`option ${name} must be ${wanted}, got ${showValue(value)}`)
}
