import { describe, expect, it, onTestFinished } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import { ConnectError } from '../../src/errors.ts'
import { FaultProxy } from '../../src/testing/fault-proxy.ts'
import { rejection } from '../support/eventually.ts'
import { patient } from '../support/memcache-options.ts'
import { whyNotHere } from '../support/memcached-binaries.ts'
import { type RunningServer, startProxied, startReal } from './running-server.ts'

const withoutMeta: readonly (readonly [string, string | undefined, () => Promise<RunningServer>, number])[] = [
  ['memcached 1.6.9', whyNotHere('1.6.9'), () => startReal('tcp', { version: '1.6.9' }), 1],
  // It closes the connection on `mn`: only the third close in a row tells.
  ['twemproxy', whyNotHere('nutcracker'), () => startProxied('twemproxy'), 4],
]

describe.each(withoutMeta)('%s, which has no meta commands', (_name, notHere, start, connections) => {
  async function client(protocol: 'auto' | 'meta'): Promise<{ cache: Memcache; proxy: FaultProxy }> {
    const server = await start()
    const proxy = await FaultProxy.start(server.address)
    const cache = new Memcache(proxy.address, { ...patient, protocol })
    onTestFinished(async () => {
      cache.destroy()
      await proxy.close()
      await server.stop()
    })
    return { cache, proxy }
  }

  it.skipIf(notHere !== undefined)('is refused by protocol: meta, with its version', async () => {
    const { cache } = await client('meta')
    const error = (await rejection(cache.set('key', 1))) as ConnectError
    expect(error).toBeInstanceOf(ConnectError)
    expect(error.delivery).toBe('not-sent')
    expect(error.message).toMatch(/meta protocol.*VERSION 1\.\d+\.\d+/s)
  })

  it.skipIf(notHere !== undefined)('is spoken to in text by protocol: auto, and that is remembered', async () => {
    const { cache, proxy } = await client('auto')
    expect(await cache.set('key', 'value')).toBe(true)
    expect(proxy.connections).toBe(connections)
    await cache.disconnect()
    expect(await cache.get('key')).toBe('value')
    expect(proxy.connections).toBe(connections + 1)
  })
})
