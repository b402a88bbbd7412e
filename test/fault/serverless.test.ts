import { readFileSync } from 'node:fs'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import type { Memcache } from '../../src/client/memcache.ts'
import { BatchError, ClientError, UnknownCommandError } from '../../src/errors.ts'
import { listKeys } from '../../src/keys/list-keys.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { rejection } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { RawConnection } from '../support/raw-connection.ts'

function startServerless(): Promise<MemcachedServer> {
  const { server } = inject('certificates')
  const tls = { cert: readFileSync(server.certificate), key: readFileSync(server.key) }
  return MemcachedServer.start({ tls, dialect: 'elasticache-serverless' })
}

function clientOf(server: MemcachedServer): Memcache {
  const ca = readFileSync(inject('certificates').authority)
  return faultClient(`memcacheds://localhost:${server.port}`, { tls: { ca } })
}

/** A server without TLS, for what is about lines alone. */
async function ask(version: string, request: string, end?: string): Promise<string> {
  const server = await MemcachedServer.start({ dialect: 'elasticache-serverless', version })
  const raw = await RawConnection.open({ port: server.port })
  onTestFinished(async () => {
    raw.close()
    await server.close()
  })
  return raw.ask(request, end)
}

/** The one failure of a command to the one server. */
async function failureOf(call: Promise<unknown>): Promise<unknown> {
  const error = await rejection(call)
  return error instanceof BatchError ? [...error.failed.values()][0] : error
}

describe.each(['1.6.18', '1.6.38', '1.6.45'])('the dialect of ElastiCache Serverless, version %s', (version) => {
  it.each([
    'me a',
    'lru mode flat',
    'lru_crawler metadump hash',
    'lru_crawler enable',
    'watch fetchers',
    'verbosity 1',
    'stats items',
    'stats settings',
    'stats cachedump 1 0',
  ])('answers ERROR to %s', async (line) => {
    expect(await ask(version, `${line}\r\n`)).toBe('ERROR\r\n')
  })

  it.each([
    ['flush_all 10', 'CLIENT_ERROR delayed flush_all is not supported'],
    ['flush_all 0', 'OK'],
    ['flush_all', 'OK'],
    ['stats reset', 'RESET'],
    ['version', `VERSION ${version}`],
    ['mn', 'MN'],
    ['mg a v', 'EN'],
    ['cache_memlimit 64', 'OK'],
  ])('answers %j with %j', async (line, answer) => {
    expect(await ask(version, `${line}\r\n`)).toBe(`${answer}\r\n`)
  })

  it('answers stats without a word', async () => {
    expect(await ask(version, 'stats\r\n', 'END\r\n')).toContain(`STAT version ${version}\r\n`)
  })

  it.each(['get', 'gets'])('takes a %s line of 16 kB, its end included, and no longer one', async (command) => {
    const line = (bytes: number): string => {
      const head = command + ` ${'k'.repeat(200)}`.repeat(80)
      const rest = bytes - head.length - 2
      const half = Math.floor(rest / 2)
      return `${head} ${'k'.repeat(half - 1)} ${'k'.repeat(rest - half - 1)}\r\n`
    }
    expect(line(16_384)).toHaveLength(16_384)
    expect(await ask(version, line(16_384))).toBe('END\r\n')
    expect(await ask(version, line(16_385))).toMatch(/^CLIENT_ERROR /)
  })
})

describe('a client of ElastiCache Serverless, played over TLS', () => {
  it('reads 3,000 keys of 200 bytes on lines that are never refused', async () => {
    await using server = await startServerless()
    const cache = clientOf(server)
    const keys = Array.from({ length: 3000 }, (_, index) => `${index}:`.padEnd(200, 'k'))
    await cache.setMany(keys.map((key, index) => [key, index]))
    const found = await cache.getMany<number>(keys)
    expect(found.size).toBe(3000)
    expect(found.get(keys[2999]!)).toBe(2999)
    // A refused read line would have cost the connection.
    expect(cache.servers[0]?.connections.open).toBe(1)
    expect(cache.metrics().errors).toEqual({})
  })

  it('gets the same values where its lines are longer than the service takes', async () => {
    // Without TLS, so that the line is one write.
    await using server = await MemcachedServer.start({ dialect: 'elasticache-serverless' })
    const cache = faultClient(server.address, { coalesceReads: { maxKeys: 1000, maxBytes: 60_000 } })
    const keys = Array.from({ length: 100 }, (_, index) => `${index}:`.padEnd(200, 'k'))
    await cache.setMany(keys.map((key, index) => [key, index]))
    const found = await Promise.all(keys.map((key) => cache.get<number>(key)))
    expect(found).toEqual(keys.map((_, index) => index))
  })

  it('is told which commands such services switch off', async () => {
    await using server = await startServerless()
    const cache = clientOf(server)
    await cache.set('k', 1)
    const listing = listKeys(cache)[Symbol.asyncIterator]()
    for (const call of [
      () => listing.next(),
      () => cache.stats('items'),
      () => cache.verbosity(1),
      () => cache.rawCommand('watch evictions'),
    ]) {
      const failure = await failureOf(call())
      expect(failure).toBeInstanceOf(UnknownCommandError)
      expect((failure as Error).message).toContain('hosted services')
    }
    expect(await failureOf(cache.flushAll({ delay: 10 }))).toBeInstanceOf(ClientError)
    expect(await cache.get('k')).toBe(1)
    expect([...(await cache.stats()).values()][0]).toMatchObject({ curr_items: 1 })
    expect(await cache.flushAll()).toBe(true)
    expect(await cache.get('k')).toBeUndefined()
  })
})
