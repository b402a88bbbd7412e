const { Memcache } = require('memlane')
const { MemcachedServer } = require('memlane/testing')

test('a value comes back', async () => {
  const server = await MemcachedServer.start()
  const cache = new Memcache(server.address, { timeoutMs: 60_000, connectTimeoutMs: 60_000 })
  await cache.set('user', { name: 'Ada' })
  expect(await cache.get('user')).toEqual({ name: 'Ada' })
  await cache.close()
  await server.close()
})
