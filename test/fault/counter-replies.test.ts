import { describe, expect, it, onTestFinished } from 'vitest'
import type { Memcache } from '../../src/client/memcache.ts'
import { MetaClient } from '../../src/client/meta/client.ts'
import { BatchError, ProtocolError, SerdeError } from '../../src/errors.ts'
import { rejection, settle } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { opaqueOf, type Peer, type ReceivedCommand } from '../support/peer.ts'
import { recovers } from '../support/recovers.ts'
import { serveCommands, values } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

/** What no counter is, though `BigInt` takes some of it for a number. */
const NO_NUMBERS = [
  'b',
  '',
  '-5',
  '+5',
  ' 5',
  '5 ',
  '5\n',
  '0x1f',
  '0b1',
  '1e3',
  '1.5',
  '1n',
  '99999999999999999999999999',
  '18446744073709551616',
  '5'.repeat(5000),
]

/** Gives this as the answer to a count on the first connection; later ones work. */
function countsWith(body: string): (peer: Peer, index: number) => Promise<void> {
  return (peer, index) =>
    serveCommands(peer, (command) => {
      if (command.words[0] === 'get') return values(command)
      if (index > 0) return undefined
      if (command.words[0] === 'ma') return `VA ${body.length}${opaqueOf(command)}\r\n${body}\r\n`
      return command.words[0] === 'incr' || command.words[0] === 'decr' ? `${body}\r\n` : undefined
    })
}

const counts: readonly (readonly [name: string, call: (cache: Memcache) => Promise<unknown>])[] = [
  ['incr', (cache) => cache.incr('count')],
  ['decr with a bigint', (cache) => cache.decr('count', 1n)],
  ['incr with initial', (cache) => cache.incr('count', 1, { initial: 5 })],
  ['incr of a key in base64', (cache) => cache.incr('a key', 1)],
]

describe.each(['meta', 'text'] as const)('a counter that is no number, in %s', (protocol) => {
  const mn = protocol === 'meta' ? ('MN' as const) : ('none' as const)
  const calls = protocol === 'meta' ? counts : counts.slice(0, 3)

  it.each(calls.flatMap(([name, call]) => NO_NUMBERS.map((body) => [name, body.slice(0, 30), call, body] as const)))(
    'fails %s with a ProtocolError and ends the connection: %j',
    async (_name, _shown, call, body) => {
      await using server = await ScriptedServer.startReady(countsWith(body), { mn })
      const cache = faultClient(server.address, { protocol, timeoutMs: 5000 })
      const desyncs: unknown[] = []
      cache.on('desync', (event) => desyncs.push(event))
      const error = await rejection(call(cache))
      expect(error).toBeInstanceOf(ProtocolError)
      expect(error).toMatchObject({ delivery: 'unknown', server: server.address })
      await server.peers[0]!.closed
      expect(desyncs).toEqual([{ error: error.cause, server: server.address }])
      await recovers(cache, 'own', 'own')
    },
  )

  it('fails every key of incrMany, and no other call gets what follows', async () => {
    await using server = await ScriptedServer.startReady(countsWith('0x1f'), { mn })
    const cache = faultClient(server.address, { protocol, timeoutMs: 5000 })
    const error = await rejection(cache.incrMany(['a', 'b'], 1n))
    expect(error).toBeInstanceOf(BatchError)
    expect([...(error as BatchError).failed.values()][0]).toBeInstanceOf(ProtocolError)
    await server.peers[0]!.closed
  })

  it('ends the connection also where the call was given up', async () => {
    let asked: ReceivedCommand | undefined
    await using server = await ScriptedServer.startReady(
      (peer) =>
        serveCommands(peer, (command) => {
          if (command.words[0] !== 'ma' && command.words[0] !== 'incr') return undefined
          asked = command
          gaveUp.abort(new Error('given up'))
          return ''
        }),
      { mn },
    )
    const gaveUp = new AbortController()
    const cache = faultClient(server.address, { protocol, timeoutMs: 5000 })
    expect(await rejection(cache.incr('count', 1, { signal: gaveUp.signal }))).toMatchObject({ message: 'given up' })
    const next = cache.set('next', 1)
    server.peers[0]!.reply(protocol === 'meta' ? `VA 2${opaqueOf(asked!)}\r\n-5\r\n` : '-5\r\n')
    expect((await settle(next)).status).toBe('rejected')
    await server.peers[0]!.closed
  })

  it('is a desync for the generation of a namespace, too', async () => {
    await using server = await ScriptedServer.startReady(countsWith('1e3'), { mn })
    const cache = faultClient(server.address, { protocol, timeoutMs: 5000 })
    const users = cache.namespace('users', { generations: true })
    expect(await rejection(users.clear())).toBeInstanceOf(ProtocolError)
    await server.peers[0]!.closed
  })

  it('takes the largest of 64 bits', async () => {
    await using server = await ScriptedServer.startReady(countsWith('18446744073709551615'), { mn })
    const cache = faultClient(server.address, { protocol, timeoutMs: 5000 })
    expect(await cache.incr('count', 1n)).toBe(18446744073709551615n)
  })
})

