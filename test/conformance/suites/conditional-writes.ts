import { describe, expect, it } from 'vitest'
import { InvalidInputError } from '../../../src/errors.ts'
import { rejection } from '../../support/eventually.ts'
import type { Context } from '../context.ts'

export function describeConditionalWrites(context: Context): void {
  describe('conditional writes', () => {
    it('add stores only where there is nothing', async () => {
      const cache = context.client()
      const key = context.key()
      expect(await cache.add(key, { first: true })).toBe(true)
      expect(await cache.add(key, 'second')).toBe(false)
      expect(await cache.get(key)).toEqual({ first: true })
    })

    it('replace stores only where there is something', async () => {
      const cache = context.client()
      const key = context.key()
      expect(await cache.replace(key, 1)).toBe(false)
      expect(await cache.get(key)).toBeUndefined()
      await cache.set(key, 1)
      expect(await cache.replace(key, 'other')).toBe(true)
      expect(await cache.get(key)).toBe('other')
    })

    it('append and prepend extend text, and say where there is nothing to extend', async () => {
      const cache = context.client()
      const key = context.key()
      expect(await cache.append(key, 'x')).toBe(false)
      expect(await cache.prepend(key, 'x')).toBe(false)
      await cache.set(key, 'mitte')
      expect(await cache.append(key, '→ende')).toBe(true)
      expect(await cache.prepend(key, Buffer.from('anfang·'))).toBe(true)
      expect(await cache.get(key)).toBe('anfang·mitte→ende')
    })

    it('append keeps the client flags: bytes stay bytes, however large', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, Buffer.from([1, 2]))
      expect(await cache.append(key, Buffer.alloc(5000, 3))).toBe(true)
      expect(await cache.get(key)).toEqual(Buffer.concat([Buffer.from([1, 2]), Buffer.alloc(5000, 3)]))
    })

    it('append refuses a ttl, which the server would ignore', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 'a')
      const options = { ttl: 5 } as object
      expect(await rejection(cache.append(key, 'b', options))).toBeInstanceOf(InvalidInputError)
      expect(await rejection(cache.prepend(key, 'b', options))).toBeInstanceOf(InvalidInputError)
      expect(await cache.get(key)).toBe('a')
    })

    it('addMany gives the keys that were taken already', async () => {
      const cache = context.client()
      const [a, b, c] = [context.key(), context.key(), context.key()]
      await cache.set(b, 'old')
      expect(await cache.addMany({ [a]: 1, [b]: 2, [c]: 3 })).toEqual([b])
      expect([...(await cache.getMany([a, b, c])).values()]).toEqual([1, 'old', 3])
      expect(await cache.addMany([])).toEqual([])
    })

    it('are quiet through noreply', async () => {
      const cache = context.client()
      const [a, b, c, d] = [context.key(), context.key(), context.key(), context.key()]
      await cache.set(b, 'old')
      await cache.noreply.add(a, 1)
      await cache.noreply.add(b, 'new')
      await cache.noreply.replace(b, 'newer')
      await cache.noreply.replace(c, 'never')
      await cache.noreply.append(b, '!')
      await cache.noreply.prepend(b, '¡')
      await cache.noreply.addMany({ [a]: 2, [d]: 3 })
      expect([...(await cache.getMany([a, b, c, d]))]).toEqual([
        [a, 1],
        [b, '¡newer!'],
        [d, 3],
      ])
    })
  })
}
