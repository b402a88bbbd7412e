import type { Memcache } from '../../src/client/memcache.ts'

/** What a `commandError` event carries, as far as tests look. */
export interface SeenCommandError {
  readonly error: Error
  readonly command?: string | undefined
  readonly key?: unknown
  readonly keys?: readonly unknown[]
  readonly server?: string | undefined
}

/** Collects the `commandError` events of a client from now on. */
export function collectCommandErrors(cache: Memcache): SeenCommandError[] {
  const seen: SeenCommandError[] = []
  cache.on('commandError', (event: SeenCommandError) => {
    seen.push(event)
  })
  return seen
}
