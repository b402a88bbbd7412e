import { describe, expect, it } from 'vitest'
import type { StandardSchema } from '../../../../src/client/standard-schema.ts'
import { InvalidInputError, ServerError, TimeoutError } from '../../../../src/errors.ts'
import { MemcachedServer } from '../../../../src/server/memcached-server.ts'
import { rejection } from '../../../support/eventually.ts'
import { faultClient } from '../../../support/fault-client.ts'
import { freePort } from '../../../support/free-port.ts'
import { Gate } from '../../../support/gate.ts'
import { patient } from '../../../support/memcache-options.ts'
import { type Answer, serveCommands } from '../../../support/scripted-cache.ts'
import { ScriptedServer } from '../../../support/scripted-server.ts'

const bracketed: StandardSchema<unknown, string> = {
  '~standard': { version: 1, vendor: 'by hand', validate: (value) => ({ value: `<${String(value)}>` }) },
}

/** Keys that can be gone through once. */
const once = (): Iterable<string> => new Set(['k']).values()

/** Leaves every `get` without an answer. */
const silent: Answer = (command) => (command.words[0] === 'get' ? '' : undefined)

/** A value for `a`, which says what was asked for. */
const loadAsked = (missing: string[]): Map<string, string> =>
  new Map([
    ['not asked for', '?'],
    ['a', missing.join('+')],
  ])

describe('a namespace', () => {
  it('rejects bad input, and throws none', async () => {
    const names = faultClient('127.0.0.1:1').namespace<number>('n:')
    const bad = 5 as never
    const calls = [
      () => names.getMany(bad),
      () => names.getsMany(bad),
      () => names.setMany(bad),
      () => names.addMany(bad),
      () => names.deleteMany(bad),
      () => names.incrMany(bad),
      () => names.getOrSet('k', bad),
      () => names.getOrSetMany(bad, () => new Map()),
      () => names.getOrSetMany([], bad),
      () => names.noreply.setMany(bad),
      () => names.noreply.addMany(bad),
      () => names.noreply.deleteMany(bad),
    ]
    for (const call of calls) expect(await rejection(call())).toBeInstanceOf(InvalidInputError)
  })

  it('gives each of two schemas its own reading of a value that is loaded once', async () => {
    await using server = await MemcachedServer.start()
    const cache = faultClient(server.address, patient)
    const [started, gate] = [new Gate(), new Gate()]
    const load = async (): Promise<string> => {
      started.open()
      await gate.opened
      return 'loaded'
    }
    const first = cache.namespace('n:', { schema: bracketed }).getOrSet('k', load)
    await started.opened
    const second = cache.getOrSet('n:k', () => 'loaded twice')
    gate.open()
    expect([await first, await second]).toEqual(['<loaded>', 'loaded'])
  })
})

