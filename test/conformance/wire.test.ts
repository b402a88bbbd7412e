import { describe, expect, it } from 'vitest'
import { faultClient } from '../support/fault-client.ts'
import { patient } from '../support/memcache-options.ts'
import type { Peer } from '../support/peer.ts'
import { serveCommands, values } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

function serveReads(peer: Peer): Promise<void> {
  return serveCommands(peer, (command) => (command.words[0] === 'get' ? values(command) : undefined))
}

describe('on the wire', () => {
  it('neighbouring reads share a line, and duplicates are asked once', async () => {
    await using server = await ScriptedServer.startReady(serveReads)
    const cache = faultClient(server.address, patient)
    await cache.connect()
    expect([...(await cache.getMany(['a', 'b', 'a'])).values()]).toEqual(['a', 'b'])
    expect(await Promise.all([cache.get('c'), cache.get('d')])).toEqual(['c', 'd'])
    expect(server.receivedText).toMatch(/mn\r\nget a b\r\nget c d\r\n$/)
  })

  it('every read has a line of its own with coalesceReads: false', async () => {
    await using server = await ScriptedServer.startReady(serveReads)
    const cache = faultClient(server.address, { ...patient, coalesceReads: false })
    await cache.connect()
    await Promise.all([cache.get('c'), cache.get('d')])
    expect(server.receivedText).toMatch(/mn\r\nget c\r\nget d\r\n$/)
  })

  it('lines keep to the limits of coalesceReads', async () => {
    await using server = await ScriptedServer.startReady(serveReads)
    const cache = faultClient(server.address, { ...patient, coalesceReads: { maxKeys: 10, maxBytes: 100 } })
    const keys = Array.from({ length: 50 }, (_, at) => `key-number-${at}`)
    expect((await cache.getMany(keys)).size).toBe(50)
    const lines = server.receivedText.split('\r\n').filter((line) => line.startsWith('get '))
    for (const line of lines) {
      expect(line.split(' ').length - 1).toBeLessThanOrEqual(10)
      expect(line.length).toBeLessThanOrEqual(100)
    }
  })

  it('long reads are split for servers before 1.6.13, which answer ERROR to them', async () => {
    await using server = await ScriptedServer.startReady(serveReads, { version: '1.6.12' })
    const cache = faultClient(server.address, patient)
    const keys = Array.from({ length: 100 }, (_, at) => `${'k'.repeat(100)}${at}`)
    expect((await cache.getMany(keys)).size).toBe(100)
    const lines = server.receivedText.split('\r\n').filter((line) => line.startsWith('get '))
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(2000)
  })

  it('answers are right when they arrive byte by byte', async () => {
    await using server = await ScriptedServer.startReady(async (peer) => {
      for (;;) {
        const command = await peer.command()
        await peer.replyPerByte(values(command, (key) => `\r\nEND\r\n${key}`))
      }
    })
    const cache = faultClient(server.address, patient)
    expect([...(await cache.getMany(['a', 'b', 'c'])).values()]).toEqual([
      '\r\nEND\r\na',
      '\r\nEND\r\nb',
      '\r\nEND\r\nc',
    ])
  })

  it('a read finds its values in whatever order a proxy answers', async () => {
    await using server = await ScriptedServer.startReady((peer) =>
      serveCommands(peer, (command) => values({ ...command, words: ['get', ...command.words.slice(1).toReversed()] })),
    )
    const cache = faultClient(server.address, patient)
    expect([...(await cache.getMany(['a', 'b', 'c']))]).toEqual([
      ['a', 'a'],
      ['b', 'b'],
      ['c', 'c'],
    ])
  })

  it('a run of quiet commands is closed by a barrier before any other command', async () => {
    await using server = await ScriptedServer.startReady((peer) => serveCommands(peer))
    const cache = faultClient(server.address, patient)
    await cache.connect()
    void cache.noreply.set('a', 1)
    void cache.noreply.delete('b')
    await cache.get('c')
    expect(server.receivedText).toMatch(/mn\r\nms a 1 [^\r]*q[^\r]*\r\n1\r\nmd b [^\r]*q[^\r]*\r\nmn\r\nget c\r\n$/)
  })
})
