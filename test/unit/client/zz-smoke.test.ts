import { expect, it } from 'vitest'
import { Memcache } from '../../../src/client/memcache.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
for (const protocol of ['meta', 'text'] as const) for (const lease of ['inline', 'key'] as const)
it(`smoke ${protocol} ${lease}`, async () => {
  const server = await MemcachedServer.start()
  const cache = new Memcache(server.address, { protocol })
  const other = new Memcache(server.address, { protocol })
  let loads = 0
  const loader = async () => { loads++; await new Promise((r) => setTimeout(r, 100)); return { n: loads } }
  const all = await Promise.all([...Array(20)].flatMap(() => [cache.getOrSet('k', loader, { ttl: 60, lease }), other.getOrSet('k', loader, { ttl: 60, lease })]))
  expect(loads).toBe(1)
  expect(all.every((v) => v.n === 1)).toBe(true)
  expect(await cache.get('k')).toEqual({ n: 1 })
  expect(await cache.get('k:lease')).toBeUndefined()
  await cache.set('e', '')
  expect(await cache.get('e')).toBe('')
  expect(await cache.getMany(['e', 'k', 'nope'])).toEqual(new Map<string, unknown>([['e', ''], ['k', { n: 1 }]]))
  await cache.close()
  other.destroy()
  await server.close()
})
