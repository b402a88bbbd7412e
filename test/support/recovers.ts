import { expect } from 'vitest'
import type { Memcache } from '../../src/client/memcache.ts'
import { eventually } from './eventually.ts'

/**
 * A lost connection is evidence against the server: for a moment calls fail fast, then the next attempt is due. Passes
 * when `key` reads as `value`; a call that is answered with anything else fails at once.
 */
export async function recovers(cache: Memcache, key: string, value: unknown): Promise<void> {
  const answer = await eventually(async () => ({ value: await cache.get(key) }), 15_000)
  expect(answer).toEqual({ value })
}
