import { describe, expect, it } from 'vitest'
import { Memcache } from '../../../src/client/memcache.ts'
import { MetaClient } from '../../../src/client/meta/client.ts'
import { resolveClientOptions } from '../../../src/client/options.ts'
import { InvalidInputError } from '../../../src/errors.ts'
import { MemcacheSync } from '../../../src/sync/memcache-sync.ts'
import { MetaClientSync } from '../../../src/sync/meta-client-sync.ts'

describe('the options of a client', () => {
  it.each([
    [{ timeout: 5 }, 'option "timeout" must be one that memlane knows: did you mean timeoutMs?'],
    [{ keyprefix: 'a' }, 'option "keyprefix" must be one that memlane knows: did you mean keyPrefix?'],
    [
      { password: 'secret' },
      'option "password" must be one that memlane knows: did you mean auth: { username, password }?',
    ],
    [{ constructor: 1 }, 'option "constructor" must be one that memlane knows'],
    [[], 'option options must be an object, got an Array'],
    [5, 'option options must be an object, got 5'],
    [{ compression: { foo: 1 } }, 'compression has no option "foo"; it has minBytes, level, asyncBytes, algorithm'],
    [{ compression: [] }, 'option compression must be true, false or an object, got an Array'],
  ])('%j are refused', (options, message) => {
    expect(() => resolveClientOptions(options as object)).toThrow(new InvalidInputError(message))
  })

  it.each([
    ['MetaClient', () => new MetaClient('a', { shareReads: true }), /not for a MetaClient/],
    ['MemcacheSync', () => new MemcacheSync('a', { shareReads: true }), /one call at a time/],
    ['MetaClientSync', () => new MetaClientSync('a', { shareReads: true }), /one call at a time/],
  ])('shareReads is refused by %s, whose calls would share nothing', (_name, make, message) => {
    expect(make).toThrow(InvalidInputError)
    expect(make).toThrow(message)
  })

  it.each([
    ['failover', 'cluster: { failover }'],
    ['failOverServers', 'cluster: { failover }'],
    ['retries', 'retry: { attempts, delayMs }'],
    ['namespace', 'keyPrefix, or namespace() of the client'],
    ['prefix', 'keyPrefix, or namespace() of the client'],
    ['username', 'auth: { username, password }'],
    ['expires', 'defaultTtl'],
    ['lifetime', 'defaultTtl'],
    ['poolSize', 'connectionsPerServer'],
    ['timeout', 'timeoutMs'],
    ['conntimeout', 'connectTimeoutMs'],
    ['idle', 'idleTimeoutMs'],
    ['maxKeySize', "longKeys: 'hash'"],
    ['keyCompression', "longKeys: 'hash'"],
    ['maxValue', 'maxItemBytes'],
    ['serializer', 'serde'],
    ['servers', 'the first argument, a list of servers'],
  ])('%s of another client is refused with its name here, by every client: %s', (name, here) => {
    const message = `option "${name}" must be one that memlane knows: did you mean ${here}?`
    const options = { [name]: 1 }
    for (const Client of [Memcache, MetaClient, MemcacheSync, MetaClientSync]) {
      expect(() => new Client('localhost:11211', options)).toThrow(new InvalidInputError(message))
    }
  })

  it('direct is the name for a misspelt one, of MemcacheSync only', () => {
    const options: object = { dierct: false }
    const message = 'option "dierct" must be one that memlane knows'
    expect(() => new MemcacheSync('localhost:11211', options)).toThrow(
      new InvalidInputError(`${message}: did you mean direct?`),
    )
    expect(() => new Memcache('localhost:11211', options)).toThrow(new InvalidInputError(message))
  })
})
