import { describe, expect, it } from 'vitest'
import type { Memcache } from '../../src/client/memcache.ts'
import { ClosedError } from '../../src/errors.ts'
import { collectCommandErrors } from '../support/command-errors.ts'
import { collectCrashes, turns } from '../support/crashes.ts'
import { rejection, settleAll, until } from '../support/eventually.ts'
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

  const bodyless: readonly (readonly [string, (cache: Memcache) => Promise<unknown>])[] = [
    ['delete', (cache) => cache.noreply.delete('q')],
    ['incr', (cache) => cache.noreply.incr('q')],
    ['decr', (cache) => cache.noreply.decr('q')],
    ['touch', (cache) => cache.noreply.touch('q', 5)],
  ]
  const stores: typeof bodyless = [
    ['set', (cache) => cache.noreply.set('q', 'v')],
    ['add', (cache) => cache.noreply.add('q', 'v')],
    ['append', (cache) => cache.noreply.append('q', 'v')],
    ['cas', (cache) => cache.noreply.cas('q', 'v', 1n)],
  ]
  const errors = ['CLIENT_ERROR bad', 'ERROR', 'SERVER_ERROR busy']
  const protocols = ['text', 'meta'] as const

  it.each(
    protocols.flatMap((protocol) =>
      [...bodyless, ...stores].flatMap(([name, call]) => errors.map((line) => ({ protocol, name, line, call }))),
    ),
  )('$protocol: $line to a quiet $name fails no read behind it', async ({ protocol, name, line, call }) => {
    await using server = await refusing(line, protocol)
    const cache = faultClient(server.address, { ...patient, protocol })
    const events = collectCommandErrors(cache)
    const reads: Promise<unknown>[] = [cache.get('before')]
    void call(cache)
    reads.push(cache.get('a'), cache.get('b'), cache.gets('c'), cache.getMany(['d', 'e']))
    expect(await Promise.all(reads)).toEqual([undefined, undefined, undefined, undefined, new Map()])
    expect(events.length).toBe(1)
    const isInStep = line.startsWith('SERVER_ERROR') || bodyless.some(([other]) => other === name)
    if (isInStep) expect(server.connections).toBe(1)
  })

  it.each(protocols)('%s: a write behind a refused quiet store is not repeated', async (protocol) => {
    await using server = await refusing('ERROR', protocol)
    const cache = faultClient(server.address, { ...patient, protocol })
    void cache.noreply.set('q', 'v')
    const outcomes = await settleAll([cache.incr('n'), cache.get('a'), cache.delete('d')], 10_000)
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected'])
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ delivery: 'unknown' })
    }
    expect(server.receivedText.match(/(?:incr|ma) n/g)).toHaveLength(1)
  })

  it.each(protocols)('%s: a read behind refused quiet stores is repeated once, and no more', async (protocol) => {
    await using server = await refusing('ERROR', protocol)
    const cache = faultClient(server.address, { ...patient, protocol })
    void cache.noreply.set('q', 'v')
    expect(await cache.get('a')).toBeUndefined()
    expect(server.receivedText.match(/get a/g)).toHaveLength(2)
  })
})

/** Refuses the commands for `q` with a line, also where they are quiet; all others are carried out. */
function refusing(line: string, protocol: 'text' | 'meta'): Promise<ScriptedServer> {
  const answers = protocol === 'text' ? ({ mn: 'none' } as const) : {}
  return ScriptedServer.startReady(
    (peer) => serveCommands(peer, ({ words }) => (words[1] === 'q' ? `${line}\r\n` : undefined)),
    answers,
  )
}
