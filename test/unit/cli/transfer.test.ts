import { describe, expect, it, onTestFinished } from 'vitest'
import { Stored } from '../../../src/cli/stored.ts'
import { inputLines } from '../../../src/cli/transfer/input-lines.ts'
import { lineOf, readLine } from '../../../src/cli/transfer/item-line.ts'
import { batchKeysFor, pauseFor } from '../../../src/cli/transfer/pace.ts'
import { Memcache } from '../../../src/client/memcache.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { runCommand } from './terminal-host.ts'

async function startServer(maxItemBytes?: number): Promise<MemcachedServer> {
  const server = await MemcachedServer.start(maxItemBytes === undefined ? {} : { maxItemBytes })
  onTestFinished(() => server.close())
  return server
}

function cacheOf(...servers: readonly MemcachedServer[]): Memcache {
  const cache = new Memcache(
    servers.map(({ address }) => address),
    { metrics: false },
  )
  onTestFinished(() => cache.destroy())
  return cache
}

const HEADER = '{"memlane":1,"servers":["a"],"at":"2026-01-01T00:00:00.000Z"}'
const END = '{"end":true,"items":1}'

describe('a line of a dump', () => {
  it.each([
    ['text', 'user:1', Buffer.from('grüße\u2028')],
    ['bytes', 'user:1', Buffer.from([0xff, 0])],
    ['a binary key', Buffer.from([0xff, 0x20]), Buffer.alloc(0)],
  ])('of %s is the same item when it is read', (_, key, data) => {
    const item = { key, stored: new Stored(data, 32), ttl: 58, inChunks: true }
    const line = JSON.stringify(lineOf(item, 1_000_000))
    expect(readLine(line)).toEqual({ kind: 'item', item, expires: 1058 })
  })

  it.each([
    ['{', 'it is not JSON'],
    ['[]', 'it is no JSON object'],
    ['{"memlane":2}', 'it is the header of version 2 of the format; this memlane reads 1'],
    ['{"value":"x"}', 'it has neither key nor keyBase64'],
    ['{"key":"a"}', 'it has neither a value that is text nor base64'],
    ['{"key":"a","value":{}}', 'it has neither a value that is text nor base64'],
    ['{"key":"a","value":"","ttl":-1}', 'ttl must be a whole number'],
    ['{"key":"a","value":"","flags":4294967296}', 'flags must be a whole number from 0 to 4294967295'],
  ])('%s is refused: %s', async (line, reason) => {
    const server = await startServer()
    const load = await runCommand(['load', '-s', server.address], { input: `${HEADER}\n${line}\n` })
    expect(load.exitCode).toBe(2)
    expect(load.errors).toContain(`line 2 of standard input cannot be loaded: ${reason}`)
  })

  it('is found wherever the input is cut', async () => {
    const text = Buffer.from('{"a":"\u2028ü"}\n\r\nsecond\r\nlast')
    for (let cut = 0; cut <= text.length; cut++) {
      const pieces = (async function* () {
        yield text.subarray(0, cut)
        yield text.subarray(cut)
      })()
      const lines: string[] = []
      for await (const line of inputLines(pieces)) lines.push(line)
      expect(lines).toEqual(['{"a":"\u2028ü"}', '', 'second', 'last'])
    }
  })
})

