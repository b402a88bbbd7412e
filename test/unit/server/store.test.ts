import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { createCounters } from '../../../src/server/counters.ts'
import { Item, itemBytes } from '../../../src/server/item.ts'
import { ServerClock } from '../../../src/server/server-clock.ts'
import { Store } from '../../../src/server/store.ts'
import { StoreLog } from '../../../src/server/store-log.ts'
import { Watchers } from '../../../src/server/watchers.ts'
import { FakeClock } from './dialogue.ts'

const DAY = 86_400

function setUp(memoryBytes = 1024 * 1024, maxItemBytes = 1024 * 1024) {
  const clock = new FakeClock()
  const counters = createCounters()
  const serverClock = new ServerClock(clock.now)
  const log = new StoreLog(new Watchers(clock.now, counters), serverClock)
  const store = new Store(serverClock, counters, { memoryBytes, maxItemBytes }, log)
  const put = (key: string, exptime = 0, value = 'value'): Item => {
    const item = new Item(key, false, 0, store.clock.expiryOf(exptime), Buffer.from(`${value}\r\n`))
    store.link(item, undefined)
    return item
  }
  return { clock, counters, store, put }
}

describe('ttl', () => {
  it('0 never ends', () => {
    const { clock, store, put } = setUp()
    put('a')
    clock.advance(10 * 365 * DAY)
    expect(store.peek('a')).toBeDefined()
  })

  it.each([1, 5, 30 * DAY])('%i seconds end after as many seconds and no sooner', (ttl) => {
    const { clock, store, put } = setUp()
    put('a', ttl)
    clock.advance(ttl - 0.001)
    expect(store.peek('a')).toBeDefined()
    clock.advance(0.001)
    expect(store.peek('a')).toBeUndefined()
  })

  it('counts whole seconds from the start of the server', () => {
    const { clock, store, put } = setUp()
    clock.advance(0.9)
    put('a', 1)
    clock.advance(0.1)
    expect(store.peek('a')).toBeUndefined()
  })

  it.each([-1, -2_147_483_648])('%i has ended', (ttl) => {
    const { store, put } = setUp()
    put('a', ttl)
    expect(store.peek('a')).toBeUndefined()
  })

  it('above 30 days is a UNIX time', () => {
    const { clock, store, put } = setUp()
    put('a', clock.unixSeconds + 100)
    clock.advance(99)
    expect(store.peek('a')).toBeDefined()
    clock.advance(1)
    expect(store.peek('a')).toBeUndefined()
  })

  it('above 30 days and long ago has ended', () => {
    const { store, put } = setUp()
    put('a', 30 * DAY + 1)
    expect(store.peek('a')).toBeUndefined()
  })

  it('gives back the memory of what has ended, once it is come across', () => {
    const { clock, store, counters, put } = setUp()
    put('a', 1)
    clock.advance(1)
    expect(store.size).toBe(1)
    store.peek('a')
    expect([store.size, store.bytes, counters.getExpired]).toEqual([0, 0, 1])
  })
})

describe('memory', () => {
  it('counts header, key, value, line end and client flags', () => {
    expect(itemBytes(1, 0, 1)).toBe(61)
    expect(itemBytes(1, 5, 1)).toBe(65)
    const { store, put } = setUp()
    put('a', 0, 'x')
    put('a', 0, 'xyz')
    expect(store.bytes).toBe(63)
  })

  it('never holds more than the limit', () => {
    const { store, put } = setUp(10_000)
    for (let index = 0; index < 1000; index++) {
      put(`key${index}`, 0, 'v'.repeat(index % 300))
      expect(store.bytes).toBeLessThanOrEqual(10_000)
    }
  })

  it('keeps what was used recently, and counts what it evicted', () => {
    const { store, counters, put } = setUp(100 * itemBytes(4, 0, 5))
    const keys = Array.from({ length: 100 }, (_, index) => `k${String(index).padStart(3, '0')}`)
    for (const key of keys) put(key)
    const used = keys.filter((_, index) => index % 2 === 0)
    for (const key of used) store.fetch(key)
    for (let index = 0; index < 50; index++) put(`n${String(index).padStart(3, '0')}`)
    expect(keys.filter((key) => store.peek(key) !== undefined)).toEqual(used)
    expect([counters.evictions, counters.evictedUnfetched, store.size]).toEqual([50, 50, 100])
  })

  it('does not take a look for a use', () => {
    const { store, put } = setUp(3 * itemBytes(1, 0, 5))
    for (const key of ['a', 'b', 'c']) put(key)
    store.peek('a')
    put('d')
    expect(store.peek('a')).toBeUndefined()
  })

  it('does not count what had ended as evicted', () => {
    const { clock, counters, put } = setUp(2 * itemBytes(1, 0, 5))
    put('a', 1)
    put('b', 1)
    clock.advance(1)
    put('c')
    expect([counters.evictions, counters.reclaimed]).toEqual([0, 1])
  })

  it('evicts when the limit is lowered', () => {
    const { store, put } = setUp()
    for (let index = 0; index < 100; index++) put(`key${index}`)
    store.memoryBytes = 1000
    expect(store.bytes).toBeLessThanOrEqual(1000)
    expect(store.peek('key99')).toBeDefined()
  })
})

describe('cas', () => {
  it('is a number of its own for every item stored', () => {
    const { put } = setUp()
    const numbers = Array.from({ length: 50 }, () => put('a').cas)
    expect(new Set(numbers).size).toBe(50)
  })

  it('is the given one if there is one', () => {
    const { store } = setUp()
    const item = new Item('a', false, 0, 0, Buffer.from('\r\n'))
    store.link(item, 2n ** 64n - 1n)
    expect(store.peek('a')?.cas).toBe(18_446_744_073_709_551_615n)
  })
})

describe('flush', () => {
  it('drops everything, and nothing stored after it', () => {
    const { store, put } = setUp()
    put('a')
    store.flush(0)
    put('b')
    expect([store.peek('a'), store.peek('b')?.key, store.size]).toEqual([undefined, 'b', 1])
  })

  it('with a delay drops what is there by then', () => {
    const { clock, store, put } = setUp()
    put('a')
    store.flush(store.clock.expiryOf(10))
    clock.advance(5)
    put('b')
    expect(store.peek('a')).toBeDefined()
    clock.advance(5)
    put('c')
    expect([store.peek('a'), store.peek('b'), store.peek('c')?.key]).toEqual([undefined, undefined, 'c'])
  })

  it('with a delay takes the place of one before', () => {
    const { clock, store, put } = setUp()
    put('a')
    store.flush(store.clock.expiryOf(10))
    store.flush(store.clock.expiryOf(100))
    clock.advance(50)
    expect(store.peek('a')).toBeDefined()
    clock.advance(50)
    expect(store.peek('a')).toBeUndefined()
  })

  it('that was due is not undone by a later one with a delay', () => {
    const { clock, store, put } = setUp()
    put('a')
    store.flush(store.clock.expiryOf(10))
    clock.advance(10)
    store.flush(store.clock.expiryOf(100))
    expect([store.peek('a'), store.size]).toEqual([undefined, 0])
  })
})
