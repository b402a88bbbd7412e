import { describe, expect, it, onTestFinished } from 'vitest'
import { Client } from '../../src/compat/memjs/client.ts'
import { startMemcached } from '../support/real-memcached.ts'
import { MEMJS_ORIGINAL, MEMJS_SHIM } from './support/memjs-classes.ts'

const KEYS = Array.from(
  { length: 3000 },
  (_, at) => `${['user', 'sitzung/ä', '商品', '🍺'][at % 4]}:${at}:${'k'.repeat(at % 200)}`,
)

describe('the server of a key', () => {
  it.each([
    ['3', '10.0.0.1:11211,10.0.0.2:11211,10.0.0.3:11211'],
    ['8', Array.from({ length: 8 }, (_, at) => `10.0.0.${at}`).join(',')],
    ['3, one of them twice', '10.0.0.1,10.0.0.2,10.0.0.1'],
  ])('is that of the original, for 3,000 keys: %s servers', (_count, list) => {
    const [original, shim] = [MEMJS_ORIGINAL, MEMJS_SHIM].map(({ create }) => create(list))
    const servers = KEYS.map((key) => original!.call('getServer', key))
    expect(KEYS.map((key) => shim!.call('getServer', key))).toEqual(servers)
    const { memlane } = Client.create(list)
    expect(KEYS.map((key) => memlane.serverFor(key)?.index)).toEqual(servers)
    expect(new Set(servers).size).toBe(list.split(',').length)
  })

  it('is the same on the servers themselves: each reads what the other wrote', async () => {
    const servers = await Promise.all([startMemcached(), startMemcached(), startMemcached()])
    onTestFinished(async () => void (await Promise.all(servers.map((server) => server.stop()))))
    const list = servers.map(({ address }) => address).join(',')
    const [original, shim] = [MEMJS_ORIGINAL, MEMJS_SHIM].map(({ create }) => create(list, { timeout: 60 }))
    const keys = KEYS.filter((key) => Buffer.byteLength(key) <= 250).slice(0, 300)
    for (const [writer, reader] of [
      [original!, shim!],
      [shim!, original!],
    ] as const) {
      await Promise.all(keys.map((key) => writer.call('set', key, `of ${key}`, {})))
      const found = await Promise.all(keys.map(async (key) => (await reader.call('get', key)) as { value: Buffer }))
      expect(found.map(({ value }) => value.toString())).toEqual(keys.map((key) => `of ${key}`))
      await writer.call('flush')
    }
    original!.close()
    shim!.close()
  })
})
