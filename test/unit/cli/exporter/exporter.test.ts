import { type IncomingMessage, request } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { writeExposition } from '../../../../src/cli/exporter/exposition.ts'
import { isAllowedHost } from '../../../../src/cli/exporter/host-check.ts'
import { readListenAddress } from '../../../../src/cli/exporter/listen-address.ts'
import { serverMetrics } from '../../../../src/cli/exporter/server-metrics.ts'
import { Memcache } from '../../../../src/client/memcache.ts'
import { MemcachedServer } from '../../../../src/server/memcached-server.ts'
import { runCommand, TestHost } from '../terminal-host.ts'
import { namesIn } from './golden.ts'

async function startServer(options = {}): Promise<MemcachedServer> {
  const server = await MemcachedServer.start(options)
  onTestFinished(() => server.close())
  return server
}

interface Exporter {
  readonly host: TestHost
  readonly get: (path: string, headers?: Record<string, string>, method?: string) => Promise<Answer>
}

interface Answer {
  readonly status: number | undefined
  readonly type: string | undefined
  readonly body: string
}

async function startExporter(words: readonly string[], env: Record<string, string> = {}): Promise<Exporter> {
  const host = new TestHost({ env })
  const run = host.run(['exporter', '-l', '127.0.0.1:0', ...words])
  onTestFinished(async () => {
    host.interrupt()
    expect(await run).toBe(0)
  })
  await host.shows(/metrics of .*\/metrics\n/)
  const [, port] = /127\.0\.0\.1:(\d+)\/metrics/.exec(host.stdout.text)!
  return { host, get: (path, headers = {}, method = 'GET') => ask(Number(port), path, headers, method) }
}

async function ask(port: number, path: string, headers: Record<string, string>, method: string): Promise<Answer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, headers, method, agent: false }, resolve).on('error', reject).end()
  })
  let body = ''
  for await (const piece of response.setEncoding('utf8')) body += String(piece)
  return { status: response.statusCode, type: response.headers['content-type'], body }
}

