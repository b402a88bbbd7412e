import { describe, expect, it } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import {
  BatchError,
  ClientError,
  ClosedError,
  ConnectionClosedError,
  InvalidInputError,
  OverloadedError,
  ServerError,
  TimeoutError,
  UnknownCommandError,
} from '../../src/errors.ts'
import { deleteMatching } from '../../src/keys/delete-matching.ts'
import { listKeys } from '../../src/keys/list-keys.ts'
import type { ListedKey } from '../../src/keys/listed-key.ts'
import type { KeyOwner, ListKeysOptions } from '../../src/keys/options.ts'
import { MockMemcache } from '../../src/testing/mock-memcache.ts'
import { eventually, rejection, until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { patient } from '../support/memcache-options.ts'
import type { Peer } from '../support/peer.ts'
import { startMemcached } from '../support/real-memcached.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

/** Long enough for any machine. */
const LONG: ListKeysOptions = { timeoutMs: 60_000 }

/** The server's clock, in seconds: not that of this machine. */
const TIME = 2_000_000_000

function lineOf(key: string): string {
  return `key=${key} exp=${TIME + 1000} la=${TIME} cas=7 fetch=no cls=1 size=70 flags=0\n`
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A server that answers `stats`, and lists as the script says; `listing` counts its listings from 0. */
function listing(script: (peer: Peer, listing: number) => void | Promise<void>): Promise<ScriptedServer> {
  let listings = 0
  return ScriptedServer.start(async (peer) => {
    await peer.expect('version\r\n')
    peer.socket.write('VERSION 1.6.45\r\n')
    const line = await peer.line()
    if (line === 'stats') peer.socket.write(`STAT pid 1\r\nSTAT time ${TIME}\r\nEND\r\n`)
    else await script(peer, listings++)
  })
}

/** A server that lists these pieces, one after the other, and then stays. */
function answering(...pieces: readonly string[]): Promise<ScriptedServer> {
  return listing(async ({ socket }) => {
    for (const piece of pieces) {
      socket.write(piece)
      await turn()
    }
  })
}

async function keysOf(cache: KeyOwner, options: ListKeysOptions = LONG): Promise<unknown[]> {
  const keys: unknown[] = []
  for await (const { key } of listKeys(cache, options)) keys.push(key)
  return keys
}

/** Resolves when the connection of the last listing has gone. */
function hasLeft(server: ScriptedServer): Promise<void> {
  return until(() => server.peers.at(-1)!.ended, 'the connection of the listing goes')
}

function throwMine(): never {
  throw new RangeError('mine')
}

describe('a key listing', () => {
  const whole = `OK\r\n${lineOf('END')}${lineOf('a%20b')}END\r\n`

  it.each(Array.from(whole, (_, at) => at))('is the same when it is cut at byte %i', async (at) => {
    await using server = await answering(...[whole.slice(0, at), whole.slice(at)].filter((piece) => piece !== ''))
    expect(await keysOf(faultClient(server.address))).toEqual(['END', 'a b'])
  })

  it('counts by the clock of the server', async () => {
    await using server = await answering(`${lineOf('a')}END\r\n`)
    for await (const item of listKeys(faultClient(server.address), LONG)) {
      expect(item.ttl).toBeGreaterThan(900)
      expect(item.ttl).toBeLessThanOrEqual(1000)
      expect(item.lastAccess).toBeLessThan(100)
    }
  })

  it('walks anew with each iteration, and connects to no server before', async () => {
    await using server = await answering(`${lineOf('a')}END\r\n`)
    const keys = listKeys(faultClient(server.address), LONG)
    await turn()
    expect(server.connections).toBe(0)
    for (const _time of [1, 2]) for await (const { key } of keys) expect(key).toBe('a')
    expect(server.receivedText.match(/metadump hash/g)).toHaveLength(2)
  })

  it('gives keys in order to calls of next that do not wait for each other', async () => {
    await using server = await answering(lineOf('a') + lineOf('b'), `${lineOf('c')}END\r\n`)
    const iterator = listKeys(faultClient(server.address), LONG)[Symbol.asyncIterator]()
    const results = await Promise.all(Array.from({ length: 5 }, () => iterator.next()))
    expect(results.map(({ value }) => (value as ListedKey | undefined)?.key)).toEqual([
      'a',
      'b',
      'c',
      undefined,
      undefined,
    ])
  })

  describe('is refused', () => {
    it.each([
      ['ERROR metadump not allowed', UnknownCommandError, /hosted services and proxies/],
      ['ERROR', UnknownCommandError, /answered "ERROR"/],
      ['BADCLASS invalid class id', UnknownCommandError, /1\.6\.9/],
      ['hello', UnknownCommandError, /hello/],
      ['CLIENT_ERROR lru crawler disabled', ClientError, /lru crawler disabled/],
      ['SERVER_ERROR out of memory', ServerError, /out of memory/],
    ] as const)('with %s', async (line, kind, message) => {
      await using server = await answering(`${line}\r\n`)
      const error = await rejection(keysOf(faultClient(server.address)))
      expect(error).toBeInstanceOf(kind)
      expect(error).toMatchObject({
        message: expect.stringMatching(message),
        command: 'listKeys',
        delivery: 'answered',
      })
      await hasLeft(server)
    })

    it('by a server that closes without a word', async () => {
      await using server = await listing((peer) => void peer.socket.end())
      expect(await rejection(keysOf(faultClient(server.address)))).toBeInstanceOf(UnknownCommandError)
    })

    it('by a memcached with -X, and by one without its crawler', async () => {
      await using closed = await startMemcached({ args: ['-X'] })
      expect(await rejection(keysOf(faultClient(closed.address)))).toBeInstanceOf(UnknownCommandError)
      await using old = await startMemcached({ args: ['-o', 'no_lru_crawler'] })
      expect(await rejection(keysOf(faultClient(old.address)))).toBeInstanceOf(ClientError)
    })
  })

  it.each(['BUSY currently processing crawler request', 'ERROR locked try again later'])(
    'begins when the server is done with another: %s',
    async (line) => {
      await using server = await listing(
        ({ socket }, at) => void socket.write(at < 2 ? `${line}\r\n` : `OK\r\n${lineOf('a')}END\r\n`),
      )
      expect(await keysOf(faultClient(server.address))).toEqual(['a'])
      expect(server.receivedText.match(/metadump hash/g)).toHaveLength(3)
    },
  )

  it.each(['BUSY currently processing crawler request', 'ERROR locked try again later'])(
    'is given up when the time has passed: %s',
    async (line) => {
      await using server = await listing(({ socket }) => void socket.write(`${line}\r\n`))
      const error = await rejection(keysOf(faultClient(server.address), { timeoutMs: 1500 }))
      // On a busy machine the time may pass while an answer is on its way.
      if (error instanceof TimeoutError) return
      expect(error).toBeInstanceOf(ServerError)
      expect(error.message).toContain(line)
      expect(server.receivedText.match(/metadump hash/g)!.length).toBeGreaterThan(1)
    },
  )

  it('times out when the server never begins, and when it stops in the middle', async () => {
    await using silent = await answering()
    expect(await rejection(keysOf(faultClient(silent.address), { timeoutMs: 1000 }))).toBeInstanceOf(TimeoutError)
    await hasLeft(silent)
    await using frozen = await answering(lineOf('a'))
    const iterator = listKeys(faultClient(frozen.address), { timeoutMs: 2000 })[Symbol.asyncIterator]()
    expect(await iterator.next()).toMatchObject({ value: { key: 'a' } })
    const error = await rejection(iterator.next())
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error.message).toContain('in the middle of its reply')
    await hasLeft(frozen)
  })

  it('is no longer than the server lives: the keys before its end stand', async () => {
    await using server = await listing(async ({ socket }) => {
      socket.write(lineOf('a') + lineOf('b'))
      await turn()
      socket.destroy()
    })
    const keys: unknown[] = []
    const walk = async (): Promise<void> => {
      for await (const { key } of listKeys(faultClient(server.address), LONG)) keys.push(key)
    }
    expect(await rejection(walk())).toBeInstanceOf(ConnectionClosedError)
    expect(keys).toEqual(['a', 'b'])
  })

  it('is refused in the middle of nonsense', async () => {
    await using server = await answering(`${lineOf('a')}nonsense\n`)
    const error = await rejection(keysOf(faultClient(server.address)))
    expect(error).toMatchObject({ code: 'MEMLANE_PROTOCOL', command: 'listKeys' })
    await hasLeft(server)
  })

  describe('of a reader', () => {
    const many = Array.from({ length: 100 }, () => lineOf('k'.repeat(200)).repeat(10))

    it('that stops reading is given up: what waits is dropped, and it is told', async () => {
      await using server = await answering(...many)
      const keys = listKeys(faultClient(server.address), { ...LONG, maxBufferedBytes: 50_000 })
      const iterator = keys[Symbol.asyncIterator]()
      await iterator.next()
      await hasLeft(server)
      let error: unknown
      // The rest of the piece that it has begun is its own.
      while (error === undefined) {
        error = await iterator.next().then(
          ({ done }) => (done === true ? 'done' : undefined),
          (reason: unknown) => reason,
        )
      }
      expect(error).toBeInstanceOf(OverloadedError)
      expect(await iterator.next()).toEqual({ done: true, value: undefined })
    })

    it('that wants few keys has room for them, however many there are', async () => {
      await using server = await answering(...many, lineOf('wanted'), ...many, 'END\r\n')
      const options = { ...LONG, prefix: 'wanted', maxBufferedBytes: 1000 }
      expect(await keysOf(faultClient(server.address), options)).toEqual(['wanted'])
    })

    it('that leaves closes the connection at once: by break, by an error, by return while it waits', async () => {
      await using server = await answering(lineOf('a'))
      const cache = faultClient(server.address)
      for await (const _item of listKeys(cache, LONG)) break
      await hasLeft(server)
      const failing = async (): Promise<void> => {
        for await (const _item of listKeys(cache, LONG)) throw new Error('mine')
      }
      expect(await rejection(failing())).toMatchObject({ message: 'mine' })
      await hasLeft(server)
      const iterator = listKeys(cache, LONG)[Symbol.asyncIterator]()
      await iterator.next()
      const next = iterator.next()
      expect(await iterator.return!()).toEqual({ done: true, value: undefined })
      expect(await next).toEqual({ done: true, value: undefined })
      await hasLeft(server)
    })

    it('whose signal aborts gets its reason, also before the first key, between keys and while the server is busy', async () => {
      await using server = await listing(({ socket }, at) => {
        socket.write(at < 2 ? lineOf('a') + lineOf('b') : 'BUSY currently processing crawler request\r\n')
      })
      const cache = faultClient(server.address)
      const aborted = { ...LONG, signal: AbortSignal.abort(new Error('early')) }
      expect(await rejection(keysOf(cache, aborted))).toMatchObject({ message: 'early' })
      expect(server.connections).toBe(0)
      for (const _waits of [true, false]) {
        const controller = new AbortController()
        const iterator = listKeys(cache, { ...LONG, signal: controller.signal })[Symbol.asyncIterator]()
        await iterator.next()
        if (_waits) await iterator.next()
        const next = _waits ? iterator.next() : undefined
        controller.abort(new Error('enough'))
        expect(await rejection(next ?? iterator.next())).toMatchObject({ message: 'enough' })
        await hasLeft(server)
      }
      const controller = new AbortController()
      const waiting = rejection(keysOf(cache, { ...LONG, signal: controller.signal }))
      await until(() => (server.receivedText.match(/metadump/g)?.length ?? 0) > 2, 'the server was asked')
      controller.abort(new Error('too long'))
      expect(await waiting).toMatchObject({ message: 'too long' })
    })

    it('whose filter throws, or gives no answer, gets the error', async () => {
      await using server = await answering(`${lineOf('a')}END\r\n`)
      const cache = faultClient(server.address)
      expect(await rejection(keysOf(cache, { ...LONG, filter: throwMine }))).toBeInstanceOf(RangeError)
      // @ts-expect-error - a promise is no answer
      expect(await rejection(keysOf(cache, { ...LONG, filter: async () => true }))).toBeInstanceOf(InvalidInputError)
    })
  })

  it.each(['close', 'destroy'] as const)('ends with the client: %s', async (how) => {
    await using server = await answering(lineOf('a'))
    const cache = faultClient(server.address)
    const iterator = listKeys(cache, LONG)[Symbol.asyncIterator]()
    await iterator.next()
    const next = rejection(iterator.next())
    await cache[how]()
    expect(await next).toBeInstanceOf(ClosedError)
    expect(await rejection(keysOf(cache))).toBeInstanceOf(ClosedError)
  })

  it('has the keys of each server, by its name, and of one alone', async () => {
    await using first = await answering(`${lineOf('a')}END\r\n`)
    await using second = await answering(`${lineOf('b')}END\r\n`)
    const cache = new MockMemcache(['cache'])
    await cache.set('mock', 1)
    for await (const { key, server } of listKeys(cache)) expect([key, server]).toEqual(['mock', 'cache:11211'])
    await cache.close()
    const both = new Memcache([first.address, second.address])
    const found: unknown[] = []
    for await (const { key, server } of listKeys(both, LONG)) found.push([key, server])
    expect(found).toEqual([
      ['a', first.address],
      ['b', second.address],
    ])
    expect(await keysOf(both, { ...LONG, server: second.address })).toEqual(['b'])
    expect(await rejection(keysOf(both, { ...LONG, server: 'elsewhere' }))).toBeInstanceOf(InvalidInputError)
    both.destroy()
  })

  it.each([
    { prefx: 'a' },
    { prefix: 5 },
    { prefix: '\ud800' },
    { filter: true },
    { timeoutMs: 0 },
    { maxBufferedBytes: 0 },
    { maxBufferedBytes: 1.5 },
    { signal: 'now' },
    'user:',
  ])('refuses options that cannot be used, at the call: %j', async (options) => {
    const cache = faultClient('127.0.0.1:1')
    // @ts-expect-error - as JavaScript may call it
    expect(() => listKeys(cache, options)).toThrow(InvalidInputError)
    // @ts-expect-error - as JavaScript may call it
    expect(await rejection(deleteMatching(cache, { prefix: 'a' }, options))).toBeInstanceOf(InvalidInputError)
  })

  it.each([undefined, null, {}, 'cache', () => undefined])('refuses what is no client: %j', (cache) => {
    // @ts-expect-error - as JavaScript may call it
    expect(() => listKeys(cache)).toThrow(/a Memcache or a namespace of one/)
  })
})

describe('the listing of a real memcached', () => {
  const count = 50_000

  it.each([undefined, '1.6.38', '1.6.45'] as const)('has every key once: %s', async (version) => {
    await using server = await startMemcached({ version })
    const cache = faultClient(server.address)
    await cache.setMany(Array.from({ length: count }, (_, index) => [`k${index}`, 'x'] as const))
    const keys = await keysOf(cache)
    expect(keys).toHaveLength(count)
    expect(new Set(keys).size).toBe(count)
  })

  it('left by a reader that stopped serves the next, and other clients all the while', async () => {
    await using server = await startMemcached()
    const cache = faultClient(server.address)
    await cache.setMany(Array.from({ length: count }, (_, index) => [`k${index}`, 'x'] as const))
    const stopped = listKeys(cache, LONG)[Symbol.asyncIterator]()
    await stopped.next()
    for (let index = 0; index < 20; index++) {
      expect(await faultClient(server.address).get(`k${index}`)).toBe('x')
    }
    expect(await keysOf(cache)).toHaveLength(count)
    await stopped.return!()
  })

  it('is over when the server is frozen, and comes again when it is not', async () => {
    await using server = await startMemcached()
    const cache = faultClient(server.address)
    await cache.setMany(Array.from({ length: count }, (_, index) => [`k${index}`, 'x'] as const))
    server.freeze()
    const late = rejection(keysOf(cache, { timeoutMs: 1000 }))
    expect(await late).toBeInstanceOf(TimeoutError)
    server.thaw()
    await eventually(async () => expect(await keysOf(cache)).toHaveLength(count))
  })
})

describe('deleteMatching', () => {
  it('deletes on the server that listed the key, though another should have it', async () => {
    await using first = await startMemcached()
    await using second = await startMemcached()
    for (const { address } of [first, second]) {
      const alone = faultClient(address)
      await alone.setMany(Array.from({ length: 50 }, (_, index) => [`k${index}`, 'x'] as const))
    }
    const both = new Memcache([first.address, second.address])
    expect(await deleteMatching(both, { prefix: 'k' })).toBe(100)
    expect(await keysOf(both)).toEqual([])
    await both.close()
  })

  it('cleans the other servers when one fails, and says how many it deleted there', async () => {
    await using healthy = await startMemcached()
    await using refusing = await startMemcached({ args: ['-X'] })
    await faultClient(healthy.address).set('k', 1)
    const both = new Memcache([refusing.address, healthy.address])
    const error = (await rejection(deleteMatching(both, { all: true }))) as BatchError
    expect(error).toBeInstanceOf(BatchError)
    expect(error.command).toBe('deleteMatching')
    expect([...error.failed.keys()]).toEqual([refusing.address])
    expect(error.found).toEqual(new Map([[healthy.address, 1]]))
    await both.close()
  })

  it('keeps what it cannot send, says so, and deletes all the rest', async () => {
    await using first = await startMemcached()
    await using second = await startMemcached()
    for (const { address } of [first, second]) {
      const alone = faultClient(address)
      await alone.setMany(Array.from({ length: 2500 }, (_, index) => [`k${index}`, 'x'] as const))
    }
    await faultClient(first.address, { protocol: 'meta' }).setMany([
      ['k a', 'x'],
      ['k b', 'x'],
    ])
    const both = new Memcache([first.address, second.address], { ...patient, protocol: 'text' })
    const error = (await rejection(deleteMatching(both, { prefix: 'k' }))) as BatchError
    expect(error).toBeInstanceOf(BatchError)
    expect(error.found).toEqual(new Map([[second.address, 2500]]))
    expect(error.failed.get(first.address)).toMatchObject({
      code: 'MEMLANE_UNKNOWN_COMMAND',
      message: expect.stringMatching(/keeps 2 of the keys that match, and 2500 others are deleted: .*white space/),
    })
    expect(new Set(await keysOf(both))).toEqual(new Set(['k a', 'k b']))
    await both.close()
  })

  it('stops with its signal, and with a filter that throws', async () => {
    await using server = await startMemcached()
    const cache = faultClient(server.address)
    await cache.setMany(Array.from({ length: 5000 }, (_, index) => [`k${index}`, 'x'] as const))
    const controller = new AbortController()
    let seen = 0
    const filter = (): boolean => {
      if (++seen === 2500) controller.abort(new Error('enough'))
      return true
    }
    const aborted = deleteMatching(cache, { filter }, { signal: controller.signal })
    expect(await rejection(aborted)).toMatchObject({ message: 'enough' })
    const throwing = deleteMatching(cache, { filter: throwMine })
    expect(await rejection(throwing)).toBeInstanceOf(RangeError)
    expect(await keysOf(cache)).not.toEqual([])
  })
})
