import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash } from 'node:crypto'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { MemcachedLocation, MemcachedOptions } from '../../../src/compat/memcached/api.ts'
import { Memcached } from '../../../src/compat/memcached/memcached.ts'
import { raw } from '../../../src/serde/raw.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { argsOf, callOf, methodOf, promised } from '../../support/callback-call.ts'
import { collectCrashes, turns } from '../../support/crashes.ts'
import { freePort } from '../../support/free-port.ts'

/** A client of a busy machine's server. */
function open(location: MemcachedLocation, options: MemcachedOptions = {}): Memcached {
  const client = new Memcached(location, { timeout: 60_000, ...options })
  onTestFinished(() => client.memlane.destroy())
  return client
}

async function start(options: MemcachedOptions = {}): Promise<{ client: Memcached; server: MemcachedServer }> {
  const server = await MemcachedServer.start()
  onTestFinished(() => server.close())
  return { client: open(server.address, options), server }
}

/** Names of the servers that a location gives. */
const serverNames = (location?: MemcachedLocation): string[] => open(location!).memlane.servers.map(({ name }) => name)

const messageOf = (error: unknown): string => (error as Error).message

describe('the callbacks of Memcached', () => {
  it('get undefined as the error, and two arguments', async () => {
    const { client } = await start()
    expect(await argsOf(client, 'set', 'key', 'value', 10)).toEqual([undefined, true])
    expect(await argsOf(client, 'get', 'key')).toEqual([undefined, 'value'])
    expect(await argsOf(client, 'get', 'miss')).toEqual([undefined, undefined])
    expect(await argsOf(client, 'getMulti', ['key', 'miss'])).toEqual([undefined, { key: 'value' }])
    expect(await argsOf(client, 'get', ['key'])).toEqual([undefined, { key: 'value' }])
    expect(await argsOf(client, 'getMulti', [])).toEqual([undefined, {}])
    expect(await argsOf(client, 'getMulti', ['', 'key', 'key'])).toEqual([undefined, { key: 'value' }])
    expect(await argsOf(client, 'touch', 'key', 10)).toEqual([undefined, true])
    expect(await argsOf(client, 'touch', 'miss', 10)).toEqual([undefined, false])
    expect(await argsOf(client, 'del', 'key')).toEqual([undefined, true])
    expect(await argsOf(client, 'delete', 'key')).toEqual([undefined, false])
    expect(await argsOf(client, 'flush')).toEqual([undefined, [true]])
    expect(await argsOf(client, 'flushAll')).toEqual([undefined, [true]])
  })

  it('of cas with a time that has passed take nothing that was stored meanwhile', async () => {
    const { client } = await start()
    await argsOf(client, 'set', 'key', 'old', 0)
    const [, found] = await argsOf(client, 'gets', 'key')
    const swapping = argsOf(client, 'cas', 'key', 'swapped', (found as { cas: string }).cas, -1)
    const storing = argsOf(client, 'set', 'key', 'kept', 0)
    expect([await swapping, await storing]).toEqual([
      [undefined, true],
      [undefined, true],
    ])
    expect(await argsOf(client, 'get', 'key')).toEqual([undefined, 'kept'])
  })

  it('get text of bytes that are no UTF-8', async () => {
    const { client } = await start()
    await client.memlane.set('key', Buffer.from('caf\xe9', 'latin1'), { serde: raw })
    expect(await argsOf(client, 'get', 'key')).toEqual([undefined, 'caf\ufffd'])
  })

  it('of calls to several servers get that the queue is full', async () => {
    const { client } = await start({ maxQueueSize: 1 })
    const calls = [
      argsOf(client, 'getMulti', ['a', 'b']),
      argsOf(client, 'getMulti', ['a', 'b']),
      argsOf(client, 'version'),
    ]
    expect((await Promise.all(calls)).map(([error]) => error)).toEqual([
      undefined,
      'over queue limit',
      'over queue limit',
    ])
  })

  it('get an error with notStored, and false, where add, replace, append and prepend are refused', async () => {
    const { client } = await start()
    await argsOf(client, 'set', 'key', 'b', 10)
    for (const refused of [
      ['add', 'key', 'x', 10],
      ['replace', 'miss', 'x', 10],
      ['append', 'miss', 'x'],
      ['prepend', 'miss', 'x'],
    ] as const) {
      const [method, ...args] = refused
      const [error, value] = await argsOf(client, method, ...args)
      expect(error).toMatchObject({ message: 'Item is not stored', notStored: true })
      expect(value).toBe(false)
    }
    expect(await argsOf(client, 'append', 'key', 'c')).toEqual([undefined, true])
    expect(await argsOf(client, 'prepend', 'key', 'a')).toEqual([undefined, true])
    expect(await argsOf(client, 'get', 'key')).toEqual([undefined, 'abc'])
  })

  it('get the cas number as text, and false for an item that was changed or is gone', async () => {
    const { client } = await start({ namespace: 'ns:' })
    await argsOf(client, 'set', 'key', { a: 1 }, 10)
    const [, item] = await argsOf(client, 'gets', 'key')
    expect(item).toEqual({ 'ns:key': { a: 1 }, cas: expect.stringMatching(/^\d+$/) as string })
    const { cas } = item as { readonly cas: string }
    expect(await argsOf(client, 'cas', 'key', 'new', cas, 10)).toEqual([undefined, true])
    expect(await argsOf(client, 'cas', 'key', 'newer', cas, 10)).toEqual([undefined, false])
    expect(await argsOf(client, 'cas', 'miss', 'new', cas, 10)).toEqual([undefined, false])
    expect(await argsOf(client, 'gets', 'miss')).toEqual([undefined, undefined])
    for (const bad of ['x', '-1', '1.5', String(2n ** 64n)]) {
      const [error, value] = await argsOf(client, 'cas', 'key', 'new', bad, 10)
      expect([messageOf(error), value]).toEqual(['bad command line format', false])
    }
    expect(messageOf((await argsOf(client, 'cas', 'key', 'new', undefined, 10))[0])).toBe('Received an ERROR response')
  })

  it('get numbers of incr and decr, false for a miss, and the words of the server for what is no number', async () => {
    const { client } = await start()
    await argsOf(client, 'set', 'n', 42, 10)
    await argsOf(client, 'set', 'text', 'x', 10)
    expect(await argsOf(client, 'incr', 'n', 2)).toEqual([undefined, 44])
    expect(await argsOf(client, 'increment', 'n', 1)).toEqual([undefined, 45])
    expect(await argsOf(client, 'decr', 'n', 1)).toEqual([undefined, 44])
    expect(await argsOf(client, 'decrement', 'n', 100)).toEqual([undefined, 0])
    expect(await argsOf(client, 'get', 'n')).toEqual([undefined, 0])
    expect(await argsOf(client, 'incr', 'miss', 1)).toEqual([undefined, false])
    const [error, value] = await argsOf(client, 'incr', 'text', 1)
    expect([messageOf(error), value]).toEqual(['cannot increment or decrement non-numeric value', false])
    for (const delta of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 64, 1e21]) {
      const answer = await callOf(client, 'incr', 'n', delta)
      expect([messageOf(answer.args[0]), answer.args[1], answer.sync]).toEqual([
        'invalid numeric delta argument',
        false,
        false,
      ])
    }
  })

  it('have the query as this, with its times, or none', async () => {
    const { client } = await start()
    const { self } = await callOf(client, 'set', 'key', { a: 1 }, 10)
    expect(self).toMatchObject({
      key: 'key',
      type: 'set',
      lifetime: 10,
      value: '{"a":1}',
      redundancyEnabled: false,
      command: 'set key 2 10 7\r\n{"a":1}',
      start: expect.any(Number) as number,
      execution: expect.any(Number) as number,
    })
    expect((await callOf(client, 'get', 'key')).self).toMatchObject({ key: 'key', type: 'get', command: 'get key' })
    for (const method of ['version', 'stats', 'flush']) expect((await callOf(client, method)).self).toBeUndefined()
    expect((await callOf(client, 'getMulti', ['key'])).self).toBeUndefined()
  })

  it('are never called before the call returns, unless an argument is wrong', async () => {
    const { client } = await start()
    for (const [method, ...args] of [
      ['set', 'key', 'value', 10],
      ['set', 'key', 'value', -1],
      ['get', 'key'],
      ['getMulti', ['key']],
      ['getMulti', []],
      ['version'],
      ['cachedump', client.servers[0], 1, 1],
      ['cachedump', 'elsewhere:1', 1, 1],
      ['get', ''],
    ] as const) {
      expect((await callOf(client, method, ...args)).sync, method).toBe(false)
    }
  })

  it.each<[problem: string, method: string, args: unknown[]]>([
    ['Argument "lifetime" is not a valid Number.', 'set', ['key', 'value', '10']],
    ['Argument "lifetime" is not a valid Number.', 'set', ['key', 'value', Number.NaN]],
    ['Argument "lifetime" is not a valid Number.', 'touch', ['key', undefined]],
    ['Argument "value" is not a valid Number.', 'incr', ['key', '1']],
    ['Argument "slabid" is not a valid Number.', 'cachedump', ['localhost', '1', 1]],
    ['The key should not contain any whitespace or new lines', 'get', ['a b']],
    ['The key should not contain any whitespace or new lines', 'del', ['a\r\nflush_all']],
  ])('get %j at once, alone, for %s', async (problem, method, args) => {
    const { client } = await start()
    const { args: got, sync } = await callOf(client, method, ...args)
    expect(got).toHaveLength(1)
    expect([messageOf(got[0]), sync]).toEqual([problem, true])
    expect(client.activeQueries).toBe(0)
  })

  it('get a list with the error, and no hits, for a bad key of several', async () => {
    const { client } = await start()
    const { args, sync } = await callOf(client, 'getMulti', ['a b', 'c'])
    expect(args).toEqual([[new Error('The key should not contain any whitespace or new lines')], {}])
    expect(sync).toBe(true)
  })

  it('may be async functions, and may be left out: the command is sent all the same', async () => {
    const crashes = collectCrashes()
    const { client } = await start()
    expect(methodOf(client, 'set').call(client, 'key', 'value', 10)).toBeUndefined()
    methodOf(client, 'version').call(client)
    methodOf(client, 'getMulti').call(client, ['key'])
    methodOf(client, 'set').call(client, 'key', 'value', 'bad')
    const value = await new Promise((resolve) => {
      const callback = async (...args: readonly unknown[]): Promise<void> => resolve(args[1])
      methodOf(client, 'get').call(client, 'key', callback)
    })
    expect(value).toBe('value')
    await turns()
    expect(crashes).toEqual([])
  })

  it('may throw: it is uncaught, and other commands have their answers', async () => {
    const { client } = await start()
    await argsOf(client, 'set', 'key', 'value', 10)
    const thrown: unknown[] = []
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    const collect = (error: unknown): void => void thrown.push(error)
    process.on('uncaughtException', collect)
    try {
      const own = new Error('a bug of the caller')
      for (let at = 0; at < 3; at++) {
        client.get('key', () => {
          throw own
        })
      }
      expect(await argsOf(client, 'get', 'key')).toEqual([undefined, 'value'])
      await turns()
      expect(thrown).toEqual([own, own, own])
      expect(client.activeQueries).toBe(0)
    } finally {
      process.off('uncaughtException', collect)
      for (const listener of listeners) process.on('uncaughtException', listener)
    }
  })

  it('work with promisify, on the prototype and bound', async () => {
    const { client } = await start()
    const [set, get] = [promised(client, 'set'), promised(client, 'get')] as const
    expect(await set('key', [1, 2], 10)).toBe(true)
    expect(await get('key')).toEqual([1, 2])
    expect(Object.hasOwn(client, 'get')).toBe(false)
  })
})

