import { describe, expect, it } from 'vitest'
import { InvalidInputError } from '../../../src/errors.ts'
import * as routing from '../../../src/exports/routing.ts'
import { serversOf, tenServers } from './vectors.ts'

const FACTORIES = {
  ketama: () => routing.ketama(),
  'ketama spymemcached': () => routing.ketama({ flavour: 'spymemcached' }),
  'ketama dalli': () => routing.ketama({ flavour: 'dalli' }),
  'ketama twemproxy': () => routing.ketama({ flavour: 'twemproxy' }),
  rendezvous: routing.rendezvous,
  modula: routing.modula,
  jump: routing.jump,
  libmemcachedVirtualBucket: routing.libmemcachedVirtualBucket,
  pymemcache: routing.pymemcache,
  'pymemcache bytes': () => routing.pymemcache({ keys: 'bytes' }),
  pythonMemcached: routing.pythonMemcached,
  gomemcache: routing.gomemcache,
  memjs: routing.memjs,
  mcrouterCh3: routing.mcrouterCh3,
  mcrouterCrc32: routing.mcrouterCrc32,
  memcachedNpm: routing.memcachedNpm,
  hashring: routing.hashring,
  uhashring: routing.uhashring,
  uhashringKetama: routing.uhashringKetama,
} satisfies Record<string, () => routing.Distribution>

/** What a program without types may pass. */
function loosely(make: (options: object) => unknown, options: unknown): () => unknown {
  return () => make(options as object)
}

function problem(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidInputError)
    return (error as InvalidInputError).message
  }
  throw new Error('it was accepted')
}

describe.each(Object.entries(FACTORIES))('%s', (_, make) => {
  it('refuses a list without servers', () => {
    expect(problem(() => make()([]))).toMatch(/at least one server/)
    expect(problem(() => make()('a:11211' as unknown as []))).toMatch(/list of at least one server/)
  })

  it('refuses two servers of one name and says what to do', () => {
    expect(problem(() => make()(serversOf(['a:1', 'b:1', 'a:1'])))).toMatch(/two servers are called "a:1": remove one/)
  })

  it.each([0, -1, 1.5, Number.NaN, '2', undefined])('refuses the weight %s', (weight) => {
    const servers = [{ name: 'a:1', weight: weight as number }]
    expect(problem(() => make()(servers))).toMatch(/server "a:1": weight must be a positive integer/)
  })

  it('refuses servers without a name', () => {
    expect(problem(() => make()([{ name: '', weight: 1 }]))).toMatch(/name must be a text, not empty/)
    expect(problem(() => make()(['a:1'] as unknown as []))).toMatch(/must be an object with a name and a weight/)
  })
})

describe('weights', () => {
  it.each(['rendezvous', 'pymemcache', 'jump', 'mcrouterCh3', 'mcrouterCrc32'] as const)(
    'are an error for %s',
    (name) => {
      const message = problem(() => FACTORIES[name]()(serversOf(['a:1', 'b:1'], [1, 2])))
      expect(message).toMatch(/server "b:1" has the weight 2, but \w+ has no weights: give every server the weight 1/)
    },
  )

  it('of uhashring that would fill the memory are an error', () => {
    expect(problem(() => routing.uhashring()(serversOf(['a:1'], [1_000_000])))).toMatch(
      /divide them by a common factor/,
    )
  })

  it('do not count in modula unless they are asked for', () => {
    const servers = serversOf(tenServers(3), [1, 1, 8])
    const plain = routing.modula()(servers)
    const weighted = routing.modula({ weighted: true })(servers)
    const keys = Array.from({ length: 1000 }, (_, index) => `key:${index}`)
    const share = (router: routing.Router): number => keys.filter((key) => router.pick(key) === 2).length / keys.length
    expect(Math.abs(share(plain) - 1 / 3)).toBeLessThan(0.06)
    expect(Math.abs(share(weighted) - 0.8)).toBeLessThan(0.06)
  })
})

