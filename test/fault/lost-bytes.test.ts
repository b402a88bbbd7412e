import { describe, expect, it } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import { MetaClient } from '../../src/client/meta/client.ts'
import { InvalidInputError, type MemcacheError } from '../../src/errors.ts'
import * as serdes from '../../src/exports/serde.ts'
import type { Key } from '../../src/protocol/key.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { MemcacheSync } from '../../src/sync/memcache-sync.ts'
import { collectCrashes, turns } from '../support/crashes.ts'
import { rejection } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { giveAway, lostBytes } from '../support/lost-bytes.ts'
import { patient } from '../support/memcache-options.ts'
import { startMemcached } from '../support/real-memcached.ts'
import { ScriptedServer } from '../support/scripted-server.ts'
import { useBuiltWorker } from '../unit/sync/built-worker.ts'
import { errorOf } from './sync-calls.ts'

type Cache = ReturnType<typeof faultClient>

/** Rejects as the one command of a pipeline did. */
function reasonOf([outcome]: readonly PromiseSettledResult<unknown>[]): Promise<never> {
  return Promise.reject((outcome as PromiseRejectedResult).reason)
}

/** Every way for bytes to get into a command as its value. */
const writes: [string, (cache: Cache, value: Uint8Array) => Promise<unknown>][] = [
  ['set', (cache, value) => cache.set('mine', value)],
  ['add', (cache, value) => cache.add('mine', value)],
  ['replace', (cache, value) => cache.replace('mine', value)],
  ['append', (cache, value) => cache.append('mine', value)],
  ['prepend', (cache, value) => cache.prepend('mine', value)],
  ['cas', (cache, value) => cache.cas('mine', value, 1n)],
  ['set, compressed', (cache, value) => cache.set('mine', value, { compression: { minBytes: 1 } })],
  ['setMany', (cache, value) => cache.setMany({ mine: value })],
  ['noreply.set', (cache, value) => cache.noreply.set('mine', value)],
  ['noreply.append', (cache, value) => cache.noreply.append('mine', value)],
  ['noreply.setMany', (cache, value) => cache.noreply.setMany({ mine: value })],
  ['pipeline', (cache, value) => cache.pipeline().set('mine', value).run().then(reasonOf)],
  ['a namespace', (cache, value) => cache.namespace('n:').set('own', value)],
  ['getOrSet', (cache, value) => cache.getOrSet('mine', () => value)],
  ['update', (cache, value) => cache.update('mine', () => value)],
]

/** Every way for bytes to get into a command as its key. */
const keys: [string, (cache: Cache, key: Key) => Promise<unknown>][] = [
  ['get', (cache, key) => cache.get(key)],
  ['set', (cache, key) => cache.set(key, 1)],
  ['delete', (cache, key) => cache.delete(key)],
  ['incr', (cache, key) => cache.incr(key)],
  ['getMany', (cache, key) => cache.getMany(['other', key])],
  ['setMany', (cache, key) => cache.setMany([[key, 1]])],
  ['noreply.delete', (cache, key) => cache.noreply.delete(key)],
  ['getOrSet', (cache, key) => cache.getOrSet(key, () => 1)],
  ['inspect', (cache, key) => cache.inspect(key)],
  ['routingKey', (cache, key) => cache.get('k', { routingKey: key })],
]

/** Runs `call` on a warm client beside neighbours; gives the call's failure and checks that it was the only one. */
async function failureOf(call: (cache: Cache) => Promise<unknown>): Promise<MemcacheError> {
  const crashes = collectCrashes()
  await using server = await MemcachedServer.start()
  const cache = faultClient(`127.0.0.1:${server.port}`, patient)
  await cache.set('other', 'before')
  const others = [cache.get('other'), cache.set('third', 3)]
  const failure = rejection(call(cache))
  others.push(cache.set('secret', 'of another'), cache.get('third'))
  const error = (await failure) as MemcacheError
  expect(await Promise.all(others)).toEqual(['before', true, true, 3])
  await turns()
  expect(crashes).toEqual([])
  expect(await cache.getMany(['mine', 'other', 'secret'])).toEqual(
    new Map([
      ['other', 'before'],
      ['secret', 'of another'],
    ]),
  )
  return error
}

