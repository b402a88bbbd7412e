import { Memcache } from 'memlane'
import { MemcachedServer } from 'memlane/testing'

// In place of the types of jest, which have a version of their own.
declare const it: (name: string, test: () => Promise<void>) => void
declare const expect: (value: unknown) => { toEqual(expected: unknown): void }

it('gives a value back, with its type', async () => {
  const server = await MemcachedServer.start()
  const cache = new Memcache(server.address, { timeoutMs: 60_000, connectTimeoutMs: 60_000 })
  await cache.set('user', { name: 'Ada' })
  const user: { name: string } | undefined = await cache.get<{ name: string }>('user')
  expect(user).toEqual({ name: 'Ada' })
  await cache.close()
  await server.close()
})
