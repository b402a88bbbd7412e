import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { MemcacheSync } from '../../../src/sync/memcache-sync.ts'
import { MetaClientSync } from '../../../src/sync/meta-client-sync.ts'
import type { MemcacheSyncOptions } from '../../../src/sync/options.ts'
import { numberSchema } from '../../support/number-schema.ts'
import { type RealMemcached, startMemcached } from '../../support/real-memcached.ts'
import { useBuiltWorker } from './built-worker.ts'

let server: RealMemcached

beforeAll(async () => {
  await useBuiltWorker()
  server = await startMemcached()
  return () => server.stop()
})

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
afterAll(() => setFlagsFromString('--no-expose-gc'))

function open(options: MemcacheSyncOptions = {}): MemcacheSync {
  const cache = new MemcacheSync(server.address, { timeoutMs: 10_000, ...options })
  onTestFinished(() => cache.destroy())
  return cache
}

/** Whether nothing keeps the object that a call was given, a turn after it has returned. */
async function isFree(call: (value: object) => unknown): Promise<boolean> {
  const reference = giveNew(call)
  await new Promise((resolve) => setImmediate(resolve))
  collect()
  return reference.deref() === undefined
}

function giveNew(call: (value: object) => unknown): WeakRef<object> {
  const value = { name: 'Ada' }
  try {
    call(value)
  } catch {
    // What failed keeps no more than what succeeded.
  }
  return new WeakRef(value)
}

describe('a synchronous call that has returned', () => {
  it.each<[way: string, options: MemcacheSyncOptions]>([
    ['on the direct way', {}],
    ['through the worker', { direct: false }],
  ])('keeps no value of its caller: %s', async (_, options) => {
    const cache = open(options)
    const names = cache.namespace('n:')
    for (let at = 0; at < 3; at++) cache.set('warm', at)
    expect(await isFree((value) => cache.set('k', value))).toBe(true)
    expect(await isFree((value) => cache.setMany({ k: value }))).toBe(true)
    expect(await isFree((value) => cache.getOrSet('loaded', () => value))).toBe(true)
    expect(await isFree((value) => cache.get('absent', { default: value }))).toBe(true)
    expect(await isFree((value) => cache.set('\n'.repeat(300), value))).toBe(true)
    expect(await isFree((value) => names.set('k', value))).toBe(true)
    expect(await isFree((value) => names.getOrSet('loaded', () => value))).toBe(true)
    expect(await isFree((value) => names.set('\n'.repeat(300), value))).toBe(true)
    expect(cache.get('k')).toEqual({ name: 'Ada' })
  })

  it('keeps no value of its caller: MetaClientSync', async () => {
    const meta = new MetaClientSync(server.address, { timeoutMs: 10_000 })
    onTestFinished(() => meta.destroy())
    expect(await isFree((value) => meta.set('k', value))).toBe(true)
  })

  it('keeps what an object that came of it still needs, also where it was made in the middle of another call', () => {
    const cache = open()
    const kept: unknown[] = []
    const made = cache.getOrSet('outer', () => {
      const names = cache.namespace('inner:', { schema: numberSchema })
      names.set('k', 1)
      kept.push(names)
      return 'loaded'
    })
    expect(made).toBe('loaded')
    const [names] = kept as [ReturnType<MemcacheSync['namespace']>]
    expect(names.get('k')).toBe(1)
    cache.set('inner:k', 'text')
    expect(names.get('k')).toBeUndefined()
  })

  it('keeps the values of a pipeline until it runs', () => {
    const cache = open()
    const pipeline = cache.pipeline().set('a', { a: 1 }).set('b', { b: 2 })
    collect()
    expect(pipeline.run()).toMatchObject([{ status: 'fulfilled' }, { status: 'fulfilled' }])
    expect(cache.getMany(['a', 'b'])).toEqual(
      new Map<string, unknown>([
        ['a', { a: 1 }],
        ['b', { b: 2 }],
      ]),
    )
  })
})
