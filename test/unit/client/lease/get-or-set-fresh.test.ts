import { describe, expect, it } from 'vitest'
import type { Memcache } from '../../../../src/client/memcache.ts'
import type { StandardSchema } from '../../../../src/client/standard-schema.ts'
import { InvalidInputError, SerdeError } from '../../../../src/errors.ts'
import type { Serde } from '../../../../src/serde/serde.ts'
import { structuredClone as cloned } from '../../../../src/serde/structured-clone.ts'
import { MemcachedServer } from '../../../../src/server/memcached-server.ts'
import { collectCommandErrors } from '../../../support/command-errors.ts'
import { rejection } from '../../../support/eventually.ts'
import { faultClient } from '../../../support/fault-client.ts'
import { freePort } from '../../../support/free-port.ts'
import { Gate } from '../../../support/gate.ts'
import { type MemcacheOptions, patient } from '../../../support/memcache-options.ts'

/** What the default serde does not keep. */
const rich = () => ({ at: new Date(0), names: new Map([['a', 1]]), list: [1] })
const stored = { at: '1970-01-01T00:00:00.000Z', names: {}, list: [1] }

/** A loader that waits until the test lets it finish. */
class SlowLoader<T> {
  readonly gate: Gate = new Gate()
  readonly started: Gate = new Gate()
  readonly value: T
  calls = 0

  constructor(value: T) {
    this.value = value
  }

  readonly load = async (): Promise<T> => {
    this.calls++
    this.started.open()
    await this.gate.opened
    return this.value
  }
}

function expectOwn(values: readonly unknown[], expected: unknown): void {
  for (const value of values) expect(value).toEqual(expected)
  expect(new Set(values).size).toBe(values.length)
}

const deadServer = async (): Promise<string> => `127.0.0.1:${await freePort()}`

