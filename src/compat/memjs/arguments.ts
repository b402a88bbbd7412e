import type { IncrementDecrementOptions, MemjsCallback } from './api.ts'

/** The end of the arguments of a call that takes options and a callback. */
export interface CallEnd {
  readonly options: IncrementDecrementOptions
  /** Undefined: the caller wants a promise. */
  readonly callback: MemjsCallback | null | undefined
  /** Whether it is the form that the package calls deprecated. */
  readonly isOld: boolean
}

/**
 * Reads the end of the arguments: `(options, callback)`, or what came before it, `(callback, expires, initial)`, and a number of
 * seconds in the place of options.
 */
export function readCallEnd(first: unknown, second: unknown, third?: unknown): CallEnd {
  if (isCallback(first)) return { options: timesOf(second, third), callback: first, isOld: true }
  const callback = isCallback(second) || second === null ? second : undefined
  return { options: isOptions(first) ? first : timesOf(first, third), callback, isOld: false }
}

/** A time to live and a first value, where they are numbers. */
function timesOf(expires: unknown, initial: unknown): IncrementDecrementOptions {
  return {
    ...(typeof expires === 'number' ? { expires } : {}),
    ...(typeof initial === 'number' ? { initial } : {}),
  }
}

function isOptions(value: unknown): value is IncrementDecrementOptions {
  return typeof value === 'object' && value !== null
}

/** Whether an argument is a callback. */
export function isCallback(value: unknown): value is MemjsCallback {
  return typeof value === 'function'
}
