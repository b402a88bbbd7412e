import { describe, expect, it } from 'vitest'
import { BatchError, ServerError } from '../../src/errors.ts'
import { rejection, settleAll } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { opaqueOf, type Peer, type ReceivedCommand } from '../support/peer.ts'
import { recovers } from '../support/recovers.ts'
import { serveCommands, values } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

const line = 'SERVER_ERROR something broke\r\n'

/** How servers answer a read of several keys of which `bad` fails. */
const framings: readonly (readonly [name: string, reply: (command: ReceivedCommand, peer: Peer) => string])[] = [
  ['memcached: the error replaces the whole reply', () => line],
  [
    'its proxy: an error in place of each failed key, then END',
    (command) => {
      const items = command.words.slice(1).map((key) => (key === 'bad' ? line : `VALUE ${key} 0 1\r\n${key}\r\n`))
      return command.words.length === 2 ? items.join('') : `${items.join('')}END\r\n`
    },
  ],
  [
    'twemproxy: the error, no END, then it closes',
    (_command, peer) => {
      peer.socket.end(line)
      return ''
    },
  ],
]

describe.each(framings)('an error line inside a shared read (%s)', (_name, reply) => {
  const script = (peer: Peer): Promise<void> =>
    serveCommands(peer, (command) => {
      if (command.words[0] !== 'get') return undefined
      return command.words.includes('bad') ? reply(command, peer) : values(command)
    })

  it('fails the bad key alone; its neighbours are asked again and answered', async () => {
    await using server = await ScriptedServer.startReady(script)
    const cache = faultClient(server.address, { timeoutMs: 5000 })
    await cache.connect()
    const [a, bad, b] = await settleAll([cache.get('a'), cache.get('bad'), cache.get('b')], 15_000)
    expect(server.receivedText).toContain('get a bad b\r\n')
    expect(a).toEqual({ status: 'fulfilled', value: 'a' })
    expect(bad).toMatchObject({ reason: expect.any(ServerError) as unknown })
    expect(b).toEqual({ status: 'fulfilled', value: 'b' })
  })

  it('fails the bad key alone in getMany', async () => {
    await using server = await ScriptedServer.startReady(script)
    const cache = faultClient(server.address, { timeoutMs: 5000 })
    const error = (await rejection(cache.getMany(['a', 'bad', 'b']), 15_000)) as BatchError
    expect(error).toBeInstanceOf(BatchError)
    expect([...error.found]).toEqual([
      ['a', 'a'],
      ['b', 'b'],
    ])
    expect([...error.failed.keys()]).toEqual(['bad'])
  })

  it('makes what was behind it unknown, unless it was answered', async () => {
    await using server = await ScriptedServer.startReady(script)
    const cache = faultClient(server.address, { timeoutMs: 5000 })
    await cache.connect()
    const calls = [cache.get('a'), cache.get('bad'), cache.set('c', 1)]
    const [, , set] = await settleAll<unknown>(calls, 15_000)
    if (set!.status === 'fulfilled') expect(set!.value).toBe(true)
    else expect(set).toMatchObject({ reason: { delivery: 'unknown' } })
    await recovers(cache, 'own', 'own')
  })

  it('leaves reads of that server unshared for a while', async () => {
    await using server = await ScriptedServer.startReady(script)
    const cache = faultClient(server.address, { timeoutMs: 5000 })
    await cache.connect()
    await settleAll([cache.get('a'), cache.get('bad')], 15_000)
    await recovers(cache, 'z', 'z')
    expect(await Promise.all([cache.get('x'), cache.get('y')])).toEqual(['x', 'y'])
    expect(server.receivedText).toContain('get x\r\nget y\r\n')
  })
})

describe('an error line', () => {
  it('SERVER_ERROR to one command fails that call and keeps the connection', async () => {
    await using server = await ScriptedServer.startReady((peer) =>
      serveCommands(peer, (command) => {
        if (command.words[1] === 'bad') return line
        return command.words[0] === 'get' ? values(command) : undefined
      }),
    )
    const cache = faultClient(server.address, { timeoutMs: 5000 })
    const calls = [cache.set('bad', 1), cache.get('a'), cache.incr('bad'), cache.delete('b')]
    const [set, get, incr, del] = await settleAll<unknown>(calls, 10_000)
    expect(set).toMatchObject({ reason: { code: 'MEMLANE_SERVER_ERROR', delivery: 'answered' } })
    expect(get).toMatchObject({ value: 'a' })
    expect(incr).toMatchObject({ reason: { code: 'MEMLANE_SERVER_ERROR' } })
    expect(del).toMatchObject({ value: true })
    expect(server.connections).toBe(1)
  })

  it('CLIENT_ERROR to a meta command fails that call and keeps the connection', async () => {
    await using server = await ScriptedServer.startReady((peer) =>
      serveCommands(peer, (command) => (command.words[1] === 'bad' ? 'CLIENT_ERROR invalid flag\r\n' : undefined)),
    )
    const cache = faultClient(server.address, { timeoutMs: 5000 })
    const [bad, good] = await settleAll([cache.delete('bad'), cache.delete('good')], 10_000)
    expect(bad).toMatchObject({ reason: { code: 'MEMLANE_CLIENT_ERROR', delivery: 'answered' } })
    expect(bad).toMatchObject({ reason: { message: expect.stringContaining('invalid flag') as unknown } })
    expect(good).toMatchObject({ value: true })
    expect(server.connections).toBe(1)
  })

  it.each(['ERROR\r\n', 'CLIENT_ERROR bad data chunk\r\n', 'CLIENT_ERROR bad command line format\r\n'])(
    '%j to a classic set ends the connection: its value may be run as commands',
    async (refusal) => {
      const script = async (peer: Peer, index: number): Promise<void> =>
        serveCommands(peer, (command) => {
          if (index === 0 && command.words[0] === 'set') return refusal
          return command.words[0] === 'get' ? values(command) : undefined
        })
      await using server = await ScriptedServer.startReady(script, { mn: 'none' })
      const cache = faultClient(server.address, { timeoutMs: 5000, protocol: 'text' })
      const [set, incr] = await settleAll<unknown>([cache.set('a', 'flush_all'), cache.incr('b')], 10_000)
      expect(set).toMatchObject({ status: 'rejected' })
      expect(incr).toMatchObject({ status: 'rejected', reason: { delivery: 'unknown' } })
      await server.peers[0]!.closed
      await recovers(cache, 'c', 'c')
    },
  )

  it('NS to a quiet command carries its opaque and is dropped', async () => {
    await using server = await ScriptedServer.startReady((peer) =>
      serveCommands(peer, (command) => {
        if (command.words[0] === 'ms') return `NS${opaqueOf(command)}\r\n`
        return command.words[0] === 'get' ? values(command) : undefined
      }),
    )
    const cache = faultClient(server.address, { timeoutMs: 5000 })
    await cache.noreply.set('a', 1)
    expect(await cache.get('b')).toBe('b')
    expect(server.connections).toBe(1)
  })
})
