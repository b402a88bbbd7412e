import { describe, expect, it } from 'vitest'
import type { Memcache } from '../../../src/client/memcache.ts'
import type { Key } from '../../../src/protocol/key.ts'
import type { Lack } from '../capabilities.ts'
import type { Context } from '../context.ts'

/** `mlk` and a 1. */
const placeholderFlags = 0x6d6c6b01

interface Reader {
  readonly name: string
  readonly needs: readonly Lack[]
  /** Whether it found a value. */
  readonly finds: (cache: Memcache, key: string) => Promise<boolean>
}

/** Every command that reads, or says whether there is something. */
const readers: readonly Reader[] = [
  { name: 'get', needs: [], finds: async (cache, key) => (await cache.get(key, { default: 'none' })) !== 'none' },
  { name: 'gets', needs: [], finds: async (cache, key) => (await cache.gets(key)) !== undefined },
  { name: 'gat', needs: ['gat'], finds: async (cache, key) => (await cache.gat(key, 50)) !== undefined },
  { name: 'gats', needs: ['gat'], finds: async (cache, key) => (await cache.gats(key, 50)) !== undefined },
  { name: 'getMany', needs: [], finds: async (cache, key) => (await cache.getMany([key])).has(key) },
  { name: 'getsMany', needs: [], finds: async (cache, key) => (await cache.getsMany([key])).has(key) },
  { name: 'has', needs: [], finds: (cache, key) => cache.has(key) },
  // In text mode the server says TOUCHED, whatever it is that was touched.
  { name: 'touch', needs: ['meta'], finds: (cache, key) => cache.touch(key, 50) },
  { name: 'inspect', needs: ['meta'], finds: async (cache, key) => (await cache.inspect(key)) !== undefined },
  { name: 'pop', needs: ['cas'], finds: async (cache, key) => (await cache.pop(key)) !== undefined },
  {
    name: 'update',
    needs: ['cas'],
    finds: async (cache, key) => {
      let found = false
      await cache.update(key, (current) => {
        found = current !== undefined
        return undefined
      })
      return found
    },
  },
]

export function describePlaceholders(context: Context): void {
  describe('an empty item', () => {
    for (const { name, needs, finds } of readers) {
      context.itNeeds(needs, `is a value to ${name}`, async () => {
        const cache = context.client()
        const key = context.key()
        await cache.set(key, '')
        expect(await finds(cache, key)).toBe(true)
      })

      context.itNeeds(needs, `is a miss to ${name} while a text client loads the value`, async () => {
        const cache = context.client()
        const key = context.key()
        await context.raw().ask(`add ${key} ${placeholderFlags} 30 0\r\n\r\n`)
        expect(await finds(cache, key)).toBe(false)
      })

      context.itNeeds(['meta', ...needs], `is a miss to ${name} while a meta client loads the value`, async () => {
        const cache = context.client()
        const key = context.key()
        expect(await context.raw().ask(`mg ${key} N30\r\n`)).toMatch(/^HD.* W/)
        expect(await finds(cache, key)).toBe(false)
      })

      context.itNeeds(
        ['meta', ...needs],
        `is a miss to ${name} when it was dropped, and its token stays to be won`,
        async () => {
          const cache = context.client()
          const key = context.key()
          await cache.set(key, '')
          await cache.invalidate(key, { staleFor: 30 })
          expect(await finds(cache, key)).toBe(false)
          expect(await context.raw().ask(`mg ${key} s\r\n`)).toMatch(/^HD s0 .*W/)
        },
      )

      context.itNeeds(
        ['meta', 'anyByteKeys', ...needs],
        `under a key of any bytes is the same to ${name}`,
        async () => {
          const cache = context.client()
          const [value, loading] = [`${context.key()} with a space`, `${context.key()} with a space`]
          await cache.set(value, '')
          expect(await finds(cache, value)).toBe(true)
          await context.raw().ask(`mg ${Buffer.from(loading).toString('base64')} b N30\r\n`)
          expect(await finds(cache, loading)).toBe(false)
        },
      )
    }

    it('that a serde cannot read is a miss all the same while its value is being loaded', async () => {
      const cache = context.client({ serde: { serialize: () => ({ data: '', clientFlags: 0 }), deserialize: refuse } })
      const key = context.key()
      await context.raw().ask(`add ${key} ${placeholderFlags} 30 0\r\n\r\n`)
      expect(await cache.get(key)).toBeUndefined()
    })

    it('with client flags is a value', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, Buffer.alloc(0))
      expect(await cache.get<Buffer>(key)).toEqual(Buffer.alloc(0))
    })

    it('is one of many in a batch', async () => {
      const cache = context.client()
      const [empty, loading, full] = [context.key(), context.key(), context.key()]
      await cache.setMany({ [empty]: '', [full]: 'x' })
      await context.raw().ask(`add ${loading} ${placeholderFlags} 30 0\r\n\r\n`)
      const expected: [Key, unknown][] = [
        [loading, undefined],
        [empty, ''],
        [full, 'x'],
      ]
      expect([...(await cache.getMany(expected.map(([key]) => key)))]).toEqual(expected.slice(1))
    })
  })
}

function refuse(): never {
  throw new Error('not mine')
}