function metaClient(server: ScriptedServer): MetaClient {
  const meta = new MetaClient(server.address, { timeoutMs: 5000, connectTimeoutMs: 2000 })
  onTestFinished(() => meta.destroy())
  return meta
}

describe('a counter that is no number, to a MetaClient', () => {
  const calls: readonly (readonly [name: string, call: (meta: MetaClient) => Promise<unknown>])[] = [
    ['incr', (meta) => meta.incr('count', 1, { returnCas: true })],
    ['execute', (meta) => meta.execute({ command: 'ma', key: 'count', flags: ['v'] })],
  ]

  it.each(calls.flatMap(([name, call]) => NO_NUMBERS.map((body) => [name, body.slice(0, 30), call, body] as const)))(
    'fails %s with a ProtocolError and ends the connection: %j',
    async (_name, _shown, call, body) => {
      await using server = await ScriptedServer.startReady(countsWith(body))
      expect(await rejection(call(metaClient(server)))).toBeInstanceOf(ProtocolError)
      await server.peers[0]!.closed
    },
  )

  it.each([
    ['incr', (meta: MetaClient) => meta.incr('count')],
    ['get', (meta: MetaClient) => meta.get('count')],
  ] as const)('takes a bare HD for no answer to %s, which asks for a value', async (_name, call) => {
    await using server = await ScriptedServer.startReady((peer) =>
      serveCommands(peer, (command) => `HD${opaqueOf(command)}\r\n`),
    )
    expect(await rejection(call(metaClient(server)))).toBeInstanceOf(ProtocolError)
    await server.peers[0]!.closed
  })
})

describe('the item that holds a generation', () => {
  const garbage = ['', 'b', '-5', '0x1f', ' 5', '5\r\n', '18446744073709551616', '9'.repeat(100_000)]
  it.each(garbage.map((stored) => [stored.slice(0, 30), stored]))(
    'is a SerdeError where it holds %j',
    async (_shown, stored) => {
      await using server = await ScriptedServer.startReady((peer) =>
        serveCommands(peer, (command) => (command.words[0] === 'get' ? values(command, () => stored) : undefined)),
      )
      const users = faultClient(server.address, { timeoutMs: 5000 }).namespace('users', { generations: true })
      expect(await rejection(users.get('one'))).toBeInstanceOf(SerdeError)
    },
  )

  it('may have the spaces behind it that decr leaves', async () => {
    await using server = await ScriptedServer.startReady((peer) =>
      serveCommands(peer, (command) =>
        command.words[0] === 'get' && command.words[1]!.endsWith('generation')
          ? values(command, () => '17   ')
          : undefined,
      ),
    )
    const users = faultClient(server.address, { timeoutMs: 5000 }).namespace('users', { generations: true })
    expect(await users.get('one')).toBeUndefined()
    expect(server.receivedText).toContain('17')
  })
})
