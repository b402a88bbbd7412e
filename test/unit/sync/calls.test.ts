import { once } from 'node:events'
import { createSecureContext } from 'node:tls'
import { Worker } from 'node:worker_threads'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { InvalidInputError, SerdeError } from '../../../src/errors.ts'
import { MemcacheSync } from '../../../src/sync/memcache-sync.ts'
import type { MemcacheOptions } from '../../support/memcache-options.ts'
import { type RealMemcached, startMemcached } from '../../support/real-memcached.ts'
import { useBuiltWorker } from './built-worker.ts'

let servers: RealMemcached[] = []
const clients: MemcacheSync[] = []

beforeAll(async () => {
  await useBuiltWorker()
  servers = [await startMemcached(), await startMemcached()]
})
afterEach(() => {
  while (clients.length > 0) clients.pop()!.destroy()
})
afterAll(async () => {
  for (const server of servers) await server.stop()
})

function open(options: MemcacheOptions = {}, count = 1): MemcacheSync {
  const addresses = servers.slice(0, count).map(({ address }) => address)
  const cache = new MemcacheSync(addresses, { timeoutMs: 10_000, connectTimeoutMs: 10_000, ...options })
  clients.push(cache)
  return cache
}

/** Serdes are classes as a rule; this one keeps what was stored by name, so that identity shows. */
class Registry {
  readonly known: unknown[] = []
  serialize(value: unknown): { data: string; clientFlags: number } {
    if (value === 'refused') throw new Error('not that')
    return { data: `#${this.known.push(value) - 1}`, clientFlags: 7 }
  }
  deserialize(data: Uint8Array, clientFlags: number, key: string | Uint8Array): unknown {
    if (clientFlags !== 7) throw new Error(`not mine: ${String(key)}`)
    return this.known[Number(Buffer.from(data).toString().slice(1))]
  }
}

