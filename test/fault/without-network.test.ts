import { Duplex } from 'node:stream'
import { beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type * as memlane from '../../src/exports/index.ts'
import type * as metaDoor from '../../src/exports/meta.ts'
import { MockMemcache } from '../../src/testing/mock-memcache.ts'
import { bundle, loadWithoutNetwork, NETWORK_MODULES } from '../support/bundle.ts'
import { rejection } from '../support/eventually.ts'

const DOORS = [
  'index',
  'chunks',
  'keys',
  'meta',
  'middleware',
  'near-cache',
  'recipes',
  'routing',
  'serde',
  'tags',
  'versions',
  'zones',
] as const

/** A server in memory, which a client reaches by the option `connect`. */
function startMock(): MockMemcache {
  const mock = new MockMemcache('cache')
  onTestFinished(() => mock.close())
  return mock
}

describe('the modules of Node that open sockets', () => {
  it.each(DOORS)('are imported for their values by nothing that %s leads to', async (door) => {
    const { imports } = await bundle(door)
    expect(NETWORK_MODULES.flatMap((name) => imports.get(name) ?? [])).toEqual([])
  })

  it('were looked for in all of the graph', async () => {
    const { imports } = await bundle('index')
    expect([...imports.keys()]).toEqual(expect.arrayContaining(['node:buffer', 'src/connection/own-dialer.ts']))
    expect((await bundle('testing')).imports.get('node:net')).toMatch(/^src\/(?:server|testing)\//)
  })

  it('throw where they are imported', async () => {
    await expect(loadWithoutNetwork('testing')).rejects.toThrow('does not have')
  })
})

describe('on a runtime without node:net, node:tls and node:dns', () => {
  let door: typeof memlane

  beforeAll(async () => {
    door = (await loadWithoutNetwork('index')) as typeof memlane
  })
  beforeEach(() => {
    const find = process.getBuiltinModule.bind<(name: string) => object | undefined>(process)
    vi.spyOn(process, 'getBuiltinModule').mockImplementation((name: string) =>
      NETWORK_MODULES.includes(name) ? undefined : find(name),
    )
    onTestFinished(() => {
      vi.restoreAllMocks()
    })
  })

  it('a client talks through the streams of its option connect', async () => {
    const { Memcache } = door
    const mock = startMock()
    await using cache = new Memcache('cache', { connect: mock.dialer })
    expect(await cache.set('k', { text: 'grüße' })).toBe(true)
    expect(await cache.set('large', 'x'.repeat(100_000))).toBe(true)
    expect(await cache.get('k')).toEqual({ text: 'grüße' })
    expect(await cache.getMany(['k', 'large', 'none'])).toHaveProperty('size', 2)
    expect(mock.keys()).toEqual(['k', 'large'])
  })

  it('so does a client of meta commands, and one with TLS over streams that need no more', async () => {
    const { MetaClient } = (await loadWithoutNetwork('meta')) as typeof metaDoor
    const meta = new MetaClient('memcacheds://cache', { connect: startMock().dialer })
    onTestFinished(() => meta.close())
    expect(await meta.set('k', 1)).toMatchObject({ status: 'stored' })
    expect(await meta.get('k', { value: true })).toMatchObject({ status: 'hit', value: 1 })
  })

  it.each(['localhost', '127.0.0.1', '/run/memcached.sock', 'memcacheds://localhost'])(
    'a client of %s without the option connect fails with a ConnectError that asks for it',
    async (server) => {
      const { ConnectError, Memcache } = door
      await using cache = new Memcache(server)
      const error = await rejection(cache.get('k'))
      expect(error).toBeInstanceOf(ConnectError)
      expect(error).toMatchObject({ delivery: 'not-sent' })
      expect(error.message).toMatch(/this runtime has no node:(?:net|tls); give the option connect/)
    },
  )

  it('TLS over a stream that is not encrypted is a ConnectError, and nothing is written to the stream', async () => {
    const { ConnectError, Memcache } = door
    const written: unknown[] = []
    const stream = new Duplex({
      read: () => undefined,
      write: (chunk, _encoding, done) => {
        written.push(chunk)
        done()
      },
    })
    await using cache = new Memcache('memcacheds://cache', { connect: () => Promise.resolve(stream) })
    const error = await rejection(cache.get('k'))
    expect(error).toBeInstanceOf(ConnectError)
    expect(error.message).toContain('node:tls')
    expect(written).toEqual([])
    expect(stream.destroyed).toBe(true)
  })

  it('a list of servers by DNS is refused at once', () => {
    const { dnsServers, InvalidInputError } = door
    expect(() => dnsServers('memcached.test')).toThrow(InvalidInputError)
  })

  it('keep-alive probes are refused as on every runtime that cannot set them', () => {
    const { InvalidInputError, Memcache } = door
    expect(() => new Memcache('cache', { keepAlive: { probes: 3 } })).toThrow(InvalidInputError)
  })
})