describe.each(['meta', 'text'] as const)('what the callers of a load get, protocol %s', (protocol) => {
  const clientOf = (address: string, options: MemcacheOptions = {}): Memcache =>
    faultClient(address, { ...patient, protocol, ...options })

  it.each(['inline', 'key'] as const)(
    'is an object of its own for each, as later readers get it, lease %s',
    async (lease) => {
      await using server = await MemcachedServer.start()
      const cache = clientOf(server.address)
      const loader = new SlowLoader(rich())
      const calls = Array.from({ length: 5 }, () => cache.getOrSet<unknown>('k', loader.load, { lease }))
      await loader.started.opened
      loader.gate.open()
      const values = await Promise.all(calls)
      expectOwn(values, stored)
      expect(loader.calls).toBe(1)
      expect(await cache.get('k')).toEqual(stored)
      expect(await cache.getOrSet('k', () => 'not loaded')).toEqual(stored)
    },
  )

  it.each([undefined, { minBytes: 10, asyncBytes: 20 }])(
    'is an object of its own for each that waits for another client, compression %o',
    async (compression) => {
      await using server = await MemcachedServer.start()
      const [cache, other] = [
        clientOf(server.address, compression && { compression }),
        clientOf(server.address, { compression: { minBytes: 10, asyncBytes: 20 } }),
      ]
      const value = { text: 'x'.repeat(100), list: [1] }
      const loader = new SlowLoader(value)
      const theirs = other.getOrSet('k', loader.load)
      await loader.started.opened
      const ours = [1, 2, 3].map(() => cache.getOrSet('k', () => value))
      await cache.get('k')
      loader.gate.open()
      expectOwn(await Promise.all([theirs, ...ours]), value)
    },
  )

  it('is the same where another client has stored meanwhile', async () => {
    await using server = await MemcachedServer.start()
    const cache = clientOf(server.address)
    const loader = new SlowLoader(rich())
    const calls = [1, 2].map(() => cache.getOrSet<unknown>('k', loader.load))
    await loader.started.opened
    await clientOf(server.address).set('k', 'theirs')
    loader.gate.open()
    expectOwn(await Promise.all(calls), stored)
    expect(await cache.get('k')).toBe('theirs')
  })

  it('is the same where the value is too large, or the server is out, and failures are absorbed', async () => {
    await using server = await MemcachedServer.start()
    const cache = clientOf(server.address, { failures: 'miss', maxItemBytes: 10 })
    const events = collectCommandErrors(cache)
    const out = clientOf(await deadServer(), { failures: 'miss' })
    for (const client of [cache, out]) {
      const values = [1, 2].map(() => client.getOrSet<unknown>('k', rich))
      expectOwn(await Promise.all(values), stored)
      const many = await client.getOrSetMany<unknown>(['k', 'l'], () => new Map([['k', rich()]]))
      expect(many).toEqual(new Map([['k', stored]]))
    }
    expect(events.length).toBeGreaterThan(0)
    const names = out.namespace('n:', { generations: true })
    expect(await names.getOrSet('k', rich)).toEqual(stored)
    expect(await names.getOrSetMany(['k', 'l'], () => new Map([['k', rich()]]))).toEqual(new Map([['k', stored]]))
  })

  it('is not the memory of bytes that the loader gave', async () => {
    await using server = await MemcachedServer.start()
    const cache = clientOf(server.address)
    const bytes = new Uint8Array([1, 2, 3])
    const loader = new SlowLoader(bytes)
    const calls = [1, 2].map(() => cache.getOrSet<Uint8Array>('k', loader.load))
    await loader.started.opened
    loader.gate.open()
    const [first, second] = await Promise.all(calls)
    bytes.fill(9)
    first!.fill(8)
    expect([...second!]).toEqual([1, 2, 3])
    expect([...(await cache.get<Uint8Array>('k'))!]).toEqual([1, 2, 3])
  })

  it('is a SerdeError for all where the value cannot be stored, also where failures are absorbed', async () => {
    await using server = await MemcachedServer.start()
    const [cache, absorbing] = [clientOf(server.address), clientOf(server.address, { failures: 'miss' })]
    const out = clientOf(await deadServer(), { failures: 'miss' })
    for (const client of [cache, absorbing, out]) {
      for (const fresh of ['asStored', 'asLoaded'] as const) {
        const loader = new SlowLoader(() => 1)
        const calls = [1, 2].map(() => rejection(client.getOrSet('k', loader.load, { fresh })))
        await loader.started.opened
        loader.gate.open()
        for (const error of await Promise.all(calls)) expect(error).toBeInstanceOf(SerdeError)
      }
      expect(await rejection(client.getOrSetMany(['k'], () => new Map([['k', () => 1]])))).toBeInstanceOf(Error)
    }
    expect(await cache.get('k')).toBeUndefined()
    expect(await rejection(out.namespace('n:', { generations: true }).getOrSet('k', () => () => 1))).toBeInstanceOf(
      SerdeError,
    )
  })

  it('is the loader’s own object for those that ask for it', async () => {
    await using server = await MemcachedServer.start()
    const cache = clientOf(server.address)
    const loader = new SlowLoader(rich())
    const sharing = [1, 2].map(() => cache.getOrSet('k', loader.load, { fresh: 'asLoaded' }))
    await loader.started.opened
    const own = cache.getOrSet<unknown>('k', () => 'not loaded')
    await cache.get('k')
    loader.gate.open()
    const [first, second] = await Promise.all(sharing)
    expect(first).toBe(loader.value)
    expect(second).toBe(loader.value)
    expect(await own).toEqual(stored)
    const many = await cache.getOrSetMany(['m'], () => new Map([['m', loader.value]]), { fresh: 'asLoaded' })
    expect(many.get('m')).toBe(loader.value)
    expect(await rejection(cache.getOrSet('k', rich, { fresh: 'other' as never }))).toBeInstanceOf(InvalidInputError)
  })

  it('is what each caller’s own serde reads', async () => {
    await using server = await MemcachedServer.start()
    const cache = clientOf(server.address)
    const loader = new SlowLoader(rich())
    const seen: string[] = []
    const noting: Serde = {
      serialize: (value) => cloned.serialize(value, 'k'),
      deserialize: (data, flags, key) => {
        seen.push(String(key))
        return ['noted', cloned.deserialize(data, flags, key)]
      },
    }
    const calls = [cloned, noting].map((serde) => cache.getOrSet<unknown>('k', loader.load, { serde }))
    await loader.started.opened
    loader.gate.open()
    expect(await Promise.all(calls)).toEqual([rich(), ['noted', rich()]])
    expect(seen).toEqual(['k'])
  })

  it('is a SerdeError where the serde cannot read what it has made', async () => {
    await using server = await MemcachedServer.start()
    const cache = clientOf(server.address, { failures: 'miss' })
    const broken: readonly Serde['deserialize'][] = [
      () => {
        throw new Error('no')
      },
      () => Promise.resolve(1),
    ]
    for (const deserialize of broken) {
      const serde: Serde = { serialize: () => ({ data: 'x', clientFlags: 1 }), deserialize }
      expect(await rejection(cache.getOrSet('k', () => 1, { serde }))).toBeInstanceOf(SerdeError)
      expect(await cache.get('k')).toBeUndefined()
    }
  })

  it('is read by the schema for each, and checked before it is stored', async () => {
    await using server = await MemcachedServer.start()
    const cache = clientOf(server.address)
    const dated: StandardSchema<unknown, { at: Date }> = {
      '~standard': {
        version: 1,
        vendor: 'by hand',
        validate: (value) => {
          const { at } = value as { at: unknown }
          return typeof at === 'string' ? { value: { at: new Date(at) } } : { issues: [{ message: 'at is no text' }] }
        },
      },
    }
    const names = cache.namespace('n:', { schema: dated })
    const loader = new SlowLoader(rich())
    const calls = [1, 2, 3].map(() => names.getOrSet('k', loader.load))
    await loader.started.opened
    loader.gate.open()
    expectOwn(await Promise.all(calls), { at: new Date(0) })
    expect(await rejection(names.getOrSet('l', () => ({ at: 5 })))).toBeInstanceOf(InvalidInputError)
    expect(await cache.get('n:l')).toBeUndefined()
  })

  it('is undefined where the loader gives that', async () => {
    await using server = await MemcachedServer.start()
    const cache = clientOf(server.address)
    expect(await cache.getOrSet('k', () => undefined)).toBeUndefined()
    expect(await cache.getOrSet('k', () => undefined, { fresh: 'asLoaded' })).toBeUndefined()
  })
})

describe('an old value that is kept for the case that the loader fails', () => {
  it('is an object of its own for each caller', async () => {
    await using server = await MemcachedServer.start()
    const cache = faultClient(server.address, patient)
    await cache.set('k', rich(), { ttl: 50 })
    const gate = new Gate()
    const started = new Gate()
    const load = async (): Promise<unknown> => {
      started.open()
      await gate.opened
      throw new Error('no database')
    }
    const calls = [1, 2, 3].map(() => cache.getOrSet('k', load, { ttl: 10, staleOnError: 100 }))
    await started.opened
    gate.open()
    expectOwn(await Promise.all(calls), stored)
  })
})