describe('memlane load', () => {
  it('takes lines written by hand', async () => {
    const server = await startServer()
    const load = await runCommand(['load', '-s', server.address], { input: '{"key":"a","value":"1"}' })
    expect(load).toMatchObject({ exitCode: 0, errors: '1 item stored (1B)\n' })
    expect(await cacheOf(server).get('a')).toBe('1')
  })

  it('leaves out what has expired since the dump, unless times to live are counted from now', async () => {
    const server = await startServer()
    const input = `${HEADER}\n{"key":"a","ttl":50,"expires":1700000000,"value":"1"}\n${END}\n`
    const late = await runCommand(['load', '-s', server.address], { input })
    expect(late).toMatchObject({ exitCode: 0, errors: '0 items stored (0B); 1 expired since the dump and left out\n' })
    const fresh = await runCommand(['load', '--fresh-ttl', '-s', server.address, '--json'], { input })
    expect(fresh).toMatchObject({ exitCode: 0, output: '{"stored":1,"kept":0,"failed":0,"bytes":1}\n' })
  })

  it('says that a dump was cut off', async () => {
    const server = await startServer()
    const load = await runCommand(['load', '-s', server.address], { input: `${HEADER}\n{"key":"a","value":"1"}\n` })
    expect(load.exitCode).toBe(1)
    expect(load.errors).toContain('the dump has no last line: it was cut off')
  })

  it('keeps what is there, or replaces it with --mode set', async () => {
    const server = await startServer()
    const cache = cacheOf(server)
    await cache.set('a', 'old')
    const input = '{"key":"a","value":"new"}'
    await runCommand(['load', '-s', server.address], { input })
    expect(await cache.get('a')).toBe('old')
    await runCommand(['load', '--mode', 'set', '-s', server.address], { input })
    expect(await cache.get('a')).toBe('new')
  })

  it('goes on after an item that is refused, says why, and exits with 4', async () => {
    const server = await startServer(2048)
    const lines = [`{"key":"large","value":"${'x'.repeat(5000)}"}`, '{"key":"small","value":"1"}']
    const load = await runCommand(['load', '-s', server.address], { input: lines.join('\n') })
    expect(load.exitCode).toBe(4)
    expect(load.errors).toContain('memlane: large: ')
    expect(load.errors).toContain('1 item stored (1B), 1 refused')
    expect(await cacheOf(server).get('small')).toBe('1')
  })

  it('says how much was stored before a line that it cannot read', async () => {
    const server = await startServer()
    const lines = Array.from({ length: 501 }, (_, at) => `{"key":"k:${at}","value":"1"}`)
    const load = await runCommand(['load', '-s', server.address], { input: [...lines, '{'].join('\n') })
    expect(load.exitCode).toBe(2)
    expect(load.errors).toContain('500 items stored (500B); it did not come to the end\n')
    expect(load.errors).toContain('line 502 of standard input cannot be loaded')
  })

  it('ends where a server cannot be reached', async () => {
    const load = await runCommand(['load', '-s', '127.0.0.1:1'], { input: '{"key":"a","value":"1"}' })
    expect(load.exitCode).toBe(3)
  })
})

describe('memlane dump', () => {
  it('of an empty server has a header and an end', async () => {
    const server = await startServer()
    const { exitCode, output } = await runCommand(['dump', '-s', server.address])
    expect(exitCode).toBe(0)
    expect(output.split('\n')[1]).toBe('{"end":true,"items":0}')
  })

  it('leaves out keys on a server that they do not belong to, and says so', async () => {
    const servers = [await startServer(), await startServer()]
    const all = cacheOf(...servers)
    const keys = Array.from({ length: 20 }, (_, at) => `key:${at}`)
    for (const server of servers) await cacheOf(server).setMany(keys.map((key) => [key, 'x'] as const))
    const { output, errors } = await runCommand(['dump', ...servers.flatMap(({ address }) => ['-s', address])])
    expect(output.match(/"key":/g)).toHaveLength(20)
    expect(errors).toContain('20 items left out: on a server that the key does not belong to')
    expect(all.servers).toHaveLength(2)
  })

  it('dumps the keys that are asked for', async () => {
    const server = await startServer()
    await cacheOf(server).setMany(['user:1', 'user:2', 'x'].map((key) => [key, key] as const))
    const { output } = await runCommand(['dump', '-p', 'user:', '-m', '*2', '-s', server.address])
    expect(output.match(/"key":"[^"]*"/g)).toEqual(['"key":"user:2"'])
  })

  it('refuses --protocol text', async () => {
    const { exitCode, errors } = await runCommand(['dump', '--protocol', 'text'])
    expect(exitCode).toBe(2)
    expect(errors).toContain('leave out --protocol')
  })
})

describe('memlane copy', () => {
  it('asks for the servers to copy to', async () => {
    const { exitCode, errors } = await runCommand(['copy'])
    expect(exitCode).toBe(2)
    expect(errors).toContain('name the servers to copy to: --to new:11211')
  })

  it('shows its progress on a terminal', async () => {
    const [from, to] = [await startServer(), await startServer()]
    await cacheOf(from).set('a', 'x')
    const { errors } = await runCommand(['copy', '-s', from.address, '--to', to.address], { columns: 80 })
    expect(errors).toMatch(/100 % {2}1 item/)
    expect(errors).toContain('1 item stored (1B)')
  })
})

describe('a rate', () => {
  it('makes small batches, and pauses until they are due', () => {
    expect([undefined, 5, 100, 1_000_000].map(batchKeysFor)).toEqual([500, 1, 10, 500])
    expect(pauseFor(100, 200, 100)).toBe(800)
    expect(pauseFor(100, 2000, 100)).toBe(0)
    expect(pauseFor(100, 0, undefined)).toBe(0)
  })
})
