import { createHash } from 'node:crypto'
import { describe, expect, it, onTestFinished } from 'vitest'
import { chunks } from '../../../src/client/chunks/chunks.ts'
import { Memcache } from '../../../src/client/memcache.ts'
import { MetaClient } from '../../../src/client/meta/client.ts'
import { runCommand } from '../../unit/cli/terminal-host.ts'
import { TARGETS, type Target } from './targets.ts'

async function startAll(start: Target['start'], count: number): Promise<string[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => start()))
  onTestFinished(async () => void (await Promise.all(servers.map((server) => server.stop()))))
  return servers.map(({ address }) => address)
}

function cacheOf(servers: readonly string[]): Memcache {
  const cache = new Memcache(servers, { chunks: chunks(), metrics: false })
  onTestFinished(() => cache.destroy())
  return cache
}

function metaOf(server: string): MetaClient {
  const meta = new MetaClient(server, { metrics: false })
  onTestFinished(() => meta.destroy())
  return meta
}

function sha(bytes: unknown): string {
  return createHash('sha256')
    .update(bytes as Uint8Array)
    .digest('hex')
}

function ttlOf(result: unknown): number {
  return (result as { ttl: number }).ttl
}

describe.each(TARGETS)('on $name', ({ start }) => {
  it('every item that is dumped is loaded with its value, flags and time to live', async () => {
    const [from = '', to = ''] = await startAll(start, 2)
    const cache = cacheOf([from])
    await cache.set('text', 'grüße \u2028 "quoted"\n')
    await cache.set('object', { name: 'Ada' }, { ttl: 500 })
    await cache.set('bytes', Uint8Array.of(0, 255, 10, 13))
    await cache.set('empty', '')
    await cache.set(Buffer.from([0xff, 0x20, 0x41]), 'binary key', { ttl: 60 * 60 * 24 * 40 })
    for (let at = 0; at < 1200; at++) await cache.set(`many:${at}`, at)
    const dump = await runCommand(['dump', '-s', from])
    expect(dump).toMatchObject({ exitCode: 0, errors: expect.stringMatching(/^1205 items dumped \(\d.*\)\n$/) })
    const load = await runCommand(['load', '-s', to], { input: dump.output })
    expect(load).toMatchObject({ exitCode: 0, output: '' })
    const copied = cacheOf([to])
    expect(await copied.get('text')).toBe('grüße \u2028 "quoted"\n')
    expect(await copied.get('object')).toEqual({ name: 'Ada' })
    expect(await copied.get('bytes')).toEqual(Buffer.of(0, 255, 10, 13))
    expect(await copied.get('empty')).toBe('')
    expect(await copied.get('many:1199')).toBe(1199)
    const meta = metaOf(to)
    const facts = { returnTtl: true, returnClientFlags: true }
    expect(await meta.get('text', facts)).toMatchObject({ ttl: Number.POSITIVE_INFINITY })
    // Both at one time: the seconds that the test itself takes are gone on both servers. Each server rounds, and memcached is two
    // seconds off with the absolute times that ttls of more than 30 days become (seen on 1.6.38 and 1.6.45).
    const [object, before] = await Promise.all([meta, metaOf(from)].map((one) => one.get('object', facts)))
    expect(object).toMatchObject({ clientFlags: (before as { clientFlags: number }).clientFlags })
    expect(Math.abs(ttlOf(object) - ttlOf(before))).toBeLessThanOrEqual(4)
    const key = Buffer.from([0xff, 0x20, 0x41])
    const [binary, original] = await Promise.all([meta, metaOf(from)].map((one) => one.get(key, facts)))
    expect(binary).toMatchObject({ value: 'binary key' })
    expect(Math.abs(ttlOf(binary) - ttlOf(original))).toBeLessThanOrEqual(4)
    const again = await runCommand(['load', '-s', to], { input: dump.output })
    expect(again.errors).toBe('0 items stored (0B), 1205 there already and kept\n')
  })

  it('values of 5 MB in chunks are copied from one server to three, and their chunks are not items', async () => {
    const [from = '', ...to] = await startAll(start, 4)
    const cache = cacheOf([from])
    const large = [1, 2, 3].map((seed) => Buffer.alloc(5_000_000, `value ${seed} of five megabytes`))
    for (const [at, value] of large.entries()) await cache.set(`large:${at}`, value, { ttl: 900 })
    await cache.set('small', 'x')
    const copy = await runCommand(['copy', '-s', from, ...to.flatMap((server) => ['--to', server])])
    expect(copy).toMatchObject({ exitCode: 0, errors: '4 items stored (14.3M)\n' })
    const copied = cacheOf(to)
    for (const [at, value] of large.entries()) expect(sha(await copied.get(`large:${at}`))).toBe(sha(value))
    expect(await copied.get('small')).toBe('x')
    const back = await runCommand(['dump', ...to.flatMap((server) => ['-s', server])])
    const lines = back.output.trimEnd().split('\n')
    expect(lines).toHaveLength(6)
    expect(lines.filter((line) => line.includes('"chunks":true'))).toHaveLength(3)
    const keys = await runCommand(['load', '--mode', 'set', '-s', from], { input: back.output })
    expect(keys.errors).toBe('4 items stored (14.3M)\n')
    expect(sha(await cache.get('large:1'))).toBe(sha(large[1]))
  })

  it('a dump leaves the items as unread as they were, and leaves out what was invalidated', async () => {
    const [server = ''] = await startAll(start, 1)
    const meta = metaOf(server)
    await meta.set('fresh', 'x')
    await meta.set('stale', 'x')
    await meta.invalidate('stale', { ttl: 60 })
    const { output, errors } = await runCommand(['dump', '-s', server])
    expect(output).not.toContain('"key":"stale"')
    expect(errors).toBe('1 item dumped (1B); 1 invalidated item left out\n')
    expect(await meta.get('fresh', { returnHitBefore: true })).toMatchObject({ hitBefore: false })
  })
})
