import { describe, expect, it } from 'vitest'
import type { Context } from '../context.ts'

export function describeReadsAndWrites(context: Context): void {
  describe('reads and writes', () => {
    it('gives undefined for a key that is not there', async () => {
      expect(await context.client().get(context.key())).toBeUndefined()
      expect(await context.client().gets(context.key())).toBeUndefined()
    })

    it('gives back what was set, and the newer value after a second set', async () => {
      const cache = context.client()
      const key = context.key()
      expect(await cache.set(key, 'one')).toBe(true)
      expect(await cache.get(key)).toBe('one')
      expect(await cache.set(key, 'two')).toBe(true)
      expect(await cache.get(key)).toBe('two')
    })

    it('says whether there was something to delete', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 1)
      expect(await cache.delete(key)).toBe(true)
      expect(await cache.delete(key)).toBe(false)
      expect(await cache.get(key)).toBeUndefined()
    })

    it('says whether there was something to touch', async () => {
      const cache = context.client()
      const key = context.key()
      expect(await cache.touch(key, 100)).toBe(false)
      await cache.set(key, 1)
      expect(await cache.touch(key, 100)).toBe(true)
      expect(await cache.get(key)).toBe(1)
    })

    it('sees what others write', async () => {
      const key = context.key()
      await context.raw().ask(`set ${key} 0 0 7\r\nforeign\r\n`)
      expect(await context.client().get(key)).toBe('foreign')
    })

    it('reports the version and the round-trip time by server', async () => {
      const cache = context.client()
      const versions = await cache.version()
      expect([...versions.keys()]).toEqual([context.address()])
      expect([...versions.values()][0]).toMatch(/^\d+\.\d+\.\d+/)
      const times = await cache.ping()
      expect([...times.keys()]).toEqual([context.address()])
      expect([...times.values()][0]).toBeGreaterThan(0)
    })
  })
}
