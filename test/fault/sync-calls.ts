import { expect } from 'vitest'
import { MemcacheError } from '../../src/errors.ts'

/** What a call throws. */
export function errorOf(call: () => unknown): MemcacheError {
  try {
    call()
  } catch (error) {
    return error as MemcacheError
  }
  throw new Error('nothing was thrown')
}

/** Calls until one succeeds; what failed before must have been an error of ours, and what `check` finds right. */
export function untilItWorks<T>(call: () => T, check: (error: MemcacheError) => void = () => undefined): T {
  const deadline = performance.now() + 10_000
  for (;;) {
    try {
      return call()
    } catch (error) {
      expect(error).toBeInstanceOf(MemcacheError)
      check(error as MemcacheError)
      if (performance.now() > deadline) throw error
    }
  }
}
