import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { Memcache } from '../../../src/client/memcache.ts'
import { MetaClient } from '../../../src/client/meta/client.ts'
import { InvalidInputError } from '../../../src/errors.ts'
import { shapeOf } from '../../../src/sync/bridge/protocol.ts'
import { MemcacheSync } from '../../../src/sync/memcache-sync.ts'
import { MetaClientSync } from '../../../src/sync/meta-client-sync.ts'
import type { MemcacheSyncOptions } from '../../../src/sync/options.ts'

// Written in JavaScript, as every script of this project is.
const { generate } = (await import(join('../../../scripts', 'sync-types.mjs'))) as { generate: () => string }

const root = join(import.meta.dirname, '../../..')

/** Without what a formatter changes: the order of imports, white space, and the punctuation where lines are broken. */
function bare(code: string): string[] {
  const [head, ...interfaces] = code.split('\n/** Methods of')
  const text = interfaces.join('\n/** Methods of').replace(/[\s,|]+/g, '')
  return [...new Set(head!.match(/\w+(?=[ ,\n]|$)|'[^']*'/g))].toSorted().concat(text)
}

describe('the synchronous clients', () => {
  it.each([
    [MemcacheSync, Memcache],
    [MetaClientSync, MetaClient],
  ])('%o has every method and getter of its model', (synchronous, model) => {
    const { methods, getters } = shapeOf(model.prototype)
    expect(methods.length).toBeGreaterThan(10)
    for (const name of methods) expect(typeof Reflect.get(synchronous.prototype, name), name).toBe('function')
    for (const name of getters) expect(name in synchronous.prototype, name).toBe(true)
  })

  it('have types that were made of the present ones (npm run generate)', () => {
    const written = readFileSync(join(root, 'src/sync/generated/sync-commands.ts'), 'utf8')
    expect(bare(written)).toEqual(bare(generate()))
  })

  it('have the types of their models, without promises', () => {
    const cache = new MemcacheSync()
    expectTypeOf(() => cache.get<number>('k')).returns.toEqualTypeOf<number | undefined>()
    expectTypeOf(() => cache.get<number, null>('k', { default: null })).returns.toEqualTypeOf<number | null>()
    expectTypeOf(() => cache.getMany<number>(['k'])).returns.toEqualTypeOf<Map<string, number>>()
    expectTypeOf(() => cache.incr('k', 1n, { initial: 1 })).returns.toEqualTypeOf<bigint>()
    expectTypeOf(() => cache.noreply.set('k', 1)).returns.toEqualTypeOf<void>()
    expectTypeOf(() => cache.namespace<number>('n:').get('k')).returns.toEqualTypeOf<number | undefined>()
    expectTypeOf(() => cache.pipeline().get<number>('k').run()[0]).returns.toHaveProperty('status')
    expectTypeOf(() => cache.asMap<number>()['k']).returns.toEqualTypeOf<number | undefined>()
    expectTypeOf(cache.clone()).toEqualTypeOf<MemcacheSync>()
  })

  it.each([
    ['connect', { connect: () => Promise.reject(new Error('never')) }],
    ['middleware', { middleware: [] }],
  ])('refuse the option %s and say why', (name, options) => {
    expect(() => new MemcacheSync('localhost', options)).toThrow(InvalidInputError)
    expect(() => new MemcacheSync('localhost', options)).toThrow(new RegExp(`option ${name}.*thread`))
  })

  it('check the option direct, which MetaClientSync does not have', () => {
    for (const direct of ['no', 0, null]) {
      const options = { direct } as unknown as MemcacheSyncOptions
      expect(() => new MemcacheSync('localhost', options)).toThrow(InvalidInputError)
      expect(() => new MemcacheSync('localhost', options)).toThrow(/option direct must be true or false, got/)
    }
    const throwing = {
      get direct(): boolean {
        throw new Error('of the caller')
      },
    }
    expect(() => new MemcacheSync('localhost', throwing)).toThrow(/options of the client cannot be read: of the caller/)
    expect(() => new MetaClientSync('localhost', { direct: true } as object)).toThrow(/option "direct"/)
    expect(() => new MemcacheSync('localhost', { direct: false }).clone({ direct: true }).close()).not.toThrow()
  })

  it('refuse a source of servers and say why', () => {
    const source = (async function* () {})()
    expect(() => new MemcacheSync(source as never)).toThrow(/source of servers/)
  })

  it('refuse bad options as their models do, without starting anything', () => {
    expect(() => new MemcacheSync('localhost', { timeoutMs: 0 })).toThrow(InvalidInputError)
    expect(() => new MemcacheSync('::1')).toThrow(/brackets/)
    expect(() => new MetaClientSync('localhost', { protocol: 'text' })).toThrow(InvalidInputError)
  })
})
