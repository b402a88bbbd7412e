import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { ClientOptions, ServerOptions } from '../../../src/compat/memjs/api.ts'
import { Client } from '../../../src/compat/memjs/client.ts'
import { Server } from '../../../src/compat/memjs/server.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { argsOf, methodOf, promised } from '../../support/callback-call.ts'

function open<TIn = string | Buffer, TOut = Buffer | null>(
  servers: string | undefined,
  options: ClientOptions<TIn, TOut> & ServerOptions = {},
): Client<TIn, TOut> {
  const client = Client.create<TIn, TOut>(servers, { timeout: 60, logger: { log: () => {} }, ...options })
  onTestFinished(() => client.memlane.destroy())
  return client
}

async function start(options: ClientOptions & ServerOptions = {}): Promise<Client> {
  const server = await MemcachedServer.start()
  onTestFinished(() => server.close())
  return open(server.address, options)
}

const namesOf = ({ servers }: Client): string[] => servers.map(({ host, port }) => `${host}:${port}`)

const loginsOf = ({ servers }: Client): unknown[] => servers.map(({ username, password }) => [username, password])

describe('Client.create of memjs', () => {
  it('takes servers of its argument, else of the environment, else localhost', () => {
    expect(namesOf(open('a:1, b,u:p@c:3,[::1]:4'))).toEqual(['a:1', 'b:11211', 'c:3', '::1:4'])
    expect(namesOf(open(undefined))).toEqual(['localhost:11211'])
    vi.stubEnv('MEMCACHE_SERVERS', 'second:2')
    expect(namesOf(open(undefined))).toEqual(['second:2'])
    vi.stubEnv('MEMCACHIER_SERVERS', 'first:1,other:2')
    expect(namesOf(open(undefined))).toEqual(['first:1', 'other:2'])
    expect(namesOf(open(''))).toEqual(['first:1', 'other:2'])
    expect(namesOf(open('own:1'))).toEqual(['own:1'])
    vi.unstubAllEnvs()
  })

  it('takes logins of the server, else of the options, else of the environment', () => {
    vi.stubEnv('MEMCACHE_USERNAME', 'env')
    vi.stubEnv('MEMCACHE_PASSWORD', 'env-secret')
    expect(loginsOf(open('u:p@a,b', { username: 'o', password: 'q' }))).toEqual([
      ['u', 'p'],
      ['o', 'q'],
    ])
    expect(loginsOf(open('a'))).toEqual([['env', 'env-secret']])
    vi.stubEnv('MEMCACHIER_USERNAME', 'cachier')
    vi.stubEnv('MEMCACHIER_PASSWORD', 'cachier-secret')
    expect(loginsOf(open('a'))).toEqual([['cachier', 'cachier-secret']])
    vi.unstubAllEnvs()
    expect(loginsOf(open('a'))).toEqual([[undefined, undefined]])
  })

  it('fills in the defaults of memjs, also for options that are null', () => {
    const client = Client.create('a:1', { retries: null } as object)
    expect(client.options).toMatchObject({
      failoverTime: 60,
      retries: 2,
      retry_delay: 0.2,
      expires: 0,
      logger: console,
    })
    expect(client.servers[0]!.options).toMatchObject({ timeout: 0.5, conntimeout: 1, keepAlive: false })
    expect(new Client([new Server('a', 1), new Server('b', 2)]).servers.map(String)).toEqual([
      '<Server a:1>',
      '<Server b:2>',
    ])
  })

  it('takes a server twice, which then has twice the keys', () => {
    const { memlane } = open('a:1,b:1,a:1')
    expect(memlane.servers.map(({ name }) => name)).toEqual(['a:1', 'b:1', 'a:1#2'])
  })
})

describe('getServer of memjs', () => {
  it('may be replaced: its index is the server of a key', async () => {
    const servers = await Promise.all([MemcachedServer.start(), MemcachedServer.start()])
    onTestFinished(async () => void (await Promise.all(servers.map((server) => server.close()))))
    const client = open(servers.map(({ address }) => address).join(','))
    client.getServer = (key) => (key.startsWith('b') ? 1 : '0')
    await client.set('a', 'x')
    await client.set('b', 'y')
    const found = await Promise.all(servers.map(({ address }) => open(address).get('b')))
    expect(found.map(({ value }) => value?.toString())).toEqual([undefined, 'y'])
    expect(client.server('b')).toBe(client.servers[1])
  })

  it('that gives no index is an error of the call', async () => {
    const client = open('a:1,b:1')
    client.getServer = () => 2
    await expect(client.get('key')).rejects.toThrow('getServer must return the index of a server, 0 to 1, got 2')
  })
})

