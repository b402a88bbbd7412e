import { describe, expect, it } from 'vitest'
import { MemcacheError } from '../../src/errors.ts'
import { settleAll } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { opaqueOf, type Peer, type ReceivedCommand } from '../support/peer.ts'
import { recovers } from '../support/recovers.ts'
import { serveCommands, values } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

type Reply = (command: ReceivedCommand) => string

const toGet: readonly (readonly [name: string, reply: Reply])[] = [
  ['a line of garbage', () => 'gibberish and more\r\n'],
  ['bytes of garbage', () => '\x00\x01\x02\xff\xfe\r\n\r\n\r\n'],
  ['an empty line', () => '\r\n'],
  ['a web server’s answer', () => 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['a value for another key', () => 'VALUE other 0 5\r\nwrong\r\nEND\r\n'],
  ['a negative size', () => 'VALUE mine 0 -1\r\nx\r\nEND\r\n'],
  ['a huge size', () => 'VALUE mine 0 99999999999999999999\r\nx\r\nEND\r\n'],
  ['a size that is none', () => 'VALUE mine 0 abc\r\nx\r\nEND\r\n'],
  ['a size that is missing', () => 'VALUE mine 0\r\nx\r\nEND\r\n'],
  ['flags beyond 32 bits', () => 'VALUE mine 99999999999 1\r\nx\r\nEND\r\n'],
  ['a size that is too small', () => 'VALUE mine 0 1\r\nxyz\r\nEND\r\n'],
  ['a line without end', () => 'x'.repeat(100_000)],
  ['a VALUE line without end', () => `VALUE ${'k'.repeat(100_000)}`],
  ['the answer to a set', () => 'STORED\r\n'],
  ['the answer of a meta command', () => 'HD O1\r\n'],
  ['a bare MN', () => 'MN\r\n'],
  ['a number', () => '17\r\n'],
]

const toMetaSet: readonly (readonly [name: string, reply: Reply])[] = [
  ['another opaque', () => 'HD O999999\r\n'],
  ['no opaque', () => 'HD\r\n'],
  ['a classic answer', () => 'STORED\r\n'],
  ['a value', (command) => `VA 1${opaqueOf(command)}\r\nx\r\n`],
  ['garbage', () => 'HDX\r\n'],
  ['a line without end', () => 'H'.repeat(100_000)],
]

/** Answers the first connection with what is wrong, every later one rightly. */
function wrongOnce(verb: string, reply: Reply): (peer: Peer, index: number) => Promise<void> {
  return (peer, index) =>
    serveCommands(peer, (command) => {
      if (index === 0 && command.words[0] === verb) return reply(command)
      return command.words[0] === 'get' ? values(command) : undefined
    })
}

describe('a reply that cannot be one', () => {
  it.each(toGet)('to get: %s ends the connection; nobody gets it', async (_name, reply) => {
    await using server = await ScriptedServer.startReady(wrongOnce('get', reply))
    const cache = faultClient(server.address, { coalesceReads: false, timeoutMs: 2000 })
    const desyncs: unknown[] = []
    cache.on('desync', (event: unknown) => desyncs.push(event))
    const outcomes = await settleAll([cache.get('mine'), cache.get('next')], 10_000)
    for (const [at, outcome] of outcomes.entries()) {
      if (outcome.status === 'fulfilled') expect(outcome.value).toBe(['mine', 'next'][at])
      else expect(outcome.reason).toBeInstanceOf(MemcacheError)
    }
    expect(outcomes[0]).toMatchObject({ status: 'rejected' })
    await server.peers[0]!.closed
    expect(desyncs.length).toBe(1)
    await recovers(cache, 'mine', 'mine')
    expect(server.connections).toBe(2)
  })

  it('to get: a value that was not asked for, behind the own, goes to nobody', async () => {
    const both = 'VALUE mine 0 4\r\nmine\r\nVALUE other 0 5\r\nwrong\r\nEND\r\n'
    await using server = await ScriptedServer.startReady(wrongOnce('get', () => both))
    const cache = faultClient(server.address, { coalesceReads: false, timeoutMs: 2000 })
    const [mine, other] = await settleAll([cache.get('mine'), cache.get('other')], 10_000)
    if (mine!.status === 'fulfilled') expect(mine!.value).toBe('mine')
    expect(other!.status === 'rejected' || other!.value === 'other').toBe(true)
    await server.peers[0]!.closed
    await recovers(cache, 'mine', 'mine')
  })

  it.each(toMetaSet)('to ms: %s ends the connection, delivery unknown', async (_name, reply) => {
    await using server = await ScriptedServer.startReady(wrongOnce('ms', reply))
    const cache = faultClient(server.address, { timeoutMs: 2000 })
    const [set, get] = await settleAll<unknown>([cache.set('mine', 1), cache.get('next')], 10_000)
    expect(set).toMatchObject({ status: 'rejected', reason: { delivery: 'unknown' } })
    expect(get!.status === 'rejected' || get!.value === 'next').toBe(true)
    await server.peers[0]!.closed
    await recovers(cache, 'mine', 'mine')
  })

  describe.each([10, 5000, 100_000])('a block of %i bytes that does not end where it should', (size) => {
    const wrong = `VALUE mine 0 ${size}\r\n${'x'.repeat(size)}!!END\r\n`

    it('ends the connection also where its call was given up', async () => {
      const gaveUp = new AbortController()
      await using server = await ScriptedServer.startReady((peer, index) =>
        serveCommands(peer, (command) => {
          if (command.words[0] !== 'get') return undefined
          if (index > 0) return values(command)
          gaveUp.abort(new Error('given up'))
          return ''
        }),
      )
      const cache = faultClient(server.address, { coalesceReads: false, timeoutMs: 5000 })
      const desyncs: unknown[] = []
      cache.on('desync', (event: unknown) => desyncs.push(event))
      await expect(cache.get('mine', { signal: gaveUp.signal })).rejects.toThrow('given up')
      server.peers[0]!.reply(wrong)
      await server.peers[0]!.closed
      expect(desyncs.length).toBe(1)
      await recovers(cache, 'mine', 'mine')
    })

    it('ends the connection also where it is larger than maxValueBytes', async () => {
      await using server = await ScriptedServer.startReady(wrongOnce('get', () => wrong))
      const cache = faultClient(server.address, { coalesceReads: false, timeoutMs: 5000, maxValueBytes: 5 })
      await expect(cache.get('mine')).rejects.toMatchObject({ code: 'MEMLANE_PROTOCOL' })
      await server.peers[0]!.closed
      await recovers(cache, 'mine', 'mine')
    })
  })

  it.each(['VALUE mine 0 5\r\nstale\r\nEND\r\n', 'STORED\r\n', 'HD O1\r\n', 'noise', 'ERROR\r\n'])(
    'on an idle connection: %j ends it, and the next caller gets its own answer',
    async (noise) => {
      await using server = await ScriptedServer.startReady(wrongOnce('none', () => ''))
      const cache = faultClient(server.address, { timeoutMs: 2000 })
      expect(await cache.get('first')).toBe('first')
      server.peers[0]!.reply(noise)
      await server.peers[0]!.closed
      await recovers(cache, 'mine', 'mine')
      expect(server.connections).toBe(2)
    },
  )

  it('on an idle connection, unnoticed until the next call: one reply too many ends it', async () => {
    await using server = await ScriptedServer.startReady(wrongOnce('none', () => ''))
    const cache = faultClient(server.address, { timeoutMs: 2000 })
    await cache.get('first')
    server.peers[0]!.reply('VALUE mine 0 5\r\nstale\r\nEND\r\n')
    // The bytes carry the right key, so no client can tell them from its own answer; but then there is one too many.
    await settleAll([cache.get('mine')], 10_000)
    await server.peers[0]!.closed
    await recovers(cache, 'own', 'own')
  })
})
