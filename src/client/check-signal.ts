import { InvalidInputError } from '../errors.ts'
import { showValue } from '../show-value.ts'

/** Refuses what cannot be listened to like an `AbortSignal`, before anything is done. */
export function checkSignal(signal: unknown): void {
  if (signal === undefined || isSignal(signal)) return
  throw new InvalidInputError(`signal must be an AbortSignal, got ${showValue(signal)}`)
}

const METHODS = ['addEventListener', 'removeEventListener', 'throwIfAborted'] as const

/** Of any realm, and of other implementations. A `Proxy` of a signal throws. */
function isSignal(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  try {
    const signal = value as Partial<AbortSignal>
    return typeof signal.aborted === 'boolean' && METHODS.every((name) => typeof signal[name] === 'function')
  } catch {
    return false
  }
}
