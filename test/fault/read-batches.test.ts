import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import type { BatchError } from '../../src/errors.ts'
import type { Distribution } from '../../src/routing/distribution.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { rejection, until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import type { MemcacheOptions } from '../support/memcache-options.ts'
import type { Peer, ReceivedCommand } from '../support/peer.ts'
import { serveCommands, values } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'
import { waysOfReads } from '../support/single-reads.ts'

/** What became of each key: what was found, and the failures by name and delivery. */
async function outcomeOf(call: Promise<Map<unknown, unknown>>): Promise<unknown> {
  const settled = await call.then(
    (found) => ({ found: [...found] }),
    (error: BatchError) => ({
      found: [...error.found],
      failed: Array.from(error.failed, ([key, reason]) => [key, nameOf(reason), deliveryOf(reason)]),
      delivery: error.delivery,
    }),
  )
  return settled
}

function nameOf(reason: unknown): string {
  return reason instanceof Error ? reason.name : String(reason)
}

function deliveryOf(reason: unknown): unknown {
  return typeof reason === 'object' && reason !== null && 'delivery' in reason ? reason.delivery : undefined
}

/** Answers the first read line as the test says, and every other as a server that holds every key. */
function answeringFirst(reply: (command: ReceivedCommand, peer: Peer) => string | undefined) {
  let isFirst = true
  return (peer: Peer): Promise<void> =>
    serveCommands(peer, (command) => {
      if (command.words[0] !== 'get') return undefined
      if (!isFirst) return values(command)
      isFirst = false
      return reply(command, peer)
    })
}

const keys = ['a', 'b', 'c', 'd']
const value = (key: string): string => `VALUE ${key} 0 1\r\n${key}\r\n`
const lost = (key: string): unknown => [key, 'ConnectionClosedError', 'unknown']

const wrong = (key: string): unknown => [key, 'ProtocolError', 'unknown']
const ignore = (): void => undefined
/** Holds every key. */
const serveValues = (peer: Peer): Promise<void> => serveCommands(peer, (command) => values(command))
/** `a` and `c` are on the first server, all others on the second. */
const byKey: Distribution = () => ({ pick: (key) => (key === 'a' || key === 'c' ? 0 : 1), order: () => [0, 1] })

