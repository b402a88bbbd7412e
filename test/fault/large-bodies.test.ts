import { describe, expect, it } from 'vitest'
import { MemcacheError } from '../../src/errors.ts'
import { raw } from '../../src/serde/raw.ts'
import { eventually, settle, settleAll } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { RawConnection } from '../support/raw-connection.ts'
import { startMemcached } from '../support/real-memcached.ts'
import { recovers } from '../support/recovers.ts'
import { serveCommands, values } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

const megabyte = 1_048_576
const refusal = 'SERVER_ERROR out of memory storing object\r\n'

describe('a large body', () => {
  it('whose refusal comes early fails alone: the rest of it is still read as its body', async () => {
    await using server = await ScriptedServer.startReady(async (peer, index) => {
      if (index === 0) {
        const line = await peer.line()
        peer.reply(refusal)
        await peer.bytes(Number(line.split(' ')[2]) + 2)
      }
      await serveCommands(peer, (command) => (command.words[0] === 'get' ? values(command) : undefined))
    })
    const cache = faultClient(server.address, { timeoutMs: 10_000 })
    const calls = [cache.set('big', Buffer.alloc(8 * megabyte)), cache.get('a'), cache.get('b')]
    const [set, a, b] = await settleAll<unknown>(calls, 20_000)
    expect(set).toMatchObject({ status: 'rejected', reason: expect.any(MemcacheError) as unknown })
    for (const [outcome, key] of [
      [a, 'a'],
      [b, 'b'],
    ] as const) {
      if (outcome!.status === 'fulfilled') expect(outcome!.value).toBe(key)
    }
    await recovers(cache, 'own', 'own')
  })

  it('whose refusal comes early, with a reset behind it, fails and the client recovers', async () => {
    await using server = await ScriptedServer.startReady(async (peer, index) => {
      if (index === 0) {
        await peer.line()
        peer.socket.write(refusal, () => peer.reset())
        return
      }
      await serveCommands(peer, (command) => (command.words[0] === 'get' ? values(command) : undefined))
    })
    const cache = faultClient(server.address, { timeoutMs: 10_000 })
    const outcome = await settle(cache.set('big', Buffer.alloc(8 * megabyte)), 20_000)
    expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(MemcacheError) as unknown })
    await recovers(cache, 'own', 'own')
  })

  it('that a slow reader does not take times out; the connection goes, for half a body cannot be taken back', async () => {
    await using server = await ScriptedServer.startReady((peer, index) => {
      if (index === 0) return peer.pause()
      return serveCommands(peer, (command) => (command.words[0] === 'get' ? values(command) : undefined))
    })
    const cache = faultClient(server.address, { timeoutMs: 300 })
    await cache.connect()
    const sets = Array.from({ length: 4 }, (_, at) => cache.set(`big${at}`, Buffer.alloc(8 * megabyte)))
    for (const outcome of await settleAll(sets, 15_000)) expect(outcome).toMatchObject({ status: 'rejected' })
    await recovers(cache, 'own', 'own')
    server.peers[0]!.resume()
    await server.peers[0]!.closed
  })

  it('that is read slowly arrives whole', async () => {
    await using server = await ScriptedServer.startReady(async (peer) => {
      for (;;) {
        const command = await peer.command()
        peer.pause()
        setImmediate(() => peer.resume())
        peer.reply(
          command.words[0] === 'get' ? values(command) : `HD ${command.words.find((word) => word.startsWith('O'))}\r\n`,
        )
      }
    })
    const cache = faultClient(server.address, { timeoutMs: 15_000 })
    const body = Buffer.alloc(3 * megabyte, 'abc')
    expect(await cache.set('big', body)).toBe(true)
    expect(server.peers[0]!.received.includes(body)).toBe(true)
  })

  it('may be reused once its call has timed out: the server stores the original bytes or nothing', async () => {
    await using server = await startMemcached({ args: ['-I', '8m', '-m', '512'] })
    const side = await RawConnection.open(server.endpoint)
    const cache = faultClient(server.address, { timeoutMs: 300, serde: raw })
    await eventually(async () => expect(await cache.set('warm', Buffer.from('w'))).toBe(true))
    server.freeze()
    const buffers = Array.from({ length: 12 }, (_, at) => Buffer.alloc(2 * megabyte, at + 1))
    const sets = buffers.map(async (buffer, at) => {
      await cache.set(`big${at}`, buffer).catch(() => {})
      buffer.fill(0xee)
    })
    await settleAll(sets, 20_000)
    server.thaw()
    cache.destroy()
    await eventually(async () => expect((await side.stats()).get('curr_connections')).toBe('2'), 15_000)
    side.close()
    const reader = faultClient(server.address, { timeoutMs: 15_000, serde: raw })
    for (let at = 0; at < 12; at++) {
      const stored = await reader.get<Uint8Array>(`big${at}`)
      if (stored === undefined) continue
      expect(stored.length).toBe(2 * megabyte)
      expect(Buffer.compare(stored, Buffer.alloc(2 * megabyte, at + 1))).toBe(0)
    }
  })

  it('of a quiet set may be reused once the call has resolved', async () => {
    await using server = await startMemcached({ args: ['-I', '8m', '-m', '512'] })
    const cache = faultClient(server.address, { timeoutMs: 15_000, serde: raw })
    const buffer = Buffer.alloc(2 * megabyte)
    for (let at = 0; at < 5; at++) {
      buffer.fill(at + 1)
      await cache.noreply.set(`quiet${at}`, buffer)
    }
    buffer.fill(0xee)
    for (let at = 0; at < 5; at++) {
      const stored = (await cache.get(`quiet${at}`)) as Uint8Array
      expect(Buffer.compare(stored, Buffer.alloc(2 * megabyte, at + 1))).toBe(0)
    }
  })
})
