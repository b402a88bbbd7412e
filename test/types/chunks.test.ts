import { describe, expectTypeOf, it } from 'vitest'
import { type ChunksPart, chunks, getStream, setStream } from '../../src/exports/chunks.ts'
import { Memcache } from '../../src/exports/index.ts'
import type { MemcacheSync } from '../../src/exports/sync.ts'

declare const cache: Memcache
declare const sync: MemcacheSync
declare const web: ReadableStream<Uint8Array>
declare const pieces: AsyncIterable<Uint8Array>

/** Only compiled. */
const calls = {
  client: () =>
    new Memcache('localhost', { chunks: chunks({ aboveBytes: 1, chunkBytes: 2048, window: 1, write: false }) }),
  read: () => getStream(cache, 'key', { timeoutMs: 5 }),
  write: () => setStream(cache.namespace<number>('a:'), 'key', web, { ttl: 5, clientFlags: 7 }),
  iterate: () => setStream(cache, new Uint8Array(3), pieces),
  whole: () => cache.set('key', 1, { chunks: false }),
  // @ts-expect-error - the part, not its options
  options: () => new Memcache('localhost', { chunks: { aboveBytes: 5 } }),
  // @ts-expect-error - false or left out
  yes: () => cache.set('key', 1, { chunks: true }),
  // @ts-expect-error - no serde is asked
  serde: () => setStream(cache, 'key', pieces, { serde: 5 }),
  // @ts-expect-error - iterators do not cross threads
  sync: () => getStream(sync, 'key'),
}

describe('the types of values in chunks', () => {
  it('follow from the call', () => {
    expectTypeOf<ReturnType<(typeof calls)['read']>>().toEqualTypeOf<Promise<ReadableStream<Uint8Array> | undefined>>()
    expectTypeOf<ReturnType<(typeof calls)['write']>>().toEqualTypeOf<Promise<boolean>>()
    expectTypeOf(chunks()).toEqualTypeOf<ChunksPart>()
  })
})