describe('the values of Memcached', () => {
  it.each<[name: string, value: unknown, read: unknown]>([
    ['text', 'tëxt', 'tëxt'],
    ['empty text', '', ''],
    ['line breaks', 'a\r\nEND\r\n', 'a\r\nEND\r\n'],
    ['a number', -1.5, -1.5],
    ['NaN', Number.NaN, Number.NaN],
    ['an object', { a: [1, null] }, { a: [1, null] }],
    ['null', null, null],
    ['true', true, true],
    ['a Date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['a Buffer', Buffer.from([0, 255, 13, 10]), Buffer.from([0, 255, 13, 10])],
    ['a Uint8Array, which is JSON', new Uint8Array([1, 2]), { 0: 1, 1: 2 }],
    ['a Map, which is JSON', new Map([[1, 2]]), {}],
    ['a lone surrogate', '\ud800', '\ufffd'],
  ])('come back: %s', async (_name, value, read) => {
    const { client } = await start()
    expect(await argsOf(client, 'set', 'key', value, 10)).toEqual([undefined, true])
    expect(await argsOf(client, 'get', 'key')).toEqual([undefined, read])
  })

  it('that JSON has no text for throw at the call', async () => {
    const { client } = await start()
    const set = methodOf(client, 'set')
    for (const value of [undefined, () => 1, Symbol('x')])
      expect(() => set.call(client, 'key', value, 10)).toThrow("reading 'replace'")
    expect(() => set.call(client, 'key', 1n, 10)).toThrow(TypeError)
  })

  it('beyond maxValue are refused at once, and the call returns false', async () => {
    const { client } = await start({ maxValue: 10 })
    let returned: unknown
    const got = await new Promise((resolve) => {
      returned = client.set('key', 'x'.repeat(11), 10, function (this: unknown, ...args) {
        resolve([this === client, ...args])
      })
    })
    expect(got).toEqual([true, new Error('The length of the value is greater than 10'), false])
    expect(returned).toBe(false)
  })

  it('of other clients are text, and what was extended to no number is NaN', async () => {
    const { client } = await start()
    await client.memlane.set('other', 'abc', { clientFlags: 1600 })
    expect(await argsOf(client, 'get', 'other')).toEqual([undefined, 'abc'])
    await argsOf(client, 'set', 'n', 5, 10)
    await argsOf(client, 'append', 'n', 'x')
    expect(await argsOf(client, 'get', 'n')).toEqual([undefined, Number.NaN])
  })

  it('that are no JSON any more are an error of their read', async () => {
    const crashes = collectCrashes()
    const { client } = await start()
    await argsOf(client, 'set', 'object', { a: 1 }, 10)
    await argsOf(client, 'set', 'other', 'x', 10)
    await argsOf(client, 'append', 'object', 'x')
    expect((await argsOf(client, 'get', 'object'))[0]).toBeInstanceOf(Error)
    const [errors, found] = await argsOf(client, 'getMulti', ['object', 'other'])
    expect(errors).toHaveLength(1)
    expect(found).toEqual({ other: 'x' })
    expect(crashes).toEqual([])
  })
})

describe('the lifetimes of Memcached', () => {
  const day = 86_400

  it.each<[name: string, lifetime: number]>([
    ['a part of a second is one', 0.5],
    ['a fraction is cut', 10.9],
    ['30 days', 30 * day],
    ['a unix time', Math.floor(Date.now() / 1000) + 60 * day],
  ])('%s', async (_name, lifetime) => {
    const { client } = await start()
    expect(await argsOf(client, 'set', 'key', 'x', lifetime)).toEqual([undefined, true])
    const ttl = (await client.memlane.inspect('key'))?.ttl
    const expected = lifetime > 30 * day ? 60 * day : Math.max(1, Math.floor(lifetime))
    expect(ttl).toBeGreaterThanOrEqual(expected - 30)
    expect(ttl).toBeLessThanOrEqual(expected)
    expect(await argsOf(client, 'touch', 'key', lifetime)).toEqual([undefined, true])
  })

  it.each([-1, -0.5, 60 * day, 2_592_001])(
    '%d has passed: the answers are the same, and nothing is left',
    async (passed) => {
      const { client } = await start()
      await argsOf(client, 'set', 'key', 'old', 10)
      expect(await argsOf(client, 'add', 'key', 'x', passed)).toMatchObject([{ notStored: true }, false])
      expect(await argsOf(client, 'add', 'new', 'x', passed)).toEqual([undefined, true])
      expect(await argsOf(client, 'get', 'new')).toEqual([undefined, undefined])
      expect(await argsOf(client, 'replace', 'new', 'x', passed)).toMatchObject([{ notStored: true }, false])
      expect(await argsOf(client, 'replace', 'key', 'x', passed)).toEqual([undefined, true])
      expect(await argsOf(client, 'get', 'key')).toEqual([undefined, undefined])
      await argsOf(client, 'set', 'key', 'old', 10)
      expect(await argsOf(client, 'set', 'key', 'x', passed)).toEqual([undefined, true])
      expect(await argsOf(client, 'get', 'key')).toEqual([undefined, undefined])
      await argsOf(client, 'set', 'key', 'old', 10)
      const [, item] = await argsOf(client, 'gets', 'key')
      const { cas } = item as { readonly cas: string }
      expect(await argsOf(client, 'cas', 'key', 'x', `${cas}1`, passed)).toEqual([undefined, false])
      expect(await argsOf(client, 'cas', 'key', 'x', cas, passed)).toEqual([undefined, true])
      expect(await argsOf(client, 'get', 'key')).toEqual([undefined, undefined])
      await argsOf(client, 'set', 'key', 'old', 10)
      expect(await argsOf(client, 'touch', 'key', passed)).toEqual([undefined, true])
      expect(await argsOf(client, 'touch', 'key', passed)).toEqual([undefined, false])
    },
  )
})

describe('the keys of Memcached', () => {
  it('have the namespace on the server, and lists of hits have none', async () => {
    const { client } = await start({ namespace: 'ns:' })
    await argsOf(client, 'set', 'key', 'value', 10)
    expect(await client.memlane.get('ns:key')).toBe('value')
    expect(await client.memlane.namespace('ns:').get('key')).toBe('value')
    expect(await argsOf(client, 'getMulti', ['key'])).toEqual([undefined, { key: 'value' }])
    expect(await argsOf(client, 'get', '')).toEqual([undefined, undefined])
  })

  it('with the namespace choose the server, as those of memlane.namespace() do', async () => {
    const servers = await Promise.all(Array.from({ length: 3 }, () => MemcachedServer.start()))
    onTestFinished(async () => void (await Promise.all(servers.map((server) => server.close()))))
    const client = open(
      servers.map(({ address }) => address),
      { namespace: 'ns:' },
    )
    const keys = Array.from({ length: 60 }, (_, at) => `key:${at}`)
    for (const key of keys) await argsOf(client, 'set', key, key, 10)
    expect([...(await client.memlane.namespace('ns:').getMany(keys)).keys()]).toEqual(keys)
    expect(keys.map((key) => client.HashRing.get(`ns:${key}`))).not.toEqual(keys.map((key) => client.HashRing.get(key)))
    expect(keys.map((key) => client.HashRing.get(`ns:${key}`))).toEqual(
      keys.map((key) => client.memlane.serverFor(`ns:${key}`)?.name),
    )
  })

  it('may be numbers', async () => {
    const { client } = await start()
    await argsOf(client, 'set', 5, 'value', 10)
    expect(await argsOf(client, 'get', 5)).toEqual([undefined, 'value'])
  })

  it('are the md5 of namespace and key where they are long, in characters or in bytes', async () => {
    const { client } = await start({ namespace: 'ns:' })
    for (const key of ['k'.repeat(300), 'é'.repeat(200), 'with space'.repeat(30)]) {
      const digest = createHash('md5').update(`ns:${key}`).digest('hex')
      await argsOf(client, 'set', key, 'long', 10)
      expect(await argsOf(client, 'get', key)).toEqual([undefined, 'long'])
      expect(await argsOf(client, 'getMulti', [key])).toEqual([undefined, { [digest]: 'long' }])
      expect(await client.memlane.get(digest)).toBe('long')
      const { self } = await callOf(client, 'del', key)
      expect(self).toMatchObject({ key: `ns:${key}`, command: `delete ${digest}` })
    }
  })

  it('are refused where they are long and keyCompression is off', async () => {
    const { client } = await start({ keyCompression: false })
    const { args, sync } = await callOf(client, 'get', 'k'.repeat(251))
    expect(args).toEqual([new Error('Argument "key" is longer than the maximum allowed length of 250')])
    expect(sync).toBe(true)
  })
})

describe('the answers of servers', () => {
  it('are a list with one entry for each server', async () => {
    const servers = await Promise.all([MemcachedServer.start(), MemcachedServer.start()])
    onTestFinished(async () => void (await Promise.all(servers.map((server) => server.close()))))
    const names = servers.map(({ address }) => address)
    const client = open(names)
    const version = { version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string, major: '1' }
    expect(await argsOf(client, 'version')).toMatchObject([undefined, names.map((server) => ({ server, ...version }))])
    for (const method of ['stats', 'settings', 'statsSettings'])
      expect(await argsOf(client, method)).toMatchObject([undefined, names.map((server) => ({ server }))])
    for (const method of ['items', 'statsItems']) expect(await argsOf(client, method)).toEqual([undefined, [{}, {}]])
    for (const method of ['slabs', 'statsSlabs'])
      expect(await argsOf(client, method)).toMatchObject([undefined, names.map((server) => ({ server }))])
    const [, stats] = await argsOf(client, 'stats')
    expect(stats).toMatchObject([{ curr_items: 0 }, { curr_items: 0 }])
  })

  it('of those that are up come with the error of those that are not', async () => {
    const server = await MemcachedServer.start()
    onTestFinished(() => server.close())
    const away = `127.0.0.1:${await freePort()}`
    const client = open([server.address, away])
    const [error, answers] = await argsOf(client, 'version')
    expect(messageOf(error)).toBe(`connect ECONNREFUSED ${away}`)
    expect(answers).toMatchObject([{ server: server.address }])
  })

  it('to cachedump are a list, the only item itself, or nothing', async () => {
    const { client, server } = await start()
    expect(await argsOf(client, 'cachedump', undefined, 1, 10)).toEqual([undefined, undefined])
    expect(await argsOf(client, 'cachedump', server.address, 1, 10)).toEqual([undefined, undefined])
    await argsOf(client, 'set', 'a', 'x', 60)
    const item = { key: 'a', b: 1, s: expect.any(Number) as number }
    expect(await argsOf(client, 'cachedump', server.address, 1, 10)).toEqual([undefined, item])
    await argsOf(client, 'set', 'b', 'x', 60)
    const [, items] = await argsOf(client, 'cachedump', server.address, 1, 10)
    expect(items).toHaveLength(2)
  })
})

describe('a client', () => {
  it('works again after end()', async () => {
    const { client } = await start()
    await argsOf(client, 'set', 'key', 'value', 10)
    expect(client.end()).toBeUndefined()
    expect(await argsOf(client, 'get', 'key')).toEqual([undefined, 'value'])
  })

  it('has its options as properties, the defaults of Memcached.config, and those of others', async () => {
    const { client } = await start(Object.assign({ retries: 1 }, { prefix: 'sess:' }))
    expect(client).toMatchObject({ retries: 1, prefix: 'sess:', poolSize: 10, idle: 5000, maxKeySize: 250 })
    expect(Object.keys(Memcached.config)).toHaveLength(24)
    Memcached.config.poolSize = 3
    try {
      expect(open('localhost')).toMatchObject({ poolSize: 3, servers: ['localhost'] })
    } finally {
      Memcached.config.poolSize = 10
    }
  })

  it('has no options of what is no object', () => {
    for (const none of ['timeout', 5, null, true]) {
      const client = Reflect.construct(Memcached, ['localhost', none]) as Memcached
      expect(client).toMatchObject({ timeout: 5000 })
    }
  })

  it('takes inherited options, and none that are undefined', () => {
    const options: unknown = Object.create({ namespace: 'ns:' }, { timeout: { value: undefined, enumerable: true } })
    expect(new Memcached('localhost', options as MemcachedOptions)).toMatchObject({ namespace: 'ns:', timeout: 5000 })
  })

  it('keeps the context of the caller in its callbacks', async () => {
    const { client } = await start()
    const context = new AsyncLocalStorage<number>()
    const seen = await Promise.all(
      [1, 2].map((store) =>
        context.run(store, () => new Promise((resolve) => client.get('key', () => resolve(context.getStore())))),
      ),
    )
    expect(seen).toEqual([1, 2])
  })

  it('refuses more than maxQueueSize commands at a time, at once, with a text as the error', async () => {
    const { client } = await start({ maxQueueSize: 1 })
    const first = callOf(client, 'get', 'a')
    const second = await callOf(client, 'get', 'b')
    expect(second).toMatchObject({ args: ['over queue limit', null], self: client, sync: true })
    expect((await first).args).toEqual([undefined, undefined])
    expect((await callOf(client, 'get', 'c')).args).toEqual([undefined, undefined])
    expect(client.activeQueries).toBe(0)
  })

  it('takes servers as text, as a list and with weights', () => {
    expect(serverNames()).toEqual(['localhost:11211'])
    expect(serverNames('')).toEqual(['localhost:11211'])
    expect(serverNames([])).toEqual(['localhost:11211'])
    expect(serverNames('cache')).toEqual(['cache:11211'])
    expect(serverNames(['a:1', 'b:2', 'a:1'])).toEqual(['a:1', 'b:2'])
    expect(serverNames({ 'a:1': 2, 'b:2': 1 })).toEqual(['a:1', 'b:2'])
    expect(serverNames('/run/cache.sock')).toEqual(['/run/cache.sock'])
    expect(serverNames('::1:11211')).toEqual(['::1:11211'])
    expect(() => new Memcached({})).toThrow('No servers where supplied in the arguments')
  })

  it('refuses hashes and weights that it cannot use', () => {
    expect(() => open(['a:1', 'b:2'], { algorithm: 'rot13' })).toThrow(/digest/i)
    expect(() => open({ 'a:1': -1, 'b:2': 1 })).toThrow('the weight must be a number above 0, got -1')
  })

  it('warns of redundancy', async () => {
    const warning = new Promise<Error>((resolve) => process.once('warning', resolve))
    open(['a:1', 'b:2'], { redundancy: 1 })
    expect((await warning).message).toContain('redundancy')
  })
})