describe('names', () => {
  it('that a ring cannot tell apart are an error', () => {
    const servers = serversOf(['a', 'b', 'a:11211'])
    expect(problem(() => routing.ketama()(servers))).toMatch(/servers "a" and "a:11211" are both "a" to this/)
  })

  it('decide, not addresses: a server keeps its keys when its address changes', () => {
    const before = routing.ketama()([
      { name: 'one', weight: 1, host: '10.0.0.1', port: 11211 },
      { name: '10.0.0.2:11211', weight: 1, host: '10.0.0.2', port: 11211 },
    ])
    const after = routing.ketama()([
      { name: 'one', weight: 1, host: '10.9.9.9', port: 11999 },
      { name: '10.0.0.2:11211', weight: 1, path: '/run/two.sock' },
    ])
    for (let key = 0; key < 500; key++) expect(after.pick(`key:${key}`)).toBe(before.pick(`key:${key}`))
  })

  it('of sockets with a relative path are known by the path', () => {
    const keys = Array.from({ length: 300 }, (_, index) => `key:${index}`)
    const sockets = routing.ketama()([
      { name: 'a.sock', weight: 1, path: 'a.sock' },
      { name: 'b.sock', weight: 1, path: 'b.sock' },
    ])
    const spelled = routing.ketama()(serversOf(['a.sock:0', 'b.sock:0']))
    expect(keys.map((key) => sockets.pick(key))).toEqual(keys.map((key) => spelled.pick(key)))
  })
})

describe('options', () => {
  it.each([
    ['ketama', routing.ketama],
    ['rendezvous', routing.rendezvous],
    ['modula', routing.modula],
    ['jump', routing.jump],
    ['pymemcache', routing.pymemcache],
    ['libmemcachedModula', routing.libmemcachedModula],
    ['libmemcachedConsistent', routing.libmemcachedConsistent],
    ['libmemcachedWeighted', routing.libmemcachedWeighted],
    ['libmemcachedSpy', routing.libmemcachedSpy],
    ['libmemcachedVirtualBucket', routing.libmemcachedVirtualBucket],
    ['twemproxy', routing.twemproxy],
    ['twemproxyModula', routing.twemproxyModula],
  ] as const)('of %s: an unknown one is named, with the known ones', (name, make) => {
    expect(problem(loosely(make, { wieghted: true }))).toMatch(`${name}: there is no option "wieghted"; it has `)
    expect(problem(loosely(make, null))).toMatch(`${name}: the options must be an object, got null`)
  })

  it.each([
    ['ketama', routing.ketama],
    ['rendezvous', routing.rendezvous],
    ['modula', routing.modula],
    ['jump', routing.jump],
    ['libmemcachedWeighted', routing.libmemcachedWeighted],
    ['twemproxyModula', routing.twemproxyModula],
  ] as const)('of %s: a hash that is no function is an error', (name, make) => {
    expect(problem(loosely(make, { hash: 'md5' }))).toMatch(`${name}: hash must be a function such as hashes.md5`)
  })

  it.each([
    [{ flavour: 'nginx' }, /flavour must be one of libmemcached, .*, got "nginx"/],
    [{ weighted: 'yes' }, /weighted must be true or false, got "yes"/],
    [{ hashTag: '{}' }, /hashTag is for the flavour twemproxy, not for libmemcached/],
    [{ flavour: 'twemproxy', hashTag: '{' }, /hashTag must be two characters of ASCII, such as '\{\}', got "\{"/],
    [{ flavour: 'twemproxy', weighted: false }, /the ring of twemproxy is always weighted/],
    [{ flavour: 'dalli', weighted: false }, /the ring of dalli is always weighted/],
  ])('of ketama: %j is refused', (options, message) => {
    expect(problem(loosely(routing.ketama, options))).toMatch(message)
  })

  it.each([-1, 0.5, 2 ** 32, Number.NaN, '1'])('of rendezvous: the seed %s is refused', (seed) => {
    expect(problem(loosely(routing.rendezvous, { seed }))).toMatch(/seed must be an integer from 0 to 4294967295/)
  })

  it('of pymemcache: keys are str or bytes', () => {
    expect(problem(loosely(routing.pymemcache, { keys: 'unicode' }))).toMatch(/keys must be one of str, bytes/)
  })

  it('of modula: weighted is a flag', () => {
    expect(problem(loosely(routing.modula, { weighted: 1 }))).toMatch(/modula: weighted must be true or false, got 1/)
  })
})

function signedMd5(key: routing.HashInput): number {
  return routing.hashes.md5(key) | 0
}

describe('a hash of your own', () => {
  it('may give negative numbers: their 32 bits count', () => {
    for (const make of [routing.ketama, routing.modula, routing.jump]) {
      const [own, plain] = [signedMd5, routing.hashes.md5].map((hash) => make({ hash })(serversOf(tenServers(7))))
      for (let key = 0; key < 300; key++) expect(own!.pick(`key:${key}`)).toBe(plain!.pick(`key:${key}`))
    }
  })
})
