import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import { BatchError, MemcacheError } from '../../src/errors.ts'
import { type CachingProxy, type ProxyKind, startCachingProxy } from '../support/caching-proxy.ts'
import { settle, settleAll } from '../support/eventually.ts'
import { patient } from '../support/memcache-options.ts'
import { whyNotHere } from '../support/memcached-binaries.ts'
import { askRaw } from '../support/raw-connection.ts'
import { recovers } from '../support/recovers.ts'

interface ProxyRow {
  readonly kind: ProxyKind
  readonly protocols: readonly ('auto' | 'meta' | 'text')[]
  readonly notHere: string | undefined
}

const rows: readonly ProxyRow[] = [
  { kind: 'builtin', protocols: ['auto', 'meta', 'text'], notHere: whyNotHere('1.6.45') },
  { kind: 'twemproxy', protocols: ['auto', 'text'], notHere: whyNotHere('nutcracker') },
]

const names = Array.from({ length: 40 }, (_, at) => `key:${at}`)

for (const { kind, protocols, notHere } of rows) {
  describe.skipIf(notHere !== undefined).each(protocols)(
    `${kind} with one of two backends dead, protocol %s`,
    (protocol) => {
      let proxy: CachingProxy
      let cache: Memcache
      let living: string[]
      let lost: string[]

      beforeAll(async () => {
        proxy = await startCachingProxy(kind)
        const writer = new Memcache(proxy.address, { ...patient, protocol })
        await writer.setMany(names.map((name) => [name, name]))
        await writer.close()
        living = []
        for (const name of names) {
          const { port } = proxy.backends[0]
          if ((await askRaw({ port }, `mg ${name} s\r\n`)).startsWith('HD')) living.push(name)
        }
        lost = names.filter((name) => !living.includes(name))
        await proxy.backends[1].stop()
      })
      afterAll(() => proxy.stop())

      beforeEach(() => {
        cache = new Memcache(proxy.address, { ...patient, protocol })
      })
      afterEach(() => cache.destroy())

      /** A neighbour that failed may have cost the connection to the proxy, and the next attempt is not due yet. */
      const expectLiving = (name: string): Promise<void> => recovers(cache, name, name)

      it('both backends had keys', () => {
        expect(living.length).toBeGreaterThan(0)
        expect(lost.length).toBeGreaterThan(0)
      })

      it('connects, and serves the keys of the living backend', async () => {
        for (const name of living) expect(await cache.get(name)).toBe(name)
        expect(await cache.set(living[0]!, 'new')).toBe(true)
        expect((await cache.gets(living[0]!))?.value).toBe('new')
        expect(await cache.touch(living[0]!, 100)).toBe(true)
        expect(await cache.delete(living[0]!)).toBe(true)
        expect(await cache.set(living[0]!, living[0]!)).toBe(true)
      })

      it.each([
        ['get', (name: string) => cache.get(name)],
        ['gets', (name: string) => cache.gets(name)],
        ['set', (name: string) => cache.set(name, 1)],
        ['delete', (name: string) => cache.delete(name)],
        ['touch', (name: string) => cache.touch(name, 5)],
        ['incr', (name: string) => cache.incr(name)],
      ] as const)(
        '%s of a key of the dead one rejects with an error of ours, and the client goes on',
        async (_name, call) => {
          const outcome = await settle(call(lost[0]!), 15_000)
          expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(MemcacheError) as unknown })
          await expectLiving(living[0]!)
        },
      )

      it('a batch over both says which keys failed, and never takes them for misses', async () => {
        const outcome = await settle(cache.getMany(names), 15_000)
        const error = outcome.status === 'rejected' ? (outcome.reason as BatchError) : undefined
        expect(error).toBeInstanceOf(BatchError)
        for (const [name, value] of error!.found) expect(value).toBe(name)
        expect([...error!.failed.keys()]).toEqual(lost)
        expect([...error!.found.keys()]).toEqual(living)
      })

      it('every call of a mixed crowd settles, and no answer belongs to another key', async () => {
        const outcomes = await settleAll(
          Array.from({ length: 10 }, () => names.map((name) => cache.get(name))).flat(),
          20_000,
        )
        for (const [at, outcome] of outcomes.entries()) {
          const name = names[at % names.length]!
          if (outcome.status === 'fulfilled') expect(outcome.value).toBe(name)
          else expect(outcome.reason).toBeInstanceOf(MemcacheError)
          if (outcome.status === 'fulfilled') expect(living).toContain(name)
        }
        await expectLiving(living[0]!)
      })

      it('quiet writes settle, and the next reader gets its own answer', async () => {
        const writes = [lost[0]!, living[1]!, lost[1]!, living[2]!].map((name) => cache.noreply.set(name, name))
        for (const outcome of await settleAll(writes, 15_000)) {
          if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(MemcacheError)
        }
        for (const name of living) await expectLiving(name)
      })
    },
  )
}
