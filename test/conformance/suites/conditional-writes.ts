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

    it('append and prepend create what is missing, where they are told to', async () => {
      const cache = context.client()
      const [text, bytes, counter, front] = [context.key(), context.key(), context.key(), context.key()]
      expect(await cache.append(text, 'eins', { create: { ttl: 400 } })).toBe(true)
      expect(await cache.append(text, ',zwei', { create: { ttl: 900 } })).toBe(true)
      expect(await cache.get(text)).toBe('eins,zwei')
      expect(await context.raw().ask(`mg ${text} t\r\n`)).toMatch(/^HD t(400|3\d\d)\r\n/)
      expect(await cache.append(bytes, Buffer.from([1, 2]), { create: {} })).toBe(true)
      expect(await cache.append(bytes, Buffer.from([3]), { create: {} })).toBe(true)
      expect(await cache.get(bytes)).toEqual(Buffer.from([1, 2, 3]))
      expect(await context.raw().ask(`mg ${bytes} t\r\n`)).toMatch(/^HD t-1\r\n/)
      expect(await cache.append(counter, '1', { create: { clientFlags: 2 } })).toBe(true)
      expect(await cache.get(counter)).toBe(1)
      expect(await cache.prepend(front, 'b', { create: { ttl: 0 } })).toBe(true)
      expect(await cache.prepend(front, 'a', { create: { ttl: 0 } })).toBe(true)
      expect(await cache.get(front)).toBe('ab')
    })

    it('append in a namespace creates with the ttl of the namespace', async () => {
      const prefix = `${context.key()}:`
      const logs = context.client({ requireTtl: true }).namespace(prefix, { ttl: 400 })
      expect(await logs.append('a', 'x', { create: {} })).toBe(true)
      expect(await logs.get('a')).toBe('x')
      expect(await context.raw().ask(`mg ${prefix}a t\r\n`)).toMatch(/^HD t(400|3\d\d)\r\n/)
    })

    it('append refuses wrong options of create, and sends nothing', async () => {
      const cache = context.client()
      const key = context.key()
      for (const create of [5, true, null, [], { ttl: -1 }, { ttl: 1.5 }, { clientFlags: -1 }, { tll: 5 }]) {
        const error = await rejection(cache.append(key, 'b', { create: create as never }))
        expect(error).toBeInstanceOf(InvalidInputError)
      }
      expect((await rejection(cache.append(key, 'b', { create: { tll: 5 } as never }))).message).toContain('ttl')
      expect((await rejection(cache.append(key, 5 as never, { create: {} }))).message).toContain('text')
      const required = context.client({ requireTtl: true })
      expect((await rejection(required.append(key, 'b', { create: {} }))).message).toContain('requireTtl')
      const quiet = await rejection(cache.noreply.append(key, 'b', { create: {} } as object))
      expect(quiet).toBeInstanceOf(InvalidInputError)
      expect(quiet.message).toContain('without an answer')
      expect(await cache.get(key)).toBeUndefined()
    })

    it('append of many clients at once to what is missing adds each part once', async () => {
      const clients = [context.client(), context.client(), context.client()]
      const key = context.key()
      const parts = Array.from({ length: 60 }, (_, at) => `${at};`)
      const create = { ttl: 100 }
      const added = await Promise.all(parts.map((part, at) => clients[at % 3]!.append(key, part, { create })))
      expect(added.every(Boolean)).toBe(true)
      const value = await clients[0]!.get<string>(key)
      expect(value!.split(';').toSorted()).toEqual(['', ...parts.map((part) => part.slice(0, -1))].toSorted())
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
