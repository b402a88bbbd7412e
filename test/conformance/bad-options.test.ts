import { describe, expect, it } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import { InvalidInputError } from '../../src/errors.ts'

const badOptions: readonly (readonly [name: string, value: unknown])[] = [
  ['timeoutMs', 0],
  ['timeoutMs', Number.NaN],
  ['timeoutMs', '100'],
  ['timeoutMs', -5],
  ['connectTimeoutMs', 0],
  ['connectTimeoutMs', Number.NaN],
  ['connectionsPerServer', 0],
  ['connectionsPerServer', 1.5],
  ['maxPending', 0],
  ['maxPending', '10'],
  ['maxPendingBytes', -1],
  ['maxValueBytes', Number.NaN],
  ['maxItemBytes', -1],
  ['validateAfterIdleMs', -1],
  ['protocol', 'binary'],
  ['failures', 'ignore'],
  ['longKeys', 'truncate'],
  ['defaultTtl', -1],
  ['defaultTtl', 1.5],
  ['requireTtl', 'yes'],
  ['maxTtl', 0],
  ['maxTtl', 1.5],
  ['maxTtl', '60'],
  ['ttlJitter', 2],
  ['ttlJitter', -0.1],
  ['keyPrefix', 5],
  ['keyPrefix', 'x'.repeat(251)],
  ['keyPrefix', '\ud800'],
  ['noDelay', 'yes'],
  ['serde', {}],
  ['auth', { username: 'ann' }],
]

describe('options', () => {
  it.each(badOptions)('%s: %j is refused at once, by name', (name, value) => {
    const create = (): Memcache => new Memcache('localhost', { [name]: value })
    expect(create).toThrow(InvalidInputError)
    expect(create).toThrow(name)
  })

  it('requireTtl leaves no place for a default', () => {
    expect(() => new Memcache('localhost', { requireTtl: true, defaultTtl: 60 })).toThrow(
      /defaultTtl has no effect with requireTtl/,
    )
    new Memcache('localhost', { requireTtl: true, defaultTtl: 0 }).destroy()
    expect(() => new Memcache('localhost', { requiredTtl: true } as object)).toThrow('did you mean requireTtl?')
    expect(() => new Memcache('localhost', { maxTTL: 5 } as object)).toThrow('did you mean maxTtl?')
  })

  it.each(['timeoutMs', 'connectTimeoutMs'])('%s: Infinity switches it off', (name) => {
    const cache = new Memcache('localhost', { [name]: Number.POSITIVE_INFINITY })
    cache.destroy()
  })

  it.each(['', '::1', 'http://localhost', 'localhost:0', 'localhost:65536', 'localhost:x', 'a b'])(
    'the server %j is refused at once',
    (server) => {
      expect(() => new Memcache(server)).toThrow(InvalidInputError)
    },
  )

  it('says to use brackets around a bare IPv6 address', () => {
    expect(() => new Memcache('::1')).toThrow(/\[::1\]/)
  })

  it('refuses a number in the list of servers', () => {
    expect(() => new Memcache(['localhost', 11211 as unknown as string])).toThrow(InvalidInputError)
  })
})