describe.each(waysOfReads)('many reads %s', (_way, way) => {
  const client = (server: { address: string }, options: MemcacheOptions = {}): ReturnType<typeof faultClient> =>
    faultClient(server.address, { timeoutMs: 10_000, connectTimeoutMs: 10_000, ...way, ...options })

  it.each([
    ['between two values', `${value('a')}${value('b')}`],
    ['in the middle of a value', `${value('a')}${value('b')}VALUE c 0 10\r\nabc`],
    ['in the middle of a header', `${value('a')}${value('b')}VALUE c `],
  ])('keep what came before the connection was cut %s', async (_where, reply) => {
    const script = answeringFirst((_command, peer) => {
      peer.socket.end(reply)
      return ''
    })
    await using server = await ScriptedServer.startReady(script)
    const cache = client(server)
    await cache.connect()
    expect(await outcomeOf(cache.getMany(keys))).toEqual({
      found: [
        ['a', 'a'],
        ['b', 'b'],
      ],
      failed: [lost('c'), lost('d')],
      delivery: 'unknown',
    })
    await until(() => cache.servers[0]!.pending === 0, 'nothing is pending')
  })

  it('repeat once what was written on an idle connection that turned out dead', async () => {
    const script = answeringFirst((_command, peer) => {
      peer.socket.destroy()
      return ''
    })
    await using server = await ScriptedServer.startReady(async (peer, index) => {
      // The first connection works once, so that it counts as idle and not as broken.
      if (index === 0) await peer.expect('get warm\r\n').then(() => peer.reply('END\r\n'))
      await script(peer)
    })
    const cache = client(server)
    await cache.get('warm')
    expect(await outcomeOf(cache.getMany(keys))).toEqual({ found: keys.map((key) => [key, key]) })
    expect(server.connections).toBe(2)
  })

  it('are tried again by the option retry, those that failed alone', async () => {
    const script = answeringFirst((_command, peer) => {
      peer.socket.end(value('a'))
      return ''
    })
    await using server = await ScriptedServer.startReady(script)
    const cache = client(server, { retry: { attempts: 3, delayMs: 200 } })
    await cache.connect()
    expect(await outcomeOf(cache.getMany(keys))).toEqual({ found: keys.map((key) => [key, key]) })
    expect(server.peers[1]!.receivedText).not.toMatch(/get.* a\b/)
  })

  it('fail the key alone whose line was refused', async () => {
    const refused = 'SERVER_ERROR out of memory\r\n'
    await using server = await ScriptedServer.startReady((peer) =>
      serveCommands(peer, (command) => {
        if (command.words[0] !== 'get') return undefined
        return command.words.includes('c') ? refused : values(command)
      }),
    )
    const cache = client(server)
    expect(await outcomeOf(cache.getMany(keys))).toEqual({
      found: [
        ['a', 'a'],
        ['b', 'b'],
        ['d', 'd'],
      ],
      failed: [['c', 'ServerError', 'answered']],
      delivery: 'answered',
    })
    // A line of one read stays in step.
    expect(await outcomeOf(cache.getMany(['c']))).toMatchObject({
      found: [],
      failed: [['c', 'ServerError', 'answered']],
    })
    expect(await cache.get('a')).toBe('a')
  })

  it('fail the key alone whose value is too large', async () => {
    await using server = await MemcachedServer.start()
    const writer = faultClient(server.address, { timeoutMs: 10_000 })
    const sizes = [10, 2000, 200_000, 10]
    await writer.setMany(keys.map((key, at) => [key, key.repeat(sizes[at]!)]))
    const cache = client(server, { maxValueBytes: 1000 })
    expect(await outcomeOf(cache.getMany(keys))).toEqual({
      found: [
        ['a', 'a'.repeat(10)],
        ['d', 'd'.repeat(10)],
      ],
      failed: [
        ['b', 'ValueTooLargeError', 'answered'],
        ['c', 'ValueTooLargeError', 'answered'],
      ],
      delivery: 'answered',
    })
  })

  it('give large values, and bytes of their own', async () => {
    await using server = await MemcachedServer.start()
    const cache = client(server)
    const [text, bytes] = ['ü'.repeat(100_000), Buffer.alloc(300_000, 7)]
    await cache.setMany([
      ['a', text],
      ['b', bytes],
      ['c', Buffer.from('small')],
    ])
    const found = await cache.getMany(keys)
    await cache.getMany(keys)
    expect([...found]).toEqual([
      ['a', text],
      ['b', bytes],
      ['c', Buffer.from('small')],
    ])
  })

  it('end at an abort in the middle of the reply, and pass over the rest of it', async () => {
    let finish = ignore
    const script = answeringFirst((_command, peer) => {
      finish = () => void peer.socket.write(`${value('b')}${value('d')}END\r\n`)
      return value('a')
    })
    await using server = await ScriptedServer.startReady(script)
    const cache = client(server)
    await cache.connect()
    const controller = new AbortController()
    const call = rejection(cache.getMany(keys, { signal: controller.signal }), 10_000)
    await until(() => server.receivedText.includes('get a b c d\r\n'), 'the line has come')
    await nextTurn()
    controller.abort(new Error('given up'))
    expect(await call).toEqual(new Error('given up'))
    const later = cache.getMany(['x', 'y'])
    finish()
    expect([...(await later)]).toEqual([
      ['x', 'x'],
      ['y', 'y'],
    ])
    expect(server.connections).toBe(1)
    expect(cache.servers[0]!.pending).toBe(0)
  })

  it('send nothing when they are aborted before they leave', async () => {
    await using server = await ScriptedServer.startReady((peer) => serveCommands(peer))
    const cache = client(server)
    await cache.connect()
    const controller = new AbortController()
    const call = rejection(cache.getMany(keys, { signal: controller.signal }), 10_000)
    controller.abort(new Error('given up'))
    expect(await call).toEqual(new Error('given up'))
    await cache.get('later')
    expect(server.receivedText).not.toContain(' a')
    expect(cache.servers[0]!.pending).toBe(0)
  })

  it('may be aborted by `retryFor`, in the middle of a write', async () => {
    await using server = await ScriptedServer.startReady((peer) => serveCommands(peer), { mn: 'ERROR' })
    const controller = new AbortController()
    const retryFor = (): boolean => {
      controller.abort(new Error('given up'))
      return false
    }
    // The server speaks text: a key with a space fails while the others are being written.
    const cache = client(server, { retry: { retryFor } })
    await cache.connect()
    const call = rejection(cache.getMany(['a', 'b c', 'd', 'e'], { signal: controller.signal }), 10_000)
    expect(await call).toEqual(new Error('given up'))
    expect(await Promise.all([cache.get('f'), cache.get('g')])).toEqual([undefined, undefined])
    expect(cache.servers[0]!.pending).toBe(0)
  })

  it('fail what has no answer when the time is up, and pass over the late rest', async () => {
    let finish = ignore
    const script = (peer: Peer): Promise<void> =>
      serveCommands(peer, (command) => {
        if (command.words[0] !== 'get') return undefined
        if (command.words.includes('a')) return `${value('a')}${value('b')}`
        finish = () => peer.reply(`${value('c')}END\r\n${values(command)}`)
        return ''
      })
    await using server = await ScriptedServer.startReady(script)
    const cache = client(server)
    await cache.connect()
    const call = outcomeOf(cache.getMany(keys, { timeoutMs: 200 }))
    await nextTurn()
    // It waits for longer, so that the silence is not held against the connection.
    const later = cache.get('later')
    expect(await call).toEqual({
      found: [
        ['a', 'a'],
        ['b', 'b'],
      ],
      failed: [
        ['c', 'TimeoutError', 'unknown'],
        ['d', 'TimeoutError', 'unknown'],
      ],
      delivery: 'unknown',
    })
    finish()
    expect(await later).toBe('later')
    expect(server.connections).toBe(1)
    expect(cache.servers[0]!.pending).toBe(0)
  })

  it('take values that a proxy has reordered', async () => {
    await using server = await ScriptedServer.startReady(
      answeringFirst(() => `${['d', 'a', 'c'].map(value).join('')}END\r\n`),
    )
    expect(await outcomeOf(client(server).getMany(keys))).toEqual({
      found: [
        ['a', 'a'],
        ['c', 'c'],
        ['d', 'd'],
      ],
    })
  })

  it.each([
    ['was not asked for', `${value('a')}${value('x')}END\r\n`],
    ['has come before', `${value('a')}${value('a')}END\r\n`],
  ])('are out of step with a value that %s', async (_what, reply) => {
    await using server = await ScriptedServer.startReady(answeringFirst(() => reply))
    const cache = client(server)
    await cache.connect()
    const desynced: string[] = []
    cache.on('desync', () => desynced.push('desync'))
    expect(await outcomeOf(cache.getMany(keys))).toEqual({
      found: [['a', 'a']],
      failed: ['b', 'c', 'd'].map(wrong),
      delivery: 'unknown',
    })
    expect(desynced).toEqual(['desync'])
  })

  it.each([
    ['next', { found: keys.map((key) => [key, key]) }],
    [
      'none',
      {
        found: [
          ['b', 'b'],
          ['d', 'd'],
        ],
        failed: [
          ['a', 'ServerDownError', 'not-sent'],
          ['c', 'ServerDownError', 'not-sent'],
        ],
        delivery: 'not-sent',
      },
    ],
  ] as const)('of a server that is out go where the option failover says: %s', async (failover, outcome) => {
    await using up = await ScriptedServer.startReady(serveValues)
    const down = await ScriptedServer.startReady(serveValues)
    const cache = new Memcache([down.address, up.address], {
      ...way,
      timeoutMs: 10_000,
      cluster: { distribution: byKey, failover, retryTimeoutMs: 60_000 },
    })
    onTestFinished(() => cache.destroy())
    expect(await outcomeOf(cache.getMany(keys))).toEqual({ found: keys.map((key) => [key, key]) })
    await down.close()
    await rejection(cache.get('a'), 10_000).catch(() => undefined)
    await until(() => cache.servers[0]!.state !== 'up', 'the server is out')
    expect(await outcomeOf(cache.getMany(keys))).toEqual(outcome)
  })

  it('count against maxPending one by one', async () => {
    let release = ignore
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    await using server = await ScriptedServer.startReady(async (peer) => {
      await released
      await serveCommands(peer, (command) => values(command))
    })
    const cache = client(server, { maxPending: 8 })
    await cache.connect()
    const first = cache.getMany(keys)
    const second = cache.getMany(['e', 'f', 'g'])
    const third = outcomeOf(cache.getMany(['h', 'i', 'j']))
    await nextTurn()
    expect(cache.servers[0]!.pending).toBe(8)
    release()
    expect(await third).toEqual({
      found: [['h', 'h']],
      failed: [
        ['i', 'OverloadedError', 'not-sent'],
        ['j', 'OverloadedError', 'not-sent'],
      ],
      delivery: 'not-sent',
    })
    expect([...(await first).keys(), ...(await second).keys()]).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g'])
    expect(cache.servers[0]!.pending).toBe(0)
  })

  it('share lines as single gets do, and end at a write', async () => {
    await using server = await ScriptedServer.startReady((peer) =>
      serveCommands(peer, (command) => (command.words[0] === 'get' ? values(command) : undefined)),
    )
    const cache = client(server, { coalesceReads: { maxKeys: 3 } })
    await cache.connect()
    const calls = [cache.get('x'), cache.getMany(keys), cache.set('a', 1), cache.getMany(['e', 'f'])]
    await Promise.all<unknown>(calls)
    const text = server.receivedText
    expect(text).toContain('get x a b\r\nget c d\r\nms a ')
    expect(text).toContain('get e f\r\n')
  })
})
