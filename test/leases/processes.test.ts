import { beforeAll, describe, expect, it } from 'vitest'
import { startCachingProxy } from '../support/caching-proxy.ts'
import { eventually } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { patient } from '../support/memcache-options.ts'
import { whyNotHere } from '../support/memcached-binaries.ts'
import { startMemcached } from '../support/real-memcached.ts'
import { buildCaller, Crowd } from './crowd.ts'

interface Place {
  readonly name: string
  readonly protocol: 'auto' | 'text'
  readonly notHere: string | undefined
  readonly start: () => Promise<{ readonly address: string; readonly stop: () => Promise<void> }>
}

const places: readonly Place[] = [
  { name: 'the installed memcached', protocol: 'auto', notHere: undefined, start: () => startMemcached() },
  {
    name: 'memcached 1.6.45',
    protocol: 'auto',
    notHere: whyNotHere('1.6.45'),
    start: () => startMemcached({ version: '1.6.45' }),
  },
  {
    name: 'twemproxy',
    protocol: 'text',
    notHere: whyNotHere('nutcracker'),
    start: () => startCachingProxy('twemproxy'),
  },
]

const processes = 8
const callers = 50

let program: string
beforeAll(async () => {
  program = await buildCaller()
})

for (const { name, protocol, notHere, start } of places) {
  describe.skipIf(notHere !== undefined)(`${processes} processes of ${callers} callers, on ${name}`, () => {
    it('run a slow loader once', async () => {
      await using server = disposable(await start())
      const order = { address: server.address, protocol, key: 'cold', callers, leaseTtl: 10 }
      const crowd = new Crowd(program, processes, order)
      await crowd.call()
      await crowd.load()
      const outcomes = await crowd.outcomes()
      expect(crowd.loads).toBe(1)
      expect(outcomes.length).toBe(processes)
      const winner = await crowd.winner
      expect(new Set(outcomes.flatMap(({ values }) => values))).toEqual(new Set([`by ${winner.child.pid}`]))
    }, 40_000)

    it('wait for no longer than its lease when the winner is killed, and then load once', async () => {
      await using server = disposable(await start())
      const order = { address: server.address, protocol, key: 'orphan', callers, leaseTtl: 2 }
      // The first lets nobody finish.
      const first = new Crowd(program, 1, order)
      await first.call()
      const dead = await first.winner
      const crowd = new Crowd(program, processes, order)
      const cache = faultClient(server.address, { ...patient, protocol })
      await crowd.call()
      await crowd.load()
      await dead.kill()
      // By the server's clock: the lease, and what the load and a busy machine may add.
      await cache.set('hourglass', 'runs', { ttl: order.leaseTtl + 4 })
      const outcomes = await crowd.outcomes()
      expect(await cache.get('hourglass')).toBe('runs')
      expect(crowd.loads).toBe(1)
      expect(new Set(outcomes.flatMap(({ values }) => values)).size).toBe(1)
    }, 40_000)

    it('keep a key deleted that was deleted while they load', async () => {
      await using server = disposable(await start())
      const order = { address: server.address, protocol, key: 'deleted', callers, leaseTtl: 10 }
      const cache = faultClient(server.address, { ...patient, protocol })
      const crowd = new Crowd(program, 1, order)
      await crowd.call()
      await crowd.winner
      await cache.delete('deleted')
      await crowd.load()
      expect((await crowd.outcomes()).length).toBe(1)
      expect(await cache.get('deleted')).toBeUndefined()
    }, 40_000)

    it.skipIf(protocol === 'text')(
      'get the old value while one of them loads it anew',
      async () => {
        await using server = disposable(await start())
        const order = { address: server.address, protocol, key: 'stale', callers, leaseTtl: 10 }
        const cache = faultClient(server.address, patient)
        await cache.set('stale', 'old')
        await cache.invalidate('stale', { staleFor: 100 })
        const crowd = new Crowd(program, processes, order)
        await crowd.call()
        await crowd.load()
        const outcomes = await crowd.outcomes()
        expect(crowd.loads).toBe(1)
        expect(new Set(outcomes.flatMap(({ values }) => values))).toEqual(new Set(['old']))
        const winner = await crowd.winner
        await eventually(async () => expect(await cache.get('stale')).toBe(`by ${winner.child.pid}`), 20_000)
      },
      40_000,
    )
  })
}

function disposable<T extends { readonly stop: () => Promise<void> }>(server: T): T & AsyncDisposable {
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.stop() })
}
