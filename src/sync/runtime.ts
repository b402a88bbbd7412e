import { InvalidInputError } from '../errors.ts'

/** Throws if the runtime cannot run a synchronous client: not every runtime has threads that block for each other. */
export function checkRuntime(): void {
  const missing = findMissing()
  if (missing === undefined) return
  throw new InvalidInputError(
    `a synchronous client needs ${missing}, which this runtime does not have; use Memcache and await`,
  )
}

function findMissing(): string | undefined {
  if (typeof SharedArrayBuffer !== 'function') return 'SharedArrayBuffer'
  if (typeof Atomics !== 'object' || typeof Atomics.wait !== 'function') return 'Atomics.wait'
  try {
    // Browsers refuse it in the page itself.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0)
  } catch {
    return 'a thread that may block (Atomics.wait)'
  }
  return undefined
}
