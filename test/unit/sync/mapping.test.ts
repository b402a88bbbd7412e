import { describe, expect, it } from 'vitest'
import { MemcacheError } from '../../../src/errors.ts'
import { createMapping, type MappedCommands } from '../../../src/sync/mapping.ts'

function mapOf(stores = true): { map: Record<string, unknown>; items: Map<string, unknown>; asked: unknown[] } {
  const items = new Map<string, unknown>()
  const asked: unknown[] = []
  const commands: MappedCommands = {
    get: (key) => {
      asked.push(key)
      return items.get(String(key))
    },
    set: (key, value) => {
      if (stores) items.set(String(key), value)
      return stores
    },
    delete: (key) => items.delete(String(key)),
    has: (key) => items.has(String(key)),
  }
  return { map: createMapping(commands), items, asked }
}

describe('a mapping', () => {
  it('reads, stores, removes and asks', () => {
    const { map } = mapOf()
    map['a'] = 1
    expect(map['a']).toBe(1)
    expect('a' in map).toBe(true)
    expect(delete map['a']).toBe(true)
    expect(delete map['a']).toBe(true)
    expect('a' in map).toBe(false)
    expect(map['a']).toBeUndefined()
  })

  it('throws where an assignment was not stored', () => {
    const { map } = mapOf(false)
    expect(() => {
      map['a'] = 1
    }).toThrow(MemcacheError)
  })

  it('takes names of Object.prototype for keys', () => {
    const { map, items } = mapOf()
    expect(map['constructor']).toBeUndefined()
    expect('toString' in map).toBe(false)
    Reflect.set(map, '__proto__', 'v')
    expect(items.get('__proto__')).toBe('v')
  })

  it('can be awaited, shown and spread without asking the server', async () => {
    const { map, asked } = mapOf()
    expect(await Promise.resolve(map)).toBe(map)
    expect(Object.keys({ ...map })).toEqual([])
    expect(Reflect.get(map, Symbol.toPrimitive)).toBeUndefined()
    expect(Symbol.iterator in map).toBe(false)
    expect(asked).toEqual([])
  })

  it('refuses symbols as keys', () => {
    const { map } = mapOf()
    expect(() => {
      Reflect.apply(Object.assign, undefined, [map, { [Symbol('s')]: 1 }])
    }).toThrow(TypeError)
  })
})
