import { describe, expect, it } from 'vitest'
import { ClosedError } from '../../../src/errors.ts'
import { rejection, settleAll, until } from '../../support/eventually.ts'
import type { Context } from '../context.ts'

export function describeLife(context: Context): void {
  describe('life', () => {
    it('connects with the first command, not before', async () => {
      const { cache, proxy } = await context.countedClient()
      await new Promise((resolve) => setImmediate(resolve))
      expect(proxy.connections).toBe(0)
      await cache.get(context.key())
      expect(proxy.connections).toBe(1)
    })

    it('connects eagerly with connect, once', async () => {
      const { cache, proxy } = await context.countedClient()
      await Promise.all([cache.connect(), cache.connect()])
      expect(proxy.connections).toBe(1)
      await cache.get(context.key())
      expect(proxy.connections).toBe(1)
    })

    it.each(['disconnect', 'quit'] as const)(
      '%s answers what is pending, and the next command reconnects',
      async (end) => {
        const { cache, proxy } = await context.countedClient()
        const key = context.key()
        await cache.set(key, 1)
        const pending = cache.get(key)
        await cache[end]()
        expect(await pending).toBe(1)
        await until(() => proxy.openConnections === 0, 'the connection is closed')
        expect(await cache.get(key)).toBe(1)
        expect(proxy.connections).toBe(2)
      },
    )

    it('close answers what is pending, then refuses', async () => {
      const { cache, proxy } = await context.countedClient()
      const key = context.key()
      const pending = [cache.set(key, 1), cache.get(key)]
      await cache.close()
      expect(await Promise.all(pending)).toEqual([true, 1])
      expect(await rejection(cache.get(key))).toBeInstanceOf(ClosedError)
      expect(await rejection(cache.set(key, 1))).toBeInstanceOf(ClosedError)
      expect(await rejection(cache.getMany([key]))).toBeInstanceOf(ClosedError)
      expect(await rejection(cache.noreply.set(key, 1))).toBeInstanceOf(ClosedError)
      expect(await rejection(cache.connect())).toBeInstanceOf(ClosedError)
      await until(() => proxy.openConnections === 0, 'the connection is closed')
    })

    it('destroy rejects what is pending, at once', async () => {
      const { cache, proxy } = await context.countedClient()
      const key = context.key()
      await cache.set(key, 1)
      proxy.freeze()
      const pending = [cache.get(key), cache.set(key, 2), cache.getMany([key])]
      cache.destroy()
      for (const outcome of await settleAll(pending, 5000)) expect(outcome.status).toBe('rejected')
      expect(await rejection(cache.get(key))).toBeInstanceOf(ClosedError)
      proxy.thaw()
      await until(() => proxy.openConnections === 0, 'the connection is closed')
    })

    it('destroy during connecting rejects what waits for it', async () => {
      const cache = context.client()
      const pending = [cache.get(context.key()), cache.connect()]
      cache.destroy()
      for (const outcome of await settleAll<unknown>(pending, 5000)) {
        expect(outcome).toMatchObject({ reason: expect.any(ClosedError) as unknown })
      }
    })

    it('close and destroy may be called again, in any order, and without a connection', async () => {
      const cache = context.client()
      await Promise.all([cache.close(), cache.close()])
      cache.destroy()
      await cache.close()
      expect(await rejection(cache.get(context.key()))).toBeInstanceOf(ClosedError)
    })

    it('await using closes at the end of the block', async () => {
      const outside = context.client()
      const key = context.key()
      let pending: Promise<unknown> | undefined
      {
        await using cache = outside
        pending = cache.set(key, 'v')
      }
      expect(await pending).toBe(true)
      expect(await rejection(outside.get(key))).toBeInstanceOf(ClosedError)
    })
  })
}
