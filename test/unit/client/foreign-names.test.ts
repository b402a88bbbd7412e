import { describe, expect, it } from 'vitest'
import { Memcache, type MemcacheOptions } from '../../../src/exports/index.ts'
import { tagged } from '../../../src/exports/tags.ts'

describe('what other clients call an option', () => {
  it.each([
    ['connect_timeout', 'connectTimeoutMs'],
    ['timeout', 'timeoutMs'],
    ['ignore_exc', "failures: 'missReads'"],
    ['max_pool_size', 'connectionsPerServer'],
    ['poolSize', 'connectionsPerServer'],
    ['namespace', 'keyPrefix, or namespace() of the client'],
    ['distribution', 'cluster: { distribution }'],
  ])('%s of a client is answered with its name here', (option, name) => {
    const options = { [option]: 1 } as MemcacheOptions
    expect(() => new Memcache('localhost:1', options)).toThrow(`did you mean ${name}?`)
  })

  it.each(['expire', 'exptime', 'ttlMs', 'maxAge', 'expires_in'])(
    '%s of a write is answered with ttl',
    async (option) => {
      const cache = new Memcache('localhost:1')
      await expect(cache.set('key', 1, { [option]: 1 })).rejects.toThrow('did you mean ttl, in seconds?')
      await expect(cache.get('key', { [option]: 1 } as object)).rejects.toThrow('; it has signal')
      cache.destroy()
    },
  )
})

describe('a habit from elsewhere is answered with what to do', () => {
  it.each<[string, () => unknown, string]>([
    ['servers among the options', () => new Memcache({ servers: ['a:1'] } as never), "new Memcache(['host:11211']"],
    ['a serde by name', () => new Memcache('a:1', { serde: 'json' as never }), 'such as json of memlane/serde'],
    [
      'a distribution by name',
      () => new Memcache('a:1', { cluster: { distribution: 'ketama' as never } }),
      'such as ketama() of memlane/routing',
    ],
    ['tags without a prefix', () => tagged(new Memcache('a:1'), undefined as never), "{ prefix: 'pages:' }"],
  ])('%s', (_habit, attempt, hint) => {
    expect(attempt).toThrow(hint)
  })

  it('a list of keys for a call about one', async () => {
    const cache = new Memcache('localhost:1')
    await expect(cache.get(['a', 'b'] as never)).rejects.toThrow('as getMany')
    cache.destroy()
  })

  it('a value that is too large', async () => {
    const cache = new Memcache('localhost:1', { maxItemBytes: 1_000_000 })
    await expect(cache.set('key', Buffer.alloc(2_000_000))).rejects.toThrow('memlane/chunks')
    cache.destroy()
  })
})
