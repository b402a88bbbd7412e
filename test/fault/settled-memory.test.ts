import { Buffer } from 'node:buffer'
import { deflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Memcache } from '../../src/client/memcache.ts'
import { raw } from '../../src/serde/raw.ts'
import { Collected } from '../support/collected.ts'
import { rejection } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { Gate } from '../support/gate.ts'
import { patient } from '../support/memcache-options.ts'
import { opaqueOf } from '../support/peer.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

const LENGTH = 200_000

// Client flags of the default serde, and of zlib.
const BYTES = 64
const JSON_TEXT = 32
const ZLIB = 8

/** Reads, each of which drops its value as soon as it has it; waits until all have. */
async function readAndDrop(cache: Memcache, keys: readonly string[], collected: Collected): Promise<void> {
  await Promise.all(
    keys.map(async (key) => {
      collected.watch((await cache.get<object>(key))!)
    }),
  )
}

/** Values of a read line whose END is held back. */
function withoutEnd(keys: readonly string[], body: Buffer, flags: number): Buffer {
  return Buffer.concat(
    keys.flatMap((key) => [Buffer.from(`VALUE ${key} ${flags} ${body.length}\r\n`), body, Buffer.from('\r\n')]),
  )
}

describe('an operation that is settled keeps nothing alive', () => {
  const keys = Array.from({ length: 20 }, (_, at) => `k${at}`)
  const values: [string, Buffer, number][] = [
    ['small', Buffer.alloc(100, 'x'), BYTES],
    ['large', Buffer.alloc(LENGTH, 'x'), BYTES],
    ['compressed at once', deflateSync(Buffer.alloc(LENGTH, 'x')), BYTES | ZLIB],
    ['compressed, and read on the thread pool', deflateSync(Buffer.alloc(LENGTH, 'x'), { level: 0 }), BYTES | ZLIB],
    ['JSON', Buffer.from('{"a":[1]}'), JSON_TEXT],
  ]

  it.each(values)('of the values of a read line whose END has not come (%s)', async (_name, body, flags) => {
    await using server = await ScriptedServer.startReady(async (peer) => {
      const line = await peer.line()
      peer.reply(withoutEnd(line.split(' ').slice(1), body, flags))
    })
    const cache = faultClient(server.address, patient)
    const collected = new Collected()
    await readAndDrop(cache, keys, collected)
    await collected.allBut(0)
  })

  it('of what the callers of such a line gave along', async () => {
    await using server = await ScriptedServer.startReady(async (peer) => {
      await peer.line()
      peer.reply(withoutEnd(['a'], Buffer.from('1'), 0))
    })
    const cache = faultClient(server.address, patient)
    const collected = new Collected()
    const read = async (): Promise<void> => {
      const fallback = collected.watch({ caller: true })
      const serde = collected.watch({ ...raw })
      void cache.get('b').catch(() => undefined)
      await cache.get('a', { serde, default: fallback })
    }
    await read()
    await collected.allBut(0)
  })

  type Call = (cache: Memcache, value: Buffer) => Promise<unknown>
  const givenUp: [string, Call][] = [
    ['timed out', (cache, value) => cache.set('k', value, { timeoutMs: 1000 })],
    ['was aborted', (cache, value) => cache.set('k', value, { signal: AbortSignal.timeout(1000) })],
    ['timed out, of append', (cache, value) => cache.append('k', value, { timeoutMs: 1000 })],
  ]
  it.each(givenUp)('of the body of a store that %s, whose place is still in the queue', async (_name, call) => {
    const answer = new Gate()
    await using server = await ScriptedServer.startReady(async (peer) => {
      const store = await peer.command()
      const read = await peer.command()
      await answer.opened
      peer.reply(`HD${opaqueOf(store)}\r\nEND\r\n`)
      expect(read.line).toBe('get other')
    })
    const cache = faultClient(server.address, patient)
    const collected = new Collected()
    // Something else waits, so that the silence does not end the connection.
    const other = (async () => {
      const failed = rejection(call(cache, collected.watch(Buffer.alloc(1000))))
      const read = cache.get('other')
      await failed
      return { read }
    })()
    const { read } = await other
    await collected.allBut(0)
    answer.open()
    expect(await read).toBeUndefined()
    expect(server.connections).toBe(1)
  })

  it('of the body of a quiet store whose barrier has not been answered', async () => {
    await using server = await ScriptedServer.startReady(async (peer) => {
      await peer.command()
    })
    const cache = faultClient(server.address, patient)
    const collected = new Collected()
    await (async () => cache.noreply.set('k', collected.watch(Buffer.alloc(1000))))()
    await collected.allBut(0)
  })

  it('of what a serde made of the entries of a batch, while others of it wait', async () => {
    const more = new Gate()
    await using server = await ScriptedServer.startReady(async (peer) => {
      const stores = [await peer.command(), await peer.command(), await peer.command()]
      peer.reply(`HD${opaqueOf(stores[0]!)}\r\nHD${opaqueOf(stores[1]!)}\r\n`)
      await more.opened
      peer.reply(`HD${opaqueOf(stores[2]!)}\r\n`)
    })
    const collected = new Collected()
    const serde = {
      serialize: () => ({ data: collected.watch(Buffer.alloc(1000)), clientFlags: 0 }),
      deserialize: () => undefined,
    }
    const cache = faultClient(server.address, patient)
    const stored = cache.setMany({ a: 1, b: 2, c: 3 }, { serde })
    await collected.allBut(1)
    more.open()
    expect(await stored).toEqual([])
    await collected.allBut(0)
  })
})
