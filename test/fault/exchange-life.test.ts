import { describe, expect, it } from 'vitest'
import { ClosedError } from '../../src/errors.ts'
import { rejection, until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { Gate } from '../support/gate.ts'
import { patient } from '../support/memcache-options.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

function answeringAt(gate: Gate): Promise<ScriptedServer> {
  return ScriptedServer.startReady(
    async (peer) => {
      await peer.line()
      await gate.opened
      peer.reply('STAT a 1\r\nEND\r\n')
    },
    { mn: 'none' },
  )
}

describe('an exchange with a server', () => {
  it('ends with destroy(), and so does its socket', async () => {
    await using server = await answeringAt(new Gate())
    const cache = faultClient(server.address, patient)
    const stats = rejection(cache.stats())
    await until(() => server.receivedText.includes('stats'), 'the command arrives')
    cache.destroy()
    expect(await stats).toBeInstanceOf(ClosedError)
    await server.peers[0]!.closed
  })

  it('is waited for by close()', async () => {
    const gate = new Gate()
    await using server = await answeringAt(gate)
    const cache = faultClient(server.address, patient)
    const order: string[] = []
    const stats = cache.stats()
    await until(() => server.receivedText.includes('stats'), 'the command arrives')
    const closed = cache.close().then(() => order.push('closed'))
    void stats.then(() => order.push('answered'))
    gate.open()
    expect([...(await stats).values()]).toEqual([{ a: 1 }])
    await closed
    expect(order).toEqual(['answered', 'closed'])
  })

  it('does not keep a close() from ending when destroy() follows', async () => {
    await using server = await answeringAt(new Gate())
    const cache = faultClient(server.address, patient)
    const stats = rejection(cache.stats())
    await until(() => server.receivedText.includes('stats'), 'the command arrives')
    const closed = cache.close()
    cache.destroy()
    await closed
    await stats
  })
})

it('a question over the shared connection ends with destroy(), as a ClosedError too', async () => {
  await using server = await ScriptedServer.startReady(async (peer) => void (await peer.line()), { mn: 'none' })
  const cache = faultClient(server.address, patient)
  const calls = Promise.all([rejection(cache.version()), rejection(cache.ping())])
  await until(() => server.receivedText.includes('version'), 'a command arrives')
  cache.destroy()
  for (const error of await calls) expect(error).toBeInstanceOf(ClosedError)
})
