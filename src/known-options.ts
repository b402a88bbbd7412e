import { InvalidInputError } from './errors.ts'
import { showValue } from './show-value.ts'
import { unreadable } from './unreadable.ts'

/**
 * Refuses what is not an object of options, and unknown options: a misspelt one would quietly do nothing.
 *
 * @param shown - What the error calls that which has the options.
 */
export function checkOptions(options: unknown, known: readonly string[], shown: string): void {
  try {
    if (isRecord(options)) return refuseUnknown(options, known, shown)
  } catch (cause) {
    throw unreadable(`the options of ${shown}`, cause)
  }
  throw new InvalidInputError(`the options of ${shown} must be an object, got ${showValue(options)}`)
}

/** Refuses unknown options; the error names the known ones. */
export function refuseUnknown(options: object, known: readonly string[], shown: string): void {
  for (const option of Object.keys(options)) {
    if (!known.includes(option)) {
      throw new InvalidInputError(`${shown} has no option ${showValue(option)}; it has ${known.join(', ')}`)
    }
  }
}

/** Whether it can have options: an object, and no list. */
export function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Returns options with others in their place. One that is undefined was not given, and takes nothing away: least of all
 * TLS or a login.
 */
export function overrideOptions<T extends object>(options: T, overrides: Partial<T>): T {
  try {
    if (isRecord(overrides)) {
      const given = Object.entries(overrides).filter(([, value]) => value !== undefined)
      return { ...options, ...Object.fromEntries(given) }
    }
  } catch (cause) {
    throw unreadable('options', cause)
  }
  throw new InvalidInputError(`options must be an object, got ${showValue(overrides)}`)
}
