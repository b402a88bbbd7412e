import { describe, expect, it } from 'vitest'
import type { Memcache } from '../../../src/client/memcache.ts'
import { BatchError, InvalidInputError, MemcacheError } from '../../../src/errors.ts'
import { deleteMatching } from '../../../src/keys/delete-matching.ts'
import { listKeys } from '../../../src/keys/list-keys.ts'
import type { ListedKey } from '../../../src/keys/listed-key.ts'
import type { KeyOwner, ListKeysOptions } from '../../../src/keys/options.ts'
import type { Key } from '../../../src/protocol/key.ts'
import { raw } from '../../../src/serde/raw.ts'
import { eventually, rejection } from '../../support/eventually.ts'
import type { Context } from '../context.ts'

async function list(cache: KeyOwner, options?: ListKeysOptions): Promise<ListedKey[]> {
  const items: ListedKey[] = []
  for await (const item of listKeys(cache, options)) items.push(item)
  return items
}

async function keysOf(cache: KeyOwner, options?: ListKeysOptions): Promise<string[]> {
  return (await list(cache, options))
    .map(({ key }) => (typeof key === 'string' ? key : `bytes ${key.join(' ')}`))
    .toSorted()
}

export function describeKeyListing(context: Context): void {
  const { itNeeds } = context

  /** A client whose keys are those of one test. */
  const ownClient = (label: string): Memcache => context.client({ keyPrefix: `${context.key(label)}:` })

  describe('key listings', () => {
    if (isSynchronous(context)) {
      it('are refused by the synchronous clients, in a sentence', async () => {
        const cache = context.client()
        expect(() => listKeys(cache)).toThrow(/memlane\/sync .*no key listing/)
        expect(await rejection(deleteMatching(cache, { prefix: 'a' }))).toBeInstanceOf(InvalidInputError)
      })
      return
    }

    itNeeds(
      'admin',
      'have every key once, and no other client’s',
      async () => {
        const cache = ownClient('list')
        const keys = Array.from({ length: 500 }, (_, index) => `user:${index}`)
        await context.client().set(context.key('stranger'), 1)
        await cache.setMany(keys.map((key) => [key, 'x'] as const))
        expect(await keysOf(cache)).toEqual(keys.toSorted())
      },
      {
        title: 'are an error that says why',
        test: async () => {
          const cache = context.client()
          const error = await rejection(list(cache))
          expect(error).toBeInstanceOf(MemcacheError)
          expect(error).toMatchObject({ code: 'MEMLANE_UNKNOWN_COMMAND', command: 'listKeys' })
          expect(await rejection(deleteMatching(cache, { prefix: 'a' }))).toBeInstanceOf(BatchError)
        },
      },
    )

    itNeeds('admin', 'say what the server knows of an item', async () => {
      const cache = ownClient('facts')
      await cache.set('short', 'x'.repeat(1000), { ttl: 1000, serde: raw, clientFlags: 77 })
      await cache.set('never', 'x')
      await cache.get('never')
      const items = new Map((await list(cache)).map((item) => [item.key, item]))
      const { ttl, lastAccess, size, cas, slabClass, clientFlags = 77, ...rest } = items.get('short')!
      expect(rest).toEqual({ key: 'short', server: context.address(), fetched: false })
      expect(ttl).toBeGreaterThan(900)
      expect(ttl).toBeLessThanOrEqual(1001)
      expect(lastAccess).toBeLessThan(100)
      expect(size).toBeGreaterThan(1000)
      expect(slabClass).toBeGreaterThan(0)
      expect(clientFlags).toBe(77)
      expect(cas).toBe(context.target.lacks.has('cas') ? 0n : (await cache.gets('short', { serde: raw }))!.cas)
      expect(items.get('never')).toMatchObject({ ttl: Number.POSITIVE_INFINITY, fetched: true })
    })

    itNeeds('admin', 'have keys of text and of bytes', async () => {
      const cache = ownClient('bytes')
      for (const key of ['grüße', 'END', '%41', Buffer.from([0xff, 0x80])]) await cache.set(key, 1)
      expect(await keysOf(cache)).toEqual(['%41', 'END', 'bytes 255 128', 'grüße'])
    })

    itNeeds(
      ['admin', 'anyByteKeys'],
      'have keys with white space and control characters, and delete them',
      async () => {
        const cache = ownClient('white')
        const keys: Key[] = ['a b', 'line\r\nbreak', '\x00', Buffer.from([0x20, 0xff])]
        for (const key of keys) await cache.set(key, 1)
        expect(await keysOf(cache)).toEqual(['\x00', 'a b', 'bytes 32 255', 'line\r\nbreak'])
        expect(await deleteMatching(cache, { all: true })).toBe(4)
      },
    )

    itNeeds('admin', 'are narrowed by a prefix and by a filter', async () => {
      const cache = ownClient('narrow')
      await cache.setMany(['a:1', 'a:2', 'ab', 'b:1', 'ü:1'].map((key) => [key, key.length] as const))
      expect(await keysOf(cache, { prefix: 'a:' })).toEqual(['a:1', 'a:2'])
      expect(await keysOf(cache, { prefix: 'ü:' })).toEqual(['ü:1'])
      expect(await keysOf(cache, { filter: ({ key }) => String(key).endsWith('1') })).toEqual(['a:1', 'b:1', 'ü:1'])
      expect(await keysOf(cache, { prefix: 'a', filter: ({ key }) => key !== 'a:1' })).toEqual(['a:2', 'ab'])
      expect(await keysOf(cache, { prefix: 'nothing' })).toEqual([])
    })

    itNeeds('admin', 'of a namespace have its keys, and those of the present generation alone', async () => {
      const cache = ownClient('space')
      const users = cache.namespace('user:')
      const pages = cache.namespace('page:', { generations: true })
      await users.set('1', 1)
      await pages.set('old', 1)
      await pages.clear()
      await pages.set('new', 1)
      expect(await keysOf(users)).toEqual(['1'])
      expect(await keysOf(pages)).toEqual(['new'])
      expect(await deleteMatching(users, { all: true })).toBe(1)
      expect(await deleteMatching(pages, { prefix: 'n' })).toBe(1)
      expect(await pages.get('new')).toBeUndefined()
      expect((await keysOf(cache)).filter((key) => key !== 'page:generation')).toHaveLength(1)
    })

    itNeeds('admin', 'end when their reader leaves, and leave the server to the next', async () => {
      const cache = ownClient('leave')
      await cache.setMany(Array.from({ length: 200 }, (_, index) => [`k${index}`, 1] as const))
      for await (const { key } of listKeys(cache)) {
        expect(key).toMatch(/^k/)
        break
      }
      await eventually(async () => expect(await list(cache)).toHaveLength(200))
    })

    itNeeds('admin', 'wait for each other', async () => {
      const cache = ownClient('wait')
      await cache.setMany(Array.from({ length: 200 }, (_, index) => [`k${index}`, 1] as const))
      const counts = await Promise.all([list(cache), list(cache), list(cache)])
      expect(counts.map((items) => items.length)).toEqual([200, 200, 200])
    })
  })

  if (isSynchronous(context)) return

  describe('deleteMatching', () => {
    itNeeds('admin', 'deletes what matches, and counts it', async () => {
      const cache = ownClient('delete')
      const keys = Array.from({ length: 2500 }, (_, index) => `a:${index}`)
      await cache.setMany([...keys, 'b:1', 'b:2'].map((key) => [key, 'x'] as const))
      expect(await deleteMatching(cache, { prefix: 'a:' })).toBe(2500)
      expect(await keysOf(cache)).toEqual(['b:1', 'b:2'])
      expect(await deleteMatching(cache, { filter: ({ key }) => key === 'b:1' }, { unchanged: false })).toBe(1)
      expect(await deleteMatching(cache, { prefix: 'a:' })).toBe(0)
      expect(await deleteMatching(cache, { all: true })).toBe(1)
      expect(await keysOf(cache)).toEqual([])
    })

    itNeeds(
      ['admin', 'meta', 'cas'],
      'leaves alone what was stored anew since it was listed, unless told not to',
      async () => {
        const cache = ownClient('anew')
        const stored: Promise<boolean>[] = []
        const filter = ({ key }: ListedKey): boolean => {
          // On its way before the deletes are, on the same connection.
          if (key === 'a') stored.push(cache.set('a', 'new'))
          return true
        }
        await cache.setMany({ a: 'old', b: 'old' })
        expect(await deleteMatching(cache, { filter })).toBe(1)
        expect([await cache.get('a'), await cache.get('b')]).toEqual(['new', undefined])
        expect(await deleteMatching(cache, { filter }, { unchanged: false })).toBe(1)
        expect(await cache.get('a')).toBeUndefined()
        expect(stored).toHaveLength(2)
      },
    )

    itNeeds('admin', 'refuses to delete everything by an oversight', async () => {
      const cache = ownClient('everything')
      await cache.set('k', 1)
      for (const match of [{}, { prefix: '' }, { prefix: undefined }, { filter: undefined, all: false }, undefined]) {
        // @ts-expect-error - as JavaScript may call it
        expect(await rejection(deleteMatching(cache, match))).toBeInstanceOf(InvalidInputError)
      }
      expect(await cache.get('k')).toBe(1)
    })
  })
}

function isSynchronous({ target }: Context): boolean {
  return target.isUnlisted === true && target.name.startsWith('MemcacheSync')
}
