import { inspect } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BatchError, ConnectError } from '../../../src/errors.ts'
import { Memcache, type MemcacheOptions } from '../../../src/exports/index.ts'
import { MetaClient } from '../../../src/exports/meta.ts'
import { MemcacheSync, MetaClientSync } from '../../../src/exports/sync.ts'
import { MemcachedServer, MockMemcache } from '../../../src/exports/testing.ts'

const options: MemcacheOptions = {
  auth: { username: 'ada', password: 'secret-1' },
  timeoutMs: 250,
  keyPrefix: 'app:',
  tls: { key: 'secret-2', ca: 'secret-3' },
  fallback: [['memcached://ada:secret-4@old:1']],
  cluster: { failover: 'gutter', gutter: ['memcached://ada:secret-5@gutter:1'] },
}

describe('what console.log shows of a batch that failed', () => {
  const failed = new Map<string, unknown>()
  for (let at = 0; at < 20_000; at++)
    failed.set(`key:${at}`, new ConnectError(`no way to key:${at}`, { server: 'a:1' }))
  const found = new Map([['there', 'a value that is secret']])
  const error = new BatchError(
    'getMany: 20000 of 20001 failed',
    { found, done: ['x', 'y'], failed },
    { delivery: 'not-sent', server: 'a:1', command: 'getMany' },
  )
  const text = inspect(error)

  it('is a few lines: its stack, numbers, and the first three failures', () => {
    const [stack, facts] = [String(error.stack), text.slice(text.indexOf('{'))]
    expect(text.split('\n').length).toBeLessThan(stack.split('\n').length + 20)
    expect(text).toMatch(/^BatchError: getMany: 20000 of 20001 failed\n\s+at /)
    expect(facts).toMatch(/code: 'MEMLANE_BATCH'/)
    expect(facts).toMatch(/delivery: 'not-sent'/)
    expect(facts).toMatch(/found: 1,\s+done: 2,\s+failed: 20000/)
    expect(facts.match(/no way to key:\d+/g)).toEqual(['no way to key:0', 'no way to key:1', 'no way to key:2'])
  })

  it('holds no value', () => {
    expect(text).not.toContain('secret')
  })

  it('is as short where it is the cause of another error', () => {
    expect(inspect(new Error('outer', { cause: error })).split('\n').length).toBeLessThan(60)
  })
})

describe('what console.log shows of a client', () => {
  it.each<[string, () => object]>([
    ['Memcache', () => new Memcache(['memcached://ada:secret-6@a:1', 'b:1'], options)],
    ['MetaClient', () => new MetaClient(['memcached://ada:secret-6@a:1', 'b:1'], options)],
    ['MemcacheSync', () => new MemcacheSync(['memcached://ada:secret-6@a:1', 'b:1'], options)],
    ['MetaClientSync', () => new MetaClientSync(['memcached://ada:secret-6@a:1', 'b:1'], options)],
    ['MockMemcache', () => new MockMemcache(['memcached://ada:secret-6@a:1', 'b:1'], options)],
  ])('is servers and options, without logins and without its insides: %s', (name, make) => {
    const cache = make()
    const text = inspect(cache, { depth: 10 })
    expect(text).toMatch(new RegExp(`^${name} \\{`))
    for (const shown of ["'a:1'", "'b:1'", 'timeoutMs: 250', "keyPrefix: 'app:'", "cluster: '(set)'"]) {
      expect(text).toContain(shown)
    }
    expect(text).not.toMatch(/secret|ada|_events|maxListeners|#/i)
    expect(text.split('\n').length).toBeLessThan(45)
  })

  it('is the state of each server', () => {
    expect(inspect(new Memcache('a:1'), { depth: 5 })).toContain("state: '")
  })

  it('of its parts is what they are for', () => {
    const cache = new Memcache('a:1')
    expect(inspect(cache.namespace('user:'))).toBe("Namespace { prefix: 'user:' }")
    expect(inspect(cache.pipeline().get('a').get('b'))).toBe('CommandPipeline {}')
    expect(inspect(new MetaClient('a:1').pipeline().get('a'))).toBe('MetaPipeline {}')
    expect(inspect(cache.noreply)).not.toContain('#')
  })

  it('of an option whatever it is: a function, a list, an object that holds itself', () => {
    const serde: Record<string, unknown> = { serialize: () => 0, deserialize: () => 0 }
    serde['self'] = serde
    const odd = { middleware: [(next: unknown) => next], longKeys: () => 'x', serde } as unknown as MemcacheOptions
    expect(inspect(new Memcache('a:1', odd))).toMatch(/^Memcache \{/)
  })
})

describe('what console.log shows of an embedded server', () => {
  it('is its address', async () => {
    const server = await MemcachedServer.start({ port: 0 })
    onTestFinished(() => server.close())
    const text = inspect(server)
    expect(text).toContain(server.address)
    expect(text.split('\n').length).toBeLessThan(10)
  })
})