describe.each(lostBytes)('a value of bytes that are %s', (_name, lose) => {
  it.each(writes)('is refused by %s, and says for which key', async (_command, write) => {
    const error = await failureOf((cache) => write(cache, lose(30)))
    expect(error).toBeInstanceOf(InvalidInputError)
    expect(error.message).toMatch(/"(mine|n:own)"/)
    expect(error.delivery).toBe('not-sent')
  })

  it.each([10, 60_000])('is refused by a MetaClient (%i bytes)', async (length) => {
    await using server = await MemcachedServer.start()
    const meta = new MetaClient(`127.0.0.1:${server.port}`, patient)
    for (const call of [
      () => meta.set('mine', lose(length)),
      () => meta.append('mine', lose(length)),
      () => meta.set('mine', lose(length), { mode: 'prepend' }),
      () => meta.execute({ command: 'ms', key: 'mine', value: lose(length) }),
      () => meta.pipeline().set('mine', lose(length)).run(),
      () => meta.get(lose(length)),
    ]) {
      const error = await rejection((async () => call())())
      expect(error).toBeInstanceOf(InvalidInputError)
    }
    expect(await meta.get('mine')).toMatchObject({ status: 'miss' })
    await meta.close()
  })

  it('is refused as the body of rawCommand, and as its endToken', async () => {
    expect(await failureOf((cache) => cache.rawCommand('set mine 0 0 9', { body: lose(9) }))).toBeInstanceOf(
      InvalidInputError,
    )
    expect(await failureOf((cache) => cache.rawCommand('version', { endToken: lose(9) }))).toBeInstanceOf(
      InvalidInputError,
    )
  })

  it.each(keys)('is refused as the key of %s', async (_command, call) => {
    const error = await failureOf((cache) => call(cache, lose(8)))
    expect(error).toBeInstanceOf(InvalidInputError)
    expect(error.message).toContain('gone')
  })

  it('is refused as what a serde gives', async () => {
    const serde = { serialize: () => ({ data: lose(9), clientFlags: 0 }), deserialize: () => 0 }
    const error = await failureOf((cache) => cache.set('mine', 'anything', { serde }))
    expect(error).toBeInstanceOf(InvalidInputError)
    expect(error.message).toContain('"mine"')
  })

  it('is a SerdeError as what a compression gives', async () => {
    for (const compress of [() => lose(9), () => Promise.resolve(lose(9))]) {
      const algorithm = { compress, decompress: (data: Uint8Array) => data }
      const error = await failureOf((cache) => cache.set('mine', 'text', { compression: { minBytes: 1, algorithm } }))
      expect(error).toMatchObject({ code: 'MEMLANE_SERDE', delivery: 'not-sent' })
    }
  })

  const all: [string, serdes.Serde][] = [
    ['dalli', serdes.dalli()],
    ['defaultSerde', serdes.defaultSerde],
    ['json', serdes.json],
    ['memcacheClient', serdes.memcacheClient()],
    ['memcachedNpm', serdes.memcachedNpm()],
    ['memjs', serdes.memjs()],
    ['metaMemcache', serdes.metaMemcache()],
    ['phpMemcached', serdes.phpMemcached()],
    ['pylibmc', serdes.pylibmc({ pickle: 'readWrite' })],
    ['pymemcache', serdes.pymemcache()],
    ['pythonMemcached', serdes.pythonMemcached()],
    ['raw', serdes.raw],
    ['spymemcached', serdes.spymemcached()],
    ['structuredClone', serdes.structuredClone],
    ['xmemcached', serdes.xmemcached()],
  ]
  it.each(all)('is refused with the serde %s', async (_serde, serde) => {
    const error = await failureOf((cache) => cache.set('mine', lose(9), { serde }))
    expect(error).toBeInstanceOf(InvalidInputError)
    expect(error.message).toContain('"mine"')
  })

  it('is refused inside a value by the layouts that hold bytes there', async () => {
    const error = await failureOf((cache) =>
      cache.set('mine', [1, { deep: lose(9) }], { serde: serdes.phpMemcached({ serialize: 'readWrite' }) }),
    )
    expect(error).toMatchObject({ delivery: 'not-sent' })
    expect(error.message).toContain('"mine"')
  })

  it('is refused by the synchronous clients', async () => {
    await useBuiltWorker()
    await using server = await startMemcached()
    const cache = new MemcacheSync(server.address, patient)
    try {
      for (const call of [
        () => cache.set('mine', lose(9)),
        () => cache.add('mine', lose(9), { ttl: 5 }),
        () => cache.append('mine', lose(9)),
        () => cache.setMany({ mine: lose(9) }),
        () => cache.noreply.set('mine', lose(9)),
        () => cache.get(lose(9)),
      ]) {
        expect(errorOf(call)).toBeInstanceOf(InvalidInputError)
      }
      expect(cache.get('mine')).toBeUndefined()
    } finally {
      cache.close()
    }
  })
})

