import { readFileSync } from 'node:fs'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { KeyvMemlane, type KeyvMemlaneOptions } from '../../src/adapters/keyv.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { patient } from '../support/memcache-options.ts'
import { deadAddress } from './support/dead-server.ts'
import { type TestServer, targets } from './support/servers.ts'

/** Oldest Node that Keyv 6 runs on. `npm run test:adapters` runs this file on a newer one, where there is one. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const runs = major > 22 || (major === 22 && minor >= 19)

async function loadKeyv(): Promise<typeof import('keyv6').Keyv> {
  const { Keyv } = await import('keyv6')
  return Keyv
}

function openStore(server: TestServer, options: KeyvMemlaneOptions = {}): KeyvMemlane {
  const store = new KeyvMemlane(server.address, { client: patient, ...options })
  onTestFinished(() => store.disconnect())
  return store
}

describe.skipIf(!runs)('Keyv 6', () => {
  it('is the version that is meant', () => {
    const file = new URL('node_modules/keyv6/package.json', import.meta.url)
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string }
    expect(version).toMatch(/^6\./)
  })

  describe.each(targets())('on $name', (target) => {
    it('stores, reads and removes', async () => {
      await using server = await target.start()
      const Keyv = await loadKeyv()
      const keyv = new Keyv({ store: openStore(server), namespace: 'users' })
      expect(await keyv.set('ada', { name: 'Ada' }, 60_000)).toBe(true)
      expect(await keyv.get('ada')).toEqual({ name: 'Ada' })
      expect([await keyv.has('ada'), await keyv.has('eve')]).toEqual([true, false])
      expect(await keyv.delete('ada')).toBe(true)
      expect(await keyv.delete('ada')).toBe(false)
      expect(await keyv.get('ada')).toBeUndefined()
    })

    it('has results for each key of batches', async () => {
      await using server = await target.start()
      const Keyv = await loadKeyv()
      const keyv = new Keyv({ store: openStore(server) })
      const entries = ['a', 'b'].map((key) => ({ key, value: key.toUpperCase(), ttl: 60_000 }))
      expect(await keyv.setMany(entries)).toEqual([true, true])
      expect(await keyv.getMany(['a', 'x', 'b'])).toEqual(['A', undefined, 'B'])
      expect(await keyv.hasMany(['a', 'x'])).toEqual([true, false])
      expect(await keyv.deleteMany(['a', 'x', 'b'])).toEqual([true, false, true])
    })

    it('expires by the millisecond, though memcached counts seconds', async () => {
      await using server = await target.start()
      const Keyv = await loadKeyv()
      const keyv = new Keyv({ store: openStore(server) })
      expect([await keyv.set('stays', 1, 60_000), await keyv.set('goes', 1, 900)]).toEqual([true, true])
      expect(await keyv.get('stays')).toBe(1)
      // Keyv looks at the clock of the process, memcached at its own.
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 901 })
      onTestFinished(() => void vi.useRealTimers())
      expect([await keyv.get('goes'), await keyv.has('goes'), await keyv.get('stays')]).toEqual([undefined, false, 1])
    })

    it('clears its own namespace', async () => {
      await using server = await target.start()
      const Keyv = await loadKeyv()
      const [a, b] = ['a', 'b'].map((namespace) => new Keyv({ store: openStore(server), namespace }))
      await a!.set('key', 1)
      await b!.set('key', 2)
      await a!.clear()
      expect([await a!.get('key'), await b!.get('key')]).toEqual([undefined, 2])
    })
  })

  it('uses the store itself, with points in time, and no bridge', async () => {
    await using server = await MemcachedServer.start()
    const Keyv = await loadKeyv()
    const store = openStore(server)
    const keyv = new Keyv({ store })
    expect(keyv.store).toBe(store)
  })

  it('lives on a dead server, with and without a listener', async () => {
    const Keyv = await loadKeyv()
    const client = { timeoutMs: 5000, connectTimeoutMs: 5000 }
    const silent = new Keyv({ store: new KeyvMemlane(await deadAddress(), { client }) })
    expect(await silent.get('key')).toBeUndefined()
    expect(await silent.set('key', 1)).toBe(false)
    const heard = new Keyv({ store: new KeyvMemlane(await deadAddress(), { client }) })
    const errors: unknown[] = []
    heard.on('error', (error: unknown) => errors.push(error))
    expect(await heard.get('key')).toBeUndefined()
    expect(errors).toHaveLength(1)
  })
})
