import Original from 'memcached'
import type { MemcachedLocation, MemcachedOptions } from '../../../src/compat/memcached/api.ts'
import { Memcached } from '../../../src/compat/memcached/memcached.ts'

/** What the tests need of a client: the rest is called by name. */
export interface AnyClient {
  readonly servers: readonly string[]
  readonly HashRing: { get(key: string): string | undefined }
  end(): void
}

/** The original or the shim. */
export interface Implementation {
  readonly name: 'original' | 'shim'
  readonly Class: new (location: MemcachedLocation, options?: MemcachedOptions) => AnyClient
}

export const ORIGINAL: Implementation = { name: 'original', Class: Original as unknown as Implementation['Class'] }
export const SHIM: Implementation = { name: 'shim', Class: Memcached }
export const IMPLEMENTATIONS: readonly Implementation[] = [ORIGINAL, SHIM]
