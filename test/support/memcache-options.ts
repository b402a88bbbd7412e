import type { Memcache } from '../../src/client/memcache.ts'

/** The options of a client, as its constructor takes them. */
export type MemcacheOptions = NonNullable<ConstructorParameters<typeof Memcache>[1]>

/** For tests about answers, not about time: a loaded machine must not make them fail. */
export const patient: MemcacheOptions = { timeoutMs: 60_000, connectTimeoutMs: 60_000 }
