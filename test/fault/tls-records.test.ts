import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { Memcache } from '../../src/client/memcache.ts'
import { collectCommandErrors } from '../support/command-errors.ts'
import { until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { patient } from '../support/memcache-options.ts'
import { type RealMemcached, startMemcached } from '../support/real-memcached.ts'

describe('over TLS, memcached answers', () => {
  let server: RealMemcached

  beforeAll(async () => {
    server = await startMemcached({ transport: 'tls', args: ['-m', '256'] })
  })
  afterAll(async () => {
    await server.stop()
  })

  function client(): Memcache {
    const tls = { ca: readFileSync(inject('certificates').authority) }
    return faultClient(server.address, { ...patient, timeoutMs: 4000, tls })
  }

  it.each([
    ['1,000', 333],
    ['3,000', 1000],
    ['9,000', 3000],
  ])('60 sets at once of %s bytes of text that is not ASCII', async (_bytes, characters) => {
    const cache = client()
    const text = (at: number): string => '漢'.repeat(characters) + at
    const sets = Array.from({ length: 60 }, (_, at) => cache.set(`cjk${at}`, text(at)))
    expect(await Promise.all(sets)).toEqual(sets.map(() => true))
    for (let at = 0; at < 60; at++) expect(await cache.get(`cjk${at}`)).toBe(text(at))
  })

  it('600 reads at once of long keys that are not ASCII', async () => {
    const cache = client()
    const reads = Array.from({ length: 600 }, (_, at) => cache.get('漢'.repeat(60) + at))
    expect(await Promise.all(reads)).toEqual(reads.map(() => undefined))
  })

  it.each([5000, 12_000, 20_000, 60_000, 200_000])(
    'the barrier behind a quiet set of %i bytes, though nothing follows it',
    async (length) => {
      const cache = client()
      const errors = collectCommandErrors(cache)
      await cache.noreply.set('quiet', Buffer.alloc(length, 1))
      await until(() => cache.servers[0]!.pending === 0, 'the barrier is answered')
      expect(errors).toEqual([])
      expect(cache.servers[0]).toMatchObject({ connections: { open: 1 }, lastError: undefined })
      expect((await cache.get<Uint8Array>('quiet'))?.length).toBe(length)
    },
  )

  it('the barrier behind several quiet sets, though nothing follows them', async () => {
    const cache = client()
    const errors = collectCommandErrors(cache)
    await Promise.all([12_000, 16_000, 20_000].map((length) => cache.noreply.set('quiet', Buffer.alloc(length))))
    // Closing waits for what is pending: the barrier.
    await cache.close()
    expect(errors).toEqual([])
  })
})
