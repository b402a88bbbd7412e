import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { AuthError, ConnectError } from '../../src/errors.ts'
import { rejection } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { patient } from '../support/memcache-options.ts'
import type { Peer } from '../support/peer.ts'
import { RawConnection } from '../support/raw-connection.ts'
import { startMemcached } from '../support/real-memcached.ts'
import { serveCommands } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

const login = { username: 'ann', password: 'correct-horse' }

describe('login', () => {
  it('wrong: rejects with AuthError that shows no password', async () => {
    await using server = await startMemcached({ login })
    const auth = { username: 'ann', password: 'wrong-battery' }
    const cache = faultClient(server.address, { ...patient, auth })
    const error = await rejection(cache.get('k'))
    expect(error).toBeInstanceOf(AuthError)
    expect((error as AuthError).delivery).toBe('not-sent')
    expect(inspect(error, { depth: 10 })).not.toContain('wrong-battery')
    expect(inspect(cache, { depth: 10, showHidden: true })).not.toContain('wrong-battery')
  })

  it('missing: rejects with AuthError', async () => {
    await using server = await startMemcached({ login })
    expect(await rejection(faultClient(server.address, patient).get('k'))).toBeInstanceOf(AuthError)
  })

  it('can be part of the address', async () => {
    await using server = await startMemcached({ login })
    const cache = faultClient(`memcached://ann:correct-horse@${server.address}`, patient)
    expect(await cache.set('k', 1)).toBe(true)
    const [name] = [...(await cache.version()).keys()]
    expect(name).toBe(server.address)
  })

  it('comes first, alone, under a random key that expires at once', async () => {
    await using server = await ScriptedServer.start(async (peer) => {
      const first = await peer.command()
      expect(first.line).toMatch(/^set [0-9a-f]{16} 0 -1 17$/)
      expect(first.body?.toString()).toBe('ann correct-horse')
      expect(peer.receivedText).toHaveLength(first.line.length + 2 + 17 + 2)
      peer.reply('STORED\r\n')
      await peer.answerHandshake()
      await serveCommands(peer)
    })
    const cache = faultClient(server.address, { ...patient, auth: login })
    expect(await cache.set('k', 1)).toBe(true)
  })

  it('leaves nothing in a cache that wants none', async () => {
    await using server = await startMemcached()
    const cache = faultClient(server.address, { ...patient, auth: login })
    expect(await cache.set('k', 1)).toBe(true)
    const raw = await RawConnection.open(server.endpoint)
    const dump = await raw.ask('lru_crawler metadump all\r\n', 'END\r\n')
    expect([...dump.matchAll(/^key=(\S+)/gm)].map((match) => match[1])).toEqual(['k'])
    raw.close()
  })
})

/** MemCachier's login, as its documentation has it: the user name is the key, the password its value. */
async function answerMemCachierLogin(peer: Peer): Promise<boolean> {
  const { line, body } = await peer.command()
  const isRight = line === 'set ann 0 0 13' && body?.toString() === 'correct-horse'
  peer.reply(isRight ? 'STORED\r\n' : 'ERROR authentication failed\r\n')
  return isRight
}

describe("MemCachier's login", () => {
  const auth = { ...login, form: 'memcachier' } as const

  it('comes first, alone; then the protocol is text where the server refuses mn', async () => {
    await using server = await ScriptedServer.start(async (peer) => {
      expect(await answerMemCachierLogin(peer)).toBe(true)
      expect(peer.receivedText).toBe('set ann 0 0 13\r\ncorrect-horse\r\n')
      await serveCommands(peer, ({ line }) => (line === 'version' ? 'VERSION 1.4.39\r\n' : undefined))
    })
    const cache = faultClient(server.address, { ...patient, auth })
    expect(await cache.set('k', 1)).toBe(true)
    expect(server.receivedText).not.toContain('mn')
  })

  it('can be part of the address, and is on every connection, those of server commands included', async () => {
    await using server = await ScriptedServer.start(async (peer) => {
      if (await answerMemCachierLogin(peer)) {
        await serveCommands(peer, ({ line }) => (line === 'stats' ? 'STAT pid 1\r\nEND\r\n' : undefined))
      }
    })
    const cache = faultClient(`memcached://ann:correct-horse@${server.address}?auth=memcachier`, patient)
    expect(await cache.set('k', 1)).toBe(true)
    expect([...(await cache.stats()).values()]).toEqual([{ pid: 1 }])
    expect(server.connections).toBe(2)
  })

  it('wrong: rejects with AuthError that shows no password, and is not tried again at once', async () => {
    await using server = await ScriptedServer.start(async (peer) => {
      await answerMemCachierLogin(peer)
    })
    const wrong = { ...auth, password: 'wrong-battery' }
    const cache = faultClient(server.address, { ...patient, auth: wrong })
    const errors: Error[] = []
    for (let calls = 0; calls < 50; calls++) errors.push(await rejection(cache.get('k')))
    expect(errors[0]).toBeInstanceOf(AuthError)
    expect(errors[0]).toMatchObject({ delivery: 'not-sent' })
    expect(inspect(errors, { depth: 10 })).not.toContain('wrong-battery')
    expect(inspect(cache, { depth: 10, showHidden: true })).not.toContain('wrong-battery')
    expect(server.connections).toBe(1)
  })

  it('wrong, and the server closes: is not called a binary protocol', async () => {
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.command()
      peer.socket.end()
    })
    const error = await rejection(faultClient(server.address, { ...patient, auth }).get('k'))
    expect(error).toBeInstanceOf(ConnectError)
    expect(error.message).toContain('logging in')
    expect(error.message).not.toMatch(/binary|correct-horse/)
  })

  it('is refused by a memcached -Y, which has another', async () => {
    await using server = await startMemcached({ login })
    expect(await rejection(faultClient(server.address, { ...patient, auth }).get('k'))).toBeInstanceOf(AuthError)
  })

  it('is no reason to refuse the form of memcached by name', async () => {
    await using server = await startMemcached({ login })
    const named = { ...login, form: 'memcached' } as const
    expect(await faultClient(server.address, { ...patient, auth: named }).set('k', 1)).toBe(true)
  })
})