describe('a namespace with generations', () => {
  it('asks for keys that can be gone through once again behind a new generation', async () => {
    await using server = await MemcachedServer.start()
    const [ours, theirs] = [0, 1].map(() =>
      faultClient(server.address, patient).namespace<number>('n:', { generations: { refreshMs: 0 } }),
    )
    await ours!.set('k', 1)
    await theirs!.clear()
    await theirs!.set('k', 2)
    expect(await ours!.getMany(once())).toEqual(new Map([['k', 2]]))
    await theirs!.clear()
    await theirs!.set('k', 3)
    expect((await ours!.getsMany(once())).get('k')?.value).toBe(3)
  })

  it('keeps the order of the calls while the generation is being read', async () => {
    await using server = await MemcachedServer.start()
    const cache = faultClient(server.address, patient)
    await cache.connect()
    // A call may come at any moment between the answer and those who waited for it.
    for (let turns = 0; turns < 12; turns++) {
      const names = cache.namespace<number>('n:', { generations: true })
      const first = names.set('k', 1)
      const later = async (): Promise<boolean> => {
        await cache.get('other')
        for (let turn = 0; turn < turns; turn++) await Promise.resolve()
        return names.set('k', 2)
      }
      await Promise.all([first, later()])
      expect(await names.get('k'), `${turns} turns later`).toBe(2)
    }
    const names = cache.namespace<number>('n:', { generations: true })
    await Promise.all([names.set('k', 1, { signal: new AbortController().signal }), names.set('k', 2)])
    expect(await names.get('k')).toBe(2)
  })

  it('keeps the order of the calls behind one that left, and one that may not go ahead', async () => {
    await using server = await MemcachedServer.start()
    const names = faultClient(server.address, patient).namespace<number>('n:', { generations: { refreshMs: 0 } })
    await names.set('k', 0)
    const controller = new AbortController()
    const calls = [
      names.update('k', (value = 0) => value + 1),
      names.set('k', 5, { signal: controller.signal }),
      names.set('k', 10),
      names.get('k'),
    ]
    controller.abort(new Error('gone'))
    expect((await rejection(calls[1]!)).message).toBe('gone')
    expect(await calls[3]).toBe(10)
    // It read 0, and again when that had been replaced.
    expect(await calls[0]).toBe(11)
  })

  it('waits for the generation no longer than the call may take', async () => {
    await using server = await ScriptedServer.startReady((peer) => serveCommands(peer, silent))
    const names = faultClient(server.address, patient).namespace<number>('n:', { generations: true })
    const controller = new AbortController()
    const aborted = names.set('k', 1, { signal: controller.signal })
    const late = names.get('k', { timeoutMs: 30 })
    controller.abort(new Error('gone'))
    expect((await rejection(aborted)).message).toBe('gone')
    expect(await rejection(late)).toBeInstanceOf(TimeoutError)
    expect((await rejection(names.getMany(['k'], { signal: AbortSignal.abort(new Error('gone')) }))).message).toBe(
      'gone',
    )
    expect(await rejection(names.delete('k', { timeoutMs: 0 }))).toBeInstanceOf(InvalidInputError)
  })

  it('looks again after a clear that may have been done', async () => {
    let generation = 5
    const answer: Answer = (command, peer) => {
      if (command.words[0] === 'get' && command.words[1] === 'n:generation') {
        return `VALUE n:generation 2 1\r\n${generation}\r\nEND\r\n`
      }
      if (command.words[0] !== 'ma') return undefined
      generation++
      peer.reset()
      return ''
    }
    await using server = await ScriptedServer.startReady((peer) => serveCommands(peer, answer))
    const names = faultClient(server.address, patient).namespace('n:', { generations: { refreshMs: 60_000 } })
    await names.get('k')
    await rejection(names.clear())
    await names.get('k')
    expect(server.receivedText).toMatch(/get n:6:k\r\n$/)
  })

  it('takes a number that is being copied for one that is not there', async () => {
    await using server = await MemcachedServer.start()
    const cache = faultClient(server.address, patient)
    await cache.set('n:generation', Buffer.alloc(0), { clientFlags: 0x6d6c6b01 })
    const names = cache.namespace('n:', { generations: true })
    expect(await rejection(names.get('k'))).toBeInstanceOf(ServerError)
    await cache.delete('n:generation')
    expect(await names.get('k')).toBeUndefined()
  })

  it('puts what is loaded without a cache through its schema', async () => {
    const address = `127.0.0.1:${await freePort()}`
    const names = faultClient(address, { failures: 'miss' }).namespace('n:', { generations: true, schema: bracketed })
    expect(await names.getOrSet('k', () => 'loaded')).toBe('<loaded>')
    const many = await names.getOrSetMany(['a', 'b', 'a'], loadAsked)
    expect(many).toEqual(new Map([['a', '<a+b>']]))
    expect(await rejection(names.getOrSetMany(['a'], () => 'no map' as never))).toBeInstanceOf(InvalidInputError)
  })
})