describe('bytes that lie about their length', () => {
  class Liar extends Uint8Array {
    override get byteLength(): number {
      return 3
    }
    override get length(): number {
      return 3
    }
  }
  it.each([40, 100_000])(
    'are stored as they are (%i of them), and nothing behind them is taken for a command',
    async (length) => {
      await using server = await MemcachedServer.start()
      const cache = faultClient(`127.0.0.1:${server.port}`, patient)
      const bytes = new Liar(length).fill(65)
      expect(await Promise.all([cache.set('mine', bytes), cache.append('mine', bytes), cache.get('other')])).toEqual([
        true,
        true,
        undefined,
      ])
      expect(await cache.get('mine')).toEqual(Buffer.alloc(2 * length, 'A'))
    },
  )
})

describe('bytes that are lost later', () => {
  it('as the key of a call that times out leave its error, and those of all others', async () => {
    const crashes = collectCrashes()
    await using server = await ScriptedServer.startReady((peer) => peer.pause())
    const cache = faultClient(server.address, { timeoutMs: 200 })
    const key = new Uint8Array([107, 101, 121])
    const calls = [cache.get(key), cache.delete(key), cache.get('other')].map((call) => rejection(call))
    await turns()
    giveAway(key)
    for (const error of await Promise.all(calls)) expect(error).toMatchObject({ code: 'MEMLANE_TIMEOUT' })
    expect(crashes).toEqual([])
  })

  it('as the key of a call that is tried again on its server leave it whole', async () => {
    await using first = await MemcachedServer.start()
    await using second = await MemcachedServer.start()
    const addresses = [first, second].map(({ port }) => `127.0.0.1:${port}`)
    const cache = new Memcache(addresses, { ...patient, compression: { asyncBytes: 1, minBytes: 1 } })
    const key = new Uint8Array([107, 101, 121])
    // The value is compressed on the thread pool: the server is chosen when that is done.
    const set = cache.set(key, 'x'.repeat(1000))
    giveAway(key)
    expect(await set).toBe(true)
    expect(await cache.get('key')).toBe('x'.repeat(1000))
    await cache.close()
  })

  it('while they are compressed on the thread pool fail their call, and store nothing', async () => {
    const error = await failureOf(async (cache) => {
      const bytes = new Uint8Array(100_000).fill(65)
      const set = cache.set('mine', bytes, { compression: { asyncBytes: 1 } })
      giveAway(bytes)
      return set
    })
    expect(error).toBeInstanceOf(InvalidInputError)
  })

  it('on a cold client fail their call, at the price of one connection', async () => {
    const crashes = collectCrashes()
    await using server = await ScriptedServer.startReady(async (peer) => {
      for (;;) {
        const command = await peer.command()
        if (command.words[0] === 'get') peer.reply('END\r\n')
      }
    })
    const cache = faultClient(server.address, patient)
    const bytes = new Uint8Array(30)
    const mine = rejection(cache.set('mine', bytes))
    const other = cache.get('other')
    giveAway(bytes)
    expect(await mine).toMatchObject({ code: 'MEMLANE_INVALID_INPUT', delivery: 'not-sent' })
    expect(await other).toBeUndefined()
    expect(server.connections).toBe(1)
    expect(server.receivedText).toBe('version\r\nmn\r\nget other\r\n')
    expect(crashes).toEqual([])
  })
})
