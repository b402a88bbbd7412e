import { describe, expect, it } from 'vitest'
import { ClosedError } from '../../src/errors.ts'
import { collectCommandErrors } from '../support/command-errors.ts'
import { collectCrashes, turns } from '../support/crashes.ts'
import { rejection, until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { patient } from '../support/memcache-options.ts'
import { startMemcached } from '../support/real-memcached.ts'
import { serveCommands } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

describe('a run of quiet commands', () => {
  it('longer than there are opaques is carried out as a whole, and the calls behind it get their own answers', async () => {
    await using server = await startMemcached()
    const cache = faultClient(server.address, patient)
    const errors = collectCommandErrors(cache)
    const keys = Array.from({ length: 10_000 }, (_, at) => `quiet${at}`)
    const set = cache.noreply.setMany(keys.map((key) => [key, `value of ${key}`] as const))
    const read = cache.getMany(keys)
    await set
    expect([...(await read)]).toEqual(keys.map((key) => [key, `value of ${key}`]))
    await cache.noreply.deleteMany([...keys, ...keys.map((key) => `absent ${key}`.replace(' ', '-'))])
    expect(await cache.get('quiet0')).toBeUndefined()
    expect((await cache.getMany(keys)).size).toBe(0)
    expect(errors).toEqual([])
  })

  it('that is refused tells its listener, who may destroy the client', async () => {
    const crashes = collectCrashes()
    await using server = await ScriptedServer.startReady((peer) =>
      serveCommands(peer, (command) =>
        command.words[0] === 'ms' ? 'SERVER_ERROR object too large for cache\r\n' : undefined,
      ),
    )
    const cache = faultClient(server.address)
    let told = 0
    cache.on('commandError', () => {
      told++
      cache.destroy()
    })
    await cache.noreply.set('a', 'b')
    await until(() => told > 0, 'the listener is told')
    await server.peers[0]!.closed
    await turns()
    expect(crashes).toEqual([])
    expect(told).toBe(1)
    expect(await rejection(cache.get('a'))).toBeInstanceOf(ClosedError)
  })
})