describe('calls of memjs', () => {
  it('give values as Buffers with their client flags, of other clients too', async () => {
    const client = await start()
    await client.set('key', 'é')
    expect(await client.get('key')).toEqual({ value: Buffer.from('é'), flags: Buffer.alloc(4) })
    await client.memlane.set('flagged', 'x', { clientFlags: 0x01020304 })
    expect(await client.get('flagged')).toEqual({ value: Buffer.from('x'), flags: Buffer.from([1, 2, 3, 4]) })
    expect(await client.memlane.get('key')).toEqual(Buffer.from('é'))
    await client.increment('counter', 1)
    expect((await client.get('counter')).flags).toEqual(Buffer.alloc(4))
  })

  it('go through the serializer, whose extras are the client flags and the time to live', async () => {
    const server = await MemcachedServer.start()
    onTestFinished(() => server.close())
    const seen: [number, number][] = []
    const client = open<object, object | null>(server.address, {
      expires: 50,
      serializer: {
        serialize(opcode, value, extras) {
          seen.push([opcode, extras.length])
          if (extras.length === 8) extras.writeUInt32BE(7, 0)
          return { value: JSON.stringify(value), extras }
        },
        deserialize(opcode, value, extras) {
          seen.push([opcode, extras.readUInt32BE()])
          return { value: value === null ? null : (JSON.parse(value.toString()) as object), extras }
        },
      },
    })
    await client.set('key', { a: 1 })
    expect(await client.get('key')).toEqual({ value: { a: 1 }, flags: Buffer.from([0, 0, 0, 7]) })
    expect(await client.get('miss')).toEqual({ value: null, flags: null })
    await client.append('key', {})
    expect(seen).toEqual([
      [1, 8],
      [0, 7],
      [14, 0],
    ])
    expect((await client.memlane.inspect('key'))?.ttl).toBeGreaterThan(40)
  })

  it('take the old order of arguments, with its times', async () => {
    const client = await start()
    const ttlOf = async (key: string): Promise<unknown> => (await client.memlane.inspect(key))?.ttl
    const lines: string[] = []
    Object.assign(client.options, { logger: { log: (line: string) => void lines.push(line) } })
    const call = (method: 'set' | 'increment', ...args: unknown[]): Promise<unknown> =>
      new Promise((resolve) => {
        const given = args.map((arg) => (arg === 'callback' ? (...values: unknown[]) => resolve(values) : arg))
        methodOf(client, method).apply(client, given)
      })
    expect(await call('set', 'a', 'x', 'callback', 100)).toEqual([null, true])
    expect(await call('set', 'b', 'x', 100, 'callback')).toEqual([null, true])
    expect(await call('increment', 'c', 1, 'callback', 100, 5)).toEqual([null, true, 5])
    for (const key of ['a', 'b', 'c']) expect(await ttlOf(key)).toBeGreaterThan(90)
    expect(lines).toEqual([
      'MemJS SET: using deprecated call - arguments have changed',
      'MemJS INCREMENT: using deprecated call - arguments have changed',
    ])
  })

  it('take the default expires, of counters and touch too', async () => {
    const client = await start({ expires: 100 })
    await client.set('a', 'x')
    await client.increment('b', 1)
    await client.set('c', 'x', { expires: 1000 })
    await client.touch('c')
    for (const key of ['a', 'b', 'c']) {
      const { ttl } = (await client.memlane.inspect(key))!
      expect(ttl).toBeGreaterThan(90)
      expect(ttl).toBeLessThanOrEqual(100)
    }
  })

  it('work as promises made of callbacks', async () => {
    const client = await start()
    expect(await promised(client, 'set')('key', 'x', {})).toBe(true)
    expect(await promised(client, 'get')('key')).toEqual(Buffer.from('x'))
    expect(await argsOf(client, 'increment', 'n', 1)).toEqual([null, true, 0])
  })

  it('with a callback that is null are carried out, and give nothing', async () => {
    const client = await start()
    expect(methodOf(client, 'set').call(client, 'key', 'x', {}, null)).toBeUndefined()
    expect((await client.get('key')).value).toEqual(Buffer.from('x'))
  })

  it('count beyond 2^32', async () => {
    const client = await start()
    await client.set('n', '4294967295')
    expect(await client.increment('n', 2)).toEqual({ success: true, value: 4_294_967_297 })
  })

  it('go on after quit and close', async () => {
    const client = await start()
    await client.set('key', 'x')
    client.quit()
    expect((await client.get('key')).value).toEqual(Buffer.from('x'))
    client.close()
    expect((await client.get('key')).value).toEqual(Buffer.from('x'))
  })
})

describe('odd arguments of memjs', () => {
  it('that are no callbacks leave the promise', async () => {
    const client = await start()
    const odd = client as unknown as Record<'get' | 'flush', (...args: unknown[]) => unknown>
    expect(await odd.get('miss', {})).toMatchObject({ value: null })
    expect(odd.flush(null)).toBeUndefined()
    expect(namesOf(Client.create('localhost:1', null as never))).toEqual(['localhost:1'])
  })

  it('count beyond 2⁵³', async () => {
    const client = await start()
    await client.set('count', '9007199254740993', {})
    expect(await client.increment('count', 1, {})).toEqual({ success: true, value: 9_007_199_254_740_994 })
  })
})