describe('a call', () => {
  it('has its serde called in the calling thread, with the values themselves', () => {
    const serde = new Registry()
    const cache = open({ serde })
    const value = { method: () => 1, itself: undefined as unknown }
    value.itself = value
    expect(cache.set('registry', value)).toBe(true)
    expect(cache.get('registry')).toBe(value)
    expect(cache.gets('registry')?.value).toBe(value)
    expect(cache.getMany(['registry']).get('registry')).toBe(value)
    expect(cache.gat('registry', 10)).toBe(value)
    expect(cache.pop('registry')).toBe(value)
  })

  it('fails with what the serde threw as the cause', () => {
    const cache = open({ serde: new Registry() })
    const thrown = errorOf(() => cache.set('refused', 'refused'))
    expect(thrown).toBeInstanceOf(SerdeError)
    expect((thrown.cause as Error).message).toBe('not that')
    open().set('foreign', 'text')
    expect(errorOf(() => cache.get('foreign'))).toMatchObject({ code: 'MEMLANE_SERDE', delivery: 'answered' })
    expect(errorOf(() => cache.get('foreign')).message).toContain('not mine: foreign')
  })

  it('takes null for no delta, as the asynchronous client does', () => {
    const cache = open()
    cache.set('count', 5)
    cache.get('count')
    expect(errorOf(() => cache.incr('count', null as unknown as number))).toBeInstanceOf(InvalidInputError)
    expect(cache.get('count')).toBe(5)
    expect(cache.incr('count', undefined)).toBe(6)
  })

  it('refuses a serde that gives promises, whatever way it takes', () => {
    const serde = {
      serialize: (value: unknown) => ({ data: String(value), clientFlags: 0 }),
      deserialize: (data: Uint8Array) => Promise.resolve(Buffer.from(data).toString()),
    }
    const cache = open({ serde })
    for (let round = 0; round < 3; round++) {
      cache.set('promise', 'p')
      expect(errorOf(() => cache.get('promise')).message).toContain('promise')
      expect(errorOf(() => cache.gets('promise')).message).toContain('promise')
    }
  })

  it('refuses a serde that uses the client, whatever way it takes', () => {
    const cache: MemcacheSync = open({
      serde: {
        serialize: (value: unknown) => ({ data: String(cache.get('x') ?? value), clientFlags: 0 }),
        deserialize: (data: Uint8Array) => Buffer.from(data).toString(),
      },
    })
    cache.get('x')
    const calls = [
      () => cache.set('s', 1),
      () => cache.set('s', 1, { ttl: 5, timeoutMs: 900 }),
      () => cache.add('s', 1),
    ]
    for (const call of calls) {
      expect((errorOf(call).cause as Error).message).toContain('cannot use the client that is calling it')
      expect(cache.get('s')).toBeUndefined()
    }
  })

  it('lets a listener use the client, in the same worker', () => {
    const cache = open()
    const never = {
      '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'no' }] }) },
    } as const
    const names = cache.namespace('listened:', { schema: never })
    cache.set('listened:a', 1)
    const pipeline = cache.pipeline().set('from:pipeline', 1)
    const heard: unknown[] = []
    cache.on('invalidValue', ({ key }) => heard.push(key, cache.has('listened:a'), cache.get('absent')))
    expect(names.get('a')).toBeUndefined()
    expect(cache.getOrSet('around', () => String(names.get('a')))).toBe('undefined')
    expect(heard).toHaveLength(6)
    expect(heard.slice(1, 3)).toEqual([true, undefined])
    expect(pipeline.run()).toHaveLength(1)
  })

  it('cannot be made with what does not cross to another thread', () => {
    const tls = { secureContext: createSecureContext() }
    expect(() => new MemcacheSync('localhost', { tls })).toThrow(/secureContext/)
    expect(() => new MemcacheSync([{ host: 'localhost', tls }])).toThrow(/secureContext/)
    const checking = { host: 'localhost', tls: { checkServerIdentity: () => undefined } }
    expect(() => new MemcacheSync(checking)).toThrow(/checkServerIdentity/)
    expect(() => new MemcacheSync('localhost', { fallback: [[checking]] })).toThrow(/checkServerIdentity/)
    const cluster = { failover: 'gutter', gutter: [checking] } as const
    expect(() => new MemcacheSync('localhost', { cluster })).toThrow(/checkServerIdentity/)
  })

  it('throws with the stack of its caller', () => {
    const cache = open()
    cache.set('text', 'text')
    function whoCalls(): void {
      cache.incr('text')
    }
    expect(errorOf(whoCalls).stack?.split('\n')[1]).toContain('whoCalls')
  })

  it('gives what the loader gave, and its own error', () => {
    const cache = open()
    expect(cache.getOrSet('loaded', () => ({ a: 1 }), { ttl: 50 })).toEqual({ a: 1 })
    expect(cache.getOrSet('loaded', () => ({ a: 2 }))).toEqual({ a: 1 })
    const failure = new Error('the database is down')
    const thrown = errorOf(() =>
      cache.getOrSet('failing', () => {
        throw failure
      }),
    )
    expect(thrown).toBe(failure)
  })

  it('may be made by a loader, as deep as it goes', () => {
    const cache = open()
    const load = (depth: number): number => {
      cache.set('seen', depth)
      return depth === 3 ? cache.get<number>('seen')! : cache.getOrSet(`deep:${depth}`, () => load(depth + 1))
    }
    expect(load(0)).toBe(3)
    expect(cache.getMany(['deep:0', 'deep:1', 'deep:2'])).toEqual(
      new Map([
        ['deep:0', 3],
        ['deep:1', 3],
        ['deep:2', 3],
      ]),
    )
  })

  it('of a serde on its own client is refused, and says why', () => {
    const cache: MemcacheSync = open({
      serde: { serialize: (value) => ({ data: String(value), clientFlags: 0 }), deserialize: () => cache.get('other') },
    })
    cache.set('other', 'x')
    cache.set('own', 'x')
    expect(errorOf(() => cache.gat('own', 10)).cause).toBeInstanceOf(InvalidInputError)
  })

  it('refuses a signal, and a loader that gives a promise, and says why', () => {
    const cache = open()
    const signal = new AbortController().signal
    expect(errorOf(() => cache.get('a', { signal })).message).toMatch(/signal.*blocked/)
    expect(errorOf(() => cache.getOrSet('promised', async () => 1)).message).toMatch(/promise/)
    expect(cache.get('promised')).toBeUndefined()
  })

  it('loads a stale value anew before it returns, for nothing could do so afterwards', () => {
    const cache = open()
    cache.set('stale', 'old')
    cache.invalidate('stale', { staleFor: 100 })
    const seen: unknown[] = []
    const load = ({ stale }: { stale?: string }): string => {
      seen.push(stale)
      return 'new'
    }
    expect(cache.getOrSet('stale', load)).toBe('old')
    expect(seen).toEqual(['old'])
    expect(cache.get('stale')).toBe('new')
  })

  it('is routed by a distribution that runs in the calling thread', () => {
    const asked: string[] = []
    const cache = open(
      {
        cluster: {
          distribution: () => ({
            pick: (key) => {
              asked.push(String(key))
              return String(key).endsWith('1') ? 1 : 0
            },
            order: (key) => (String(key).endsWith('1') ? [1, 0] : [0, 1]),
          }),
        },
      },
      2,
    )
    expect(cache.setMany({ key0: 'a', key1: 'b' })).toEqual([])
    expect([...cache.getMany(['key1', 'key0'])]).toEqual([
      ['key1', 'b'],
      ['key0', 'a'],
    ])
    expect(cache.serverFor('key1')?.name).toBe(servers[1]!.address)
    expect(new Set(asked)).toEqual(new Set(['key0', 'key1']))
  })

  it.each([100, 65_000, 70_000, 1_000_000])('carries values of %i bytes both ways', (size) => {
    const cache = open()
    const bytes = Buffer.alloc(size, 'ab')
    expect(cache.set(`large:${size}`, bytes)).toBe(true)
    expect(cache.get<Buffer>(`large:${size}`)?.equals(bytes)).toBe(true)
    expect(cache.gets<Buffer>(`large:${size}`)?.value.equals(bytes)).toBe(true)
    const text = 'ä'.repeat(size / 4)
    cache.set(`text:${size}`, text)
    expect(cache.get(`text:${size}`)).toBe(text)
  })

  it('carries batches of many megabytes', () => {
    const cache = open()
    const entries = Array.from({ length: 40 }, (_, at) => [`many:${at}`, String(at).repeat(200_000)] as const)
    expect(cache.setMany(entries)).toEqual([])
    expect(cache.getMany(entries.map(([key]) => key))).toEqual(new Map(entries))
  })

  it('gives values that are not in shared memory', () => {
    const cache = open()
    cache.set('bytes', Buffer.from('abc'))
    const read = [cache.get<Buffer>('bytes')!, cache.gets<Buffer>('bytes')!.value]
    for (const bytes of read) expect(bytes.buffer).not.toBeInstanceOf(SharedArrayBuffer)
    cache.get('nothing')
    for (const bytes of read) expect(bytes.toString()).toBe('abc')
  })

  it('tells the events that it caused before it returns', () => {
    const cache = open({ failures: 'missReads' })
    const events: unknown[] = []
    cache.on('commandError', ({ key, error }) => events.push([key, error.code]))
    open().set('broken', 'x', { clientFlags: 32 })
    expect(cache.get('broken')).toBeUndefined()
    expect(events).toEqual([['broken', 'MEMLANE_SERDE']])
  })

  it('may be made by several threads, each with a client of its own', async () => {
    const sync = new URL('./thread.mjs', await useBuiltWorker())
    const { buildThread } = await import('./built-worker.ts')
    await buildThread(sync)
    const address = servers[0]!.address
    const threads = [1, 2, 3].map((id) => new Worker(sync, { workerData: { address, id }, execArgv: [] }))
    const answers = await Promise.all(threads.map(async (thread) => (await once(thread, 'message')) as [unknown]))
    expect(answers.flat()).toEqual([true, true, true])
    await Promise.all(threads.map((thread) => thread.terminate()))
  })
})

describe('what a call gave', () => {
  it('keeps its commands: pipelines, namespaces, quiet writes', () => {
    const cache = open()
    const outcomes = cache.pipeline().set('p', { a: 1 }).get<{ a: number }>('p').run()
    expect(outcomes[1]).toEqual({ status: 'fulfilled', value: { a: 1 } })
    const users = cache.namespace<{ name: string }>('user:', { ttl: 50 })
    expect(users.set('1', { name: 'Ada' })).toBe(true)
    expect(users.getMany(['1', '2'])).toEqual(new Map([['1', { name: 'Ada' }]]))
    cache.noreply.set('quiet', 1)
    expect(cache.get('quiet')).toBe(1)
    expect(cache.noreply).toBe(cache.noreply)
  })

  it('may be cleared where it has generations', () => {
    const names = open().namespace<string>('gen:', { generations: true })
    names.set('a', 'x')
    names.clear()
    expect(names.get('a')).toBeUndefined()
  })
})

function errorOf(call: () => unknown): Error {
  try {
    call()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}
