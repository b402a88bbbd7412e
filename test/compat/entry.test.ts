import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'

const load = createRequire(new URL('../../package.json', import.meta.url))

describe('memlane/compat/memcached', () => {
  it('is the constructor itself to require(), in both builds', () => {
    for (const name of ['memlane/compat/memcached', './dist/compat-memcached.cjs']) {
      const Memcached: unknown = load(name)
      expect(typeof Memcached).toBe('function')
      expect(Memcached).toHaveProperty('name', 'Memcached')
      expect(Memcached).toHaveProperty('config')
    }
  })
})
