import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { AuthError } from '../../src/errors.ts'
import { rejection } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { patient } from '../support/memcache-options.ts'
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