describe('memlane exporter', () => {
  it('serves one server without further labels, and numbers of its own', async () => {
    const server = await startServer()
    const { get } = await startExporter(['-s', server.address])
    const { status, type, body } = await get('/metrics')
    expect([status, type]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
    expect(body).toMatch(/^memcached_up 1$/m)
    expect(body).toMatch(/^memlane_exporter_scrapes_total 1$/m)
    expect(body).not.toContain('server=')
  })

  it('serves several servers with the label server, and one that is down with up 0', async () => {
    const [first, second] = [await startServer(), await startServer()]
    await second.close()
    const { get, host } = await startExporter(['-s', first.address, '-s', second.address])
    const { body } = await get('/metrics')
    expect(body).toContain(`memcached_up{server="${first.address}"} 1`)
    expect(body).toContain(`memcached_up{server="${second.address}"} 0`)
    expect(body).toContain('memlane_exporter_scrape_failures_total 1')
    await get('/metrics')
    expect(host.stderr.text.trimEnd().split('\n')).toEqual([expect.stringContaining(second.address)])
  })

  it('scrapes the servers that were named, and answers 403 for any other', async () => {
    const [first, second, third] = [await startServer(), await startServer(), await startServer()]
    const { get } = await startExporter(['-s', first.address, '--allow-target', second.address])
    for (const { address } of [first, second]) {
      const { status, body } = await get(`/scrape?target=${address}`)
      expect(status).toBe(200)
      expect(body).toMatch(/^memcached_up 1$/m)
    }
    const refused = await get(`/scrape?target=${third.address}`)
    expect(refused).toMatchObject({ status: 403, body: expect.stringContaining('--allow-target') })
    const client = new Memcache(third.address, { metrics: false })
    onTestFinished(() => client.destroy())
    const stats = await client.stats()
    expect(stats.get(third.address)?.['total_connections']).toBe(1)
    expect(await get('/scrape')).toMatchObject({ status: 400 })
  })

  it('logs in to the servers of -s, and not to others', async () => {
    const auth = { username: 'ada', password: 'secret' }
    const [own, other] = [await startServer({ auth }), await startServer({ auth })]
    const env = { MEMCACHED_AUTH: 'ada:secret' }
    const { get } = await startExporter(['-s', own.address, '--allow-target', other.address], env)
    expect((await get(`/scrape?target=${own.address}`)).body).toMatch(/^memcached_up 1$/m)
    expect((await get(`/scrape?target=${other.address}`)).body).toMatch(/^memcached_up 0$/m)
  })

  it('answers requests to addresses, localhost and allowed names alone', async () => {
    const server = await startServer()
    const { get } = await startExporter(['-s', server.address, '--allow-host', 'exporter.example'])
    expect(await get('/metrics', { host: 'evil.example' })).toMatchObject({
      status: 403,
      body: expect.stringContaining('--allow-host'),
    })
    expect(await get('/metrics', { host: 'Exporter.example:9150' })).toMatchObject({ status: 200 })
    expect(await get('/', { host: 'localhost' })).toMatchObject({ status: 200 })
    expect(await get('/nothing')).toMatchObject({ status: 404 })
    expect(await get('/metrics', {}, 'POST')).toMatchObject({ status: 405 })
    expect(await get('/metrics', {}, 'HEAD')).toMatchObject({ status: 200, body: '' })
  })

  it('leaves out slab classes with --no-slabs', async () => {
    const server = await startServer()
    const { get } = await startExporter(['-s', server.address, '--no-slabs'])
    const { body } = await get('/metrics')
    expect(body).not.toContain('memcached_slab_')
    expect(body).toContain('memcached_malloced_bytes')
  })

  it('says where it cannot listen', async () => {
    const server = await startServer()
    const taken = await runCommand(['exporter', '-l', server.address])
    expect(taken).toMatchObject({
      exitCode: 3,
      errors: expect.stringContaining('is in use; choose another with --listen'),
    })
    const bad = await runCommand(['exporter', '-l', 'a:b'])
    expect(bad).toMatchObject({ exitCode: 2, errors: expect.stringContaining('--listen must be host:port, got a:b') })
  })
})

describe('an address to listen on', () => {
  it.each([
    ['9150', '127.0.0.1', 9150],
    [':9150', '::', 9150],
    ['0.0.0.0:0', '0.0.0.0', 0],
    ['[::1]:80', '::1', 80],
    ['name:1', 'name', 1],
  ])('%s', (text, host, port) => expect(readListenAddress(text)).toEqual({ host, port }))

  it.each(['', 'a', '1:2:3', ':70000', 'a:'])('%j is refused', (text) => {
    expect(() => readListenAddress(text)).toThrow('--listen must be host:port')
  })
})

describe('a header Host', () => {
  it.each([
    ['127.0.0.1:9150', true],
    ['[::1]:9150', true],
    ['10.0.0.1', true],
    ['LOCALHOST:1', true],
    ['allowed.example', true],
    ['evil.example', false],
    ['localhost.evil.example', false],
    ['a:b:c', false],
    ['', false],
    [undefined, false],
  ])('%j is allowed: %s', (header, isAllowed) => {
    expect(isAllowedHost(header, ['allowed.example'])).toBe(isAllowed)
  })
})

describe('the metrics of a server', () => {
  const none = { settings: undefined, items: undefined, slabs: undefined }

  it('have extstore and the proxy where the server has them', () => {
    const stats = { extstore_limit_maxbytes: 5, extstore_io_queue: 1, proxy_backend_total: 2, round_robin_fallback: 3 }
    const names = namesIn(writeExposition(serverMetrics({ ...none, stats })))
    const wanted = [
      'extstore_bytes_limit',
      'extstore_io_queue_depth',
      'proxy_backend_total',
      'round_robin_fallback_total',
    ]
    for (const name of wanted) expect(names).toContain(`memcached_${name}`)
  })

  it('count a cas as no set', () => {
    const stats = { cmd_set: 10, cas_hits: 1, cas_misses: 2, cas_badval: 3 }
    expect(writeExposition(serverMetrics({ ...none, stats }))).toContain(
      'memcached_commands_total{command="set",status="hit"} 4\n',
    )
  })

  it('escape what stands in labels', () => {
    const text = writeExposition(serverMetrics({ ...none, stats: { version: 'a"b\\c\nd' } }))
    expect(text).toContain(String.raw`memcached_version{version="a\"b\\c\nd"} 1`)
  })
})
