import { describe, expect, it } from 'vitest'
import type { MetaPipeline } from '../../../src/client/meta/pipeline.ts'
import type { MetaStoreResult } from '../../../src/client/meta/results.ts'
import { ClientError } from '../../../src/errors.ts'
import type { MetaContext } from './meta-context.ts'

export function describeMetaPipelines(context: MetaContext): void {
  describe('pipelines', () => {
    it('give every outcome in the order of the calls', async () => {
      const meta = context.client()
      const key = context.key()
      const [set, add, get, incr, del, miss] = await meta
        .pipeline()
        .set(key, 5, { returnCas: true })
        .add(key, 6)
        .get<number>(key, { returnTtl: true })
        .incr(key, 2)
        .delete(key)
        .get(key)
        .run()
      expect(set).toEqual({ status: 'stored', cas: expect.any(BigInt) })
      expect(add).toEqual({ status: 'notStored' })
      expect(get).toMatchObject({ status: 'hit', value: 5, ttl: Number.POSITIVE_INFINITY })
      expect(incr).toEqual({ status: 'hit', value: 7n })
      expect(del).toEqual({ status: 'ok' })
      expect(miss).toEqual({ status: 'miss' })
    })

    it('that are quiet come to the same', async () => {
      const meta = context.client()
      const [key, text, counter] = [context.key(), context.key(), context.key()]
      await meta.set(text, 'text')
      const outcomes = await meta
        .pipeline({ quiet: true })
        .set(key, 5, { opaque: 1 })
        .add(key, 6, { opaque: 2 })
        .get(key, { opaque: 3 })
        .incr(key, 2)
        .incr(counter, 1, { initial: 9, initialTtl: 60 })
        .incr(counter)
        .append(text, '!')
        .cas(text, 'late', 1n)
        .touch(text, 60)
        .invalidate(text)
        .gat(text, 70, { returnTtl: true })
        .delete(key)
        .delete(key)
        .get(key, { opaque: 4 })
        .touch(key, 5)
        .run()
      const lease = { stale: false, won: false, alreadyWon: false }
      expect(outcomes).toEqual([
        { status: 'stored', opaque: 1 },
        { status: 'notStored', opaque: 2 },
        { status: 'hit', value: 5, ...lease, opaque: 3 },
        { status: 'hit' },
        { status: 'hit' },
        { status: 'hit' },
        { status: 'stored' },
        { status: 'exists' },
        { status: 'ok', ...lease },
        { status: 'ok' },
        { status: 'hit', value: 'text!', ...lease, stale: true, won: true, ttl: 70 },
        { status: 'ok' },
        { status: 'notFound' },
        { status: 'miss', opaque: 4 },
        { status: 'notFound' },
      ])
      expect(await meta.incr(counter)).toEqual({ status: 'hit', value: 11n })
    })

    it('that are quiet know of no outcome what a refusal may be about', async () => {
      const meta = context.client()
      const [key, text] = [context.key(), context.key()]
      await meta.set(text, 'text')
      const [set, count, gone] = await meta.pipeline({ quiet: true }).set(key, 1).incr(text).delete(context.key()).run()
      expect(set).toMatchObject({ status: 'unknown', error: { name: 'ServerError', delivery: 'unknown' } })
      expect(count.status).toBe('unknown')
      expect(gone).toEqual({ status: 'notFound' })
      expect(await meta.get(key)).toMatchObject({ value: 1 })
    })

    it('of thousands of commands keep every answer at its question', async () => {
      const meta = context.client()
      const label = context.key()
      const writes: MetaPipeline<true, MetaStoreResult[]> = meta.pipeline({ quiet: true })
      for (let at = 0; at < 3000; at++) writes.set(`${label}:${at}`, at)
      expect(new Set((await writes.run()).map(({ status }) => status))).toEqual(new Set(['stored']))
      const reads: MetaPipeline<boolean, unknown[]> = meta.pipeline({ quiet: true })
      for (let at = 0; at < 3000; at++) reads.get(at % 3 === 0 ? `${label}:none` : `${label}:${at}`)
      const values = (await reads.run()).map((result) => (result as { value?: unknown }).value)
      expect(values).toEqual(Array.from({ length: 3000 }, (_, at) => (at % 3 === 0 ? undefined : at)))
    })
  })

  describe('execute', () => {
    it('gives the reply as it came', async () => {
      const meta = context.client()
      const key = context.key()
      expect(await meta.execute({ command: 'mg', key, flags: ['v'] })).toEqual({ status: 'EN', flags: [] })
      const set = { command: 'ms', key, flags: ['T60', 'F5', 'c'], value: 'five!' } as const
      expect(await meta.execute(set)).toEqual({ status: 'HD', flags: [expect.stringMatching(/^c\d+$/)] })
      expect(await meta.execute({ command: 'ms', key, flags: ['ME'], value: '' })).toEqual({ status: 'NS', flags: [] })
      expect(await meta.execute({ command: 'mg', key, flags: ['t', 'f', 'v', 's'] })).toEqual({
        status: 'VA',
        flags: [expect.stringMatching(/^t(60|59)$/), 'f5', 's5'],
        value: Buffer.from('five!'),
      })
      expect(await meta.execute({ command: 'md', key, flags: ['C1'] })).toEqual({ status: 'EX', flags: [] })
      expect(await meta.execute({ command: 'md', key })).toEqual({ status: 'HD', flags: [] })
      expect(await meta.execute({ command: 'ma', key, flags: ['N60', 'J7', 'v', 't'] })).toEqual({
        status: 'VA',
        flags: [expect.stringMatching(/^t(60|59)$/)],
        value: Buffer.from('7'),
      })
    })

    it('rejects with the server’s word for flags that it does not know, and stays in step', async () => {
      const meta = context.client()
      const key = context.key()
      const calls = Promise.allSettled([
        meta.execute({ command: 'ms', key, flags: ['w'], value: 'flush_all' }),
        meta.execute({ command: 'mg', key, flags: ['w'] }),
        meta.set(key, 'fine'),
        meta.get(key),
      ])
      const [set, get, ...others] = await calls
      expect(set.status === 'rejected' && set.reason).toBeInstanceOf(ClientError)
      expect(get.status === 'rejected' && get.reason).toBeInstanceOf(ClientError)
      expect(others).toMatchObject([{ value: { status: 'stored' } }, { value: { status: 'hit', value: 'fine' } }])
    })
  })

  describe('servers', () => {
    it('answer noop', async () => {
      expect(await context.client().noop()).toBeUndefined()
    })

    it('are emptied at once or later', async () => {
      const meta = context.client()
      const key = context.key()
      await meta.set(key, 1)
      expect(await meta.flushAll({ delay: 1000 })).toBe(true)
      expect(await meta.get(key)).toMatchObject({ status: 'hit' })
      expect(await meta.flushAll()).toBe(true)
      expect(await meta.get(key)).toEqual({ status: 'miss' })
    })
  })
}
