import { describe, expect, it } from 'vitest'
import type { StandardSchema } from '../../../../src/client/standard-schema.ts'
import { ClosedError } from '../../../../src/errors.ts'
import { MemcachedServer } from '../../../../src/server/memcached-server.ts'
import { rejection, settle } from '../../../support/eventually.ts'
import { faultClient } from '../../../support/fault-client.ts'
import { Gate } from '../../../support/gate.ts'
import { patient } from '../../../support/memcache-options.ts'
import { opaqueOf } from '../../../support/peer.ts'
import { serveCommands } from '../../../support/scripted-cache.ts'
import { ScriptedServer } from '../../../support/scripted-server.ts'

/** A loader that opens the gate and never ends. */
const endless = (started: Gate) => (): Promise<never> => {
  started.open()
  return new Promise(() => undefined)
}

describe.each(['meta', 'text'] as const)('close, protocol %s', (protocol) => {
  it('finishes what is still looking, and then has to load', async () => {
    await using server = await MemcachedServer.start()
    const [cache, reader] = [0, 1].map(() => faultClient(server.address, { ...patient, protocol }))
    const one = cache!.getOrSet('a', () => 1)
    const many = cache!.getOrSetMany(['b', 'c'], (keys) => new Map(keys.map((key) => [key, 2])))
    await cache!.close()
    expect(await one).toBe(1)
    expect([...(await many)]).toEqual([
      ['b', 2],
      ['c', 2],
    ])
    expect([...(await reader!.getMany(['a', 'b', 'c'])).values()]).toEqual([1, 2, 2])
  })

  it('is released by destroy from loaders that never end', async () => {
    await using server = await MemcachedServer.start()
    const cache = faultClient(server.address, { ...patient, protocol })
    const [first, second] = [new Gate(), new Gate()]
    const one = cache.getOrSet('a', endless(first))
    const many = cache.getOrSetMany(['b'], endless(second))
    await Promise.all([first.opened, second.opened])
    const closed = cache.close()
    cache.destroy()
    expect((await settle(closed)).status).toBe('fulfilled')
    expect(await rejection(one)).toBeInstanceOf(ClosedError)
    expect(await rejection(many)).toBeInstanceOf(ClosedError)
  })

  it('is released by destroy from a schema that never ends', async () => {
    await using server = await MemcachedServer.start()
    const cache = faultClient(server.address, { ...patient, protocol })
    await cache.set('n:a', 1)
    const asked = new Gate()
    const validate = (): Promise<never> => {
      asked.open()
      return new Promise(() => undefined)
    }
    const schema: StandardSchema<unknown, number> = { '~standard': { version: 1, vendor: 'by hand', validate } }
    void cache.namespace('n:', { schema }).getOrSet('a', () => 2)
    await asked.opened
    const closed = cache.close()
    cache.destroy()
    expect((await settle(closed)).status).toBe('fulfilled')
  })
})

it('an abort gives up what the look wins afterwards, before the client is closed', async () => {
  const lines: string[] = []
  const looked = new Gate()
  const answer = new Gate()
  await using server = await ScriptedServer.startReady((peer) =>
    serveCommands(peer, (command) => {
      lines.push(command.line.replace(/ O\d+/, ''))
      if (command.words[0] !== 'mg') return undefined
      looked.open()
      void answer.opened.then(() => peer.reply(`VA 0 f0 c7 t10 W${opaqueOf(command)}\r\n\r\n`))
      return ''
    }),
  )
  const cache = faultClient(server.address, patient)
  const controller = new AbortController()
  const call = cache.getOrSet('k', () => 1, { signal: controller.signal })
  await looked.opened
  controller.abort(new Error('gone'))
  expect((await rejection(call)).message).toBe('gone')
  const closed = cache.close()
  answer.open()
  await closed
  expect(lines).toEqual(['mg k N10 v f c t', 'md k C7'])
})

it('a lease item goes when the look behind it fails', async () => {
  const lines: string[] = []
  await using server = await ScriptedServer.startReady((peer) =>
    serveCommands(peer, (command) => {
      lines.push(command.line.replace(/ O\d+/, ''))
      if (command.line === 'gets k:lease') return 'VALUE k:lease 1835821825 0 9\r\n\r\nEND\r\n'
      return command.line === 'gets k' ? 'SERVER_ERROR out of memory\r\n' : undefined
    }),
  )
  const cache = faultClient(server.address, patient)
  expect((await rejection(cache.getOrSet('k', () => 1, { lease: 'key' }))).message).toContain('out of memory')
  expect(lines.at(-1)).toBe('md k:lease C9')
})
