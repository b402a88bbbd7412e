import { describe, expect, it } from 'vitest'
import { raw } from '../../../src/serde/raw.ts'
import { rejection } from '../../support/eventually.ts'
import type { Context } from '../context.ts'

export function describeCallOptions(context: Context): void {
  describe('options of a call', () => {
    it('default replaces a miss, not a stored null', async () => {
      const cache = context.client()
      const key = context.key()
      expect(await cache.get(key, { default: 'none' })).toBe('none')
      await cache.set(key, null)
      expect(await cache.get(key, { default: 'none' })).toBeNull()
    })

    it('clientFlags override those of the serde', async () => {
      const key = context.key()
      await context.client().set(key, 'abc', { clientFlags: 4_294_967_295 })
      expect(await context.raw().ask(`mg ${key} f s\r\n`)).toBe('HD f4294967295 s3\r\n')
    })

    it('serde replaces the client’s, for reads and writes', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, Buffer.from('{"a":1}'), { serde: raw, clientFlags: 32 })
      expect(await cache.get(key)).toEqual({ a: 1 })
      expect(Buffer.from((await cache.get(key, { serde: raw })) as Uint8Array).toString()).toBe('{"a":1}')
    })

    it('signal that was aborted before rejects with its reason', async () => {
      const cache = context.client()
      const reason = new Error('changed my mind')
      const signal = AbortSignal.abort(reason)
      const key = context.key()
      expect(await rejection(cache.set(key, 1, { signal }))).toBe(reason)
      expect(await rejection(cache.get(key, { signal }))).toBe(reason)
      expect(await cache.get(key)).toBeUndefined()
    })

    it('signal that is never aborted changes nothing', async () => {
      const cache = context.client()
      const { signal } = new AbortController()
      const key = context.key()
      expect(await cache.set(key, 1, { signal, timeoutMs: 5000 })).toBe(true)
      expect(await cache.get(key, { signal })).toBe(1)
      expect((await cache.getMany([key], { signal })).get(key)).toBe(1)
    })

    it('signal of one call leaves the others alone', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 1)
      const controller = new AbortController()
      const calls = [cache.get(key), cache.get(key, { signal: controller.signal }), cache.get(key)]
      controller.abort(new Error('stop'))
      const [first, second, third] = await Promise.allSettled(calls)
      expect(first).toMatchObject({ value: 1 })
      expect(second).toMatchObject({ reason: { message: 'stop' } })
      expect(third).toMatchObject({ value: 1 })
    })
  })
}
