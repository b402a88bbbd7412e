import { type CacheEntry, cachified } from '@epic-web/cachified'
import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { prepareRecipe } from './support/recipe.ts'
import { targets } from './support/servers.ts'

describe.each(targets())('the recipe for cachified on $name', ({ start }) => {
  const recipes = prepareRecipe<typeof import('./recipes/cachified.ts')>('functions.md', 'cachified.ts')

  /** A process that counts its loads. */
  function openProcess(address: string, options: { ttl?: number; swr?: number } = { ttl: 60_000 }) {
    const cache = recipes().recipe.cachifiedCache(recipes().open(address))
    let loads = 0
    const load = (key = 'user'): Promise<string> =>
      cachified({ key, cache, ...options, getFreshValue: () => `load ${++loads}` })
    return { cache, load, count: () => loads }
  }

  it('shares values between processes until they are deleted', async () => {
    await using server = await start()
    const [first, second] = [openProcess(server.address), openProcess(server.address)]
    expect(await first.load()).toBe('load 1')
    expect(await second.load()).toBe('load 1')
    await second.cache.delete('user')
    expect(await first.load()).toBe('load 2')
    expect([first.count(), second.count()]).toEqual([2, 0])
  })

  it('keeps an entry for its ttl and the time that it may be stale', async () => {
    await using server = await start()
    const client = recipes().open(server.address)
    const times = [
      [{ ttl: 60_000 }, 61],
      [{ ttl: 60_000, swr: 60_000 }, 121],
      [{ ttl: 60_000, swr: Number.POSITIVE_INFINITY }, undefined],
      [{}, undefined],
    ] as const
    for (const [index, [options, seconds]] of times.entries()) {
      await openProcess(server.address, options).load(`key${index}`)
      const ttl = (await client.inspect(`cachified:key${index}`))?.ttl
      if (seconds === undefined) expect(ttl).toBe(Number.POSITIVE_INFINITY)
      else expect([seconds - 1, seconds]).toContain(ttl)
    }
  })

  it('gives a stale value and loads a new one', async () => {
    await using server = await start()
    const { cache, load } = openProcess(server.address, { ttl: 1000, swr: 60_000 })
    const old: CacheEntry<string> = {
      value: 'old',
      metadata: { createdTime: Date.now() - 5000, ttl: 1000, swr: 60_000 },
    }
    await cache.set('user', old)
    expect(await load()).toBe('old')
    await eventually(async () => expect(await load()).toMatch(/^load/))
  })

  it('loads where memcached is gone, or a value is too large', async () => {
    await using server = await start()
    const { cache, load } = openProcess(server.address)
    const large = 'x'.repeat(2_000_000)
    expect(await cachified({ key: 'large', cache, getFreshValue: () => large })).toBe(large)
    await server[Symbol.asyncDispose]()
    expect([await load(), await load()]).toEqual(['load 1', 'load 2'])
  })
})

describe.each(targets())('the memo on $name', ({ start }) => {
  const recipes = prepareRecipe<typeof import('./recipes/memo.ts')>('functions.md', 'memo.ts')

  function openMemo(address: string) {
    const calls: [number, string][] = []
    const { recipe, open } = recipes()
    const find = recipe.memoize(
      open(address),
      'find',
      async (page: number, text: string) => {
        calls.push([page, text])
        return { page, text }
      },
      { ttl: 60 },
    )
    return { find, calls }
  }

  it('loads each result once for all processes', async () => {
    await using server = await start()
    const [first, second] = [openMemo(server.address), openMemo(server.address)]
    const text = 'x'.repeat(1000)
    const finds = [first, first, second, second].map(({ find }) => find(1, text))
    expect(await Promise.all(finds)).toEqual(finds.map(() => ({ page: 1, text })))
    await second.find(2, text)
    expect(first.calls.length + second.calls.length).toBe(2)
    await first.find.forget(1, text)
    await second.find(1, text)
    expect(first.calls.length + second.calls.length).toBe(3)
  })

  it('loads where memcached is gone', async () => {
    await using server = await start()
    const { find, calls } = openMemo(server.address)
    await server[Symbol.asyncDispose]()
    for (let count = 0; count < 2; count++) expect(await find(1, 'a')).toEqual({ page: 1, text: 'a' })
    expect(calls).toHaveLength(2)
    await expect(find.forget(1, 'a')).rejects.toThrow()
  })
})
