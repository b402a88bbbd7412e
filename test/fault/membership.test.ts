import { describe, expect, it, onTestFinished } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import { type ClusterConfigOptions, clusterConfig } from '../../src/cluster/cluster-config.ts'
import { dnsServers } from '../../src/cluster/dns-servers.ts'
import type { ServerSource } from '../../src/seam/server-source.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import type { ServerSpec } from '../../src/server-address.ts'
import { eventually, rejection, until } from '../support/eventually.ts'
import type { MemcacheOptions } from '../support/memcache-options.ts'
import type { Peer } from '../support/peer.ts'
import { ScriptedServer } from '../support/scripted-server.ts'
import { skipTime } from '../support/skip-time.ts'

const patient = { timeoutMs: 5000, connectTimeoutMs: 5000 }

function clientOf(source: ServerSource, options: MemcacheOptions = {}): Memcache {
  const cache = new Memcache(source, { ...patient, ...options })
  onTestFinished(() => {
    cache.destroy()
  })
  return cache
}

async function startServers(count: number): Promise<MemcachedServer[]> {
  const servers: MemcachedServer[] = []
  for (let at = 0; at < count; at++) {
    const server = await MemcachedServer.start()
    servers.push(server)
    onTestFinished(() => server.close())
  }
  return servers
}

/** A source that gives what the test hands it. */
class HandSource implements AsyncIterable<readonly ServerSpec[]> {
  #lists: (readonly ServerSpec[])[] = []
  #wake: () => void = () => undefined
  readers = 0
  ended = 0
  failure: Error | undefined

  give(...list: readonly ServerSpec[]): void {
    this.#lists.push(list)
    this.#wake()
  }

  fail(error: Error): void {
    this.failure = error
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly ServerSpec[], void> {
    this.readers++
    try {
      for (;;) {
        const list = this.#lists.shift()
        if (list !== undefined) yield list
        else if (this.failure !== undefined) throw this.failure
        else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
        }
      }
    } finally {
      this.ended++
    }
  }
}

describe('a source of servers', () => {
  it('is asked at the first command, which waits for the first list', async () => {
    const [server] = await startServers(1)
    const source = new HandSource()
    const cache = clientOf(source)
    expect(source.readers).toBe(0)
    expect(cache.servers).toEqual([])
    const calls = [cache.set('k', 1), cache.get('k'), cache.incr('k')]
    expect(source.readers).toBe(1)
    source.give(server!.address)
    expect(await Promise.all(calls)).toEqual([true, 1, 2])
    expect(cache.servers.map(({ name }) => name)).toEqual([server!.address])
  })

  it('is waited for by commands to all servers, which would reach none before', async () => {
    const [a, b] = await startServers(2)
    const source = new HandSource()
    const cache = clientOf(source)
    const calls = [cache.flushAll(), cache.version(), cache.stats()] as const
    source.give(a!.address, b!.address)
    const [flushed, versions, stats] = await Promise.all(calls)
    expect(flushed).toBe(true)
    expect([...versions.keys()]).toEqual([a!.address, b!.address])
    expect(stats.get(a!.address)).toMatchObject({ cmd_flush: 1 })
    const never = clientOf(new HandSource(), { timeoutMs: 30 })
    expect((await rejection(never.flushAll())).message).toContain('no list of servers came within 30 ms')
  })

  it('does not make a call wait beyond its time, nor beyond its signal', async () => {
    const cache = clientOf(new HandSource(), { timeoutMs: 30 })
    const late = await rejection(cache.get('k'))
    expect(late).toMatchObject({ code: 'MEMLANE_TIMEOUT', delivery: 'not-sent' })
    expect(late.message).toContain('waiting for the list of servers')
    const controller = new AbortController()
    const call = cache.get('k', { signal: controller.signal, timeoutMs: 60_000 })
    const reason = new Error('no longer wanted')
    controller.abort(reason)
    expect(await rejection(call)).toBe(reason)
    expect((await rejection(cache.connect())).message).toContain('no list of servers came within 30 ms')
  })

  it('is waited for by each command to servers within its own time and signal', async () => {
    const hasty = clientOf(new HandSource(), { timeoutMs: 60_000 })
    const controller = new AbortController()
    const { signal } = controller
    const own = { timeoutMs: 30 }
    const late = [
      hasty.stats(own),
      hasty.flushAll(own),
      hasty.version(own),
      hasty.ping(own),
      hasty.rawCommand('version', own),
    ]
    const aborted = [hasty.verbosity(1, { signal }), hasty.version({ signal }), hasty.ping({ signal })].map((call) =>
      rejection(call),
    )
    for (const call of late) expect((await rejection(call)).message).toContain('no list of servers came within 30 ms')
    const reason = new Error('no longer wanted')
    controller.abort(reason)
    for (const error of await Promise.all(aborted)) expect(error).toBe(reason)
    const [server] = await startServers(1)
    const source = new HandSource()
    const slow = clientOf(source, { timeoutMs: 30 })
    const call = slow.version({ timeoutMs: 5000 })
    await rejection(slow.version())
    source.give(server!.address)
    expect((await call).size).toBe(1)
  })

  it('is waited for within the time of the command to a server that then does not answer', async () => {
    await using server = await ScriptedServer.startReady((peer) => peer.pause())
    const source = new HandSource()
    const cache = clientOf(source, { timeoutMs: 300 })
    const calls = [cache.version(), cache.ping(), cache.stats()].map((call) => rejection(call))
    skipTime(200)
    source.give(server.address)
    for (const error of await Promise.all(calls)) {
      // What was left of it.
      expect(Number(/timed out after (\d+) ms/.exec(error.message)?.[1])).toBeLessThanOrEqual(100)
    }
  })

  it('is not waited for by a command to all servers that was aborted before', async () => {
    const source = new HandSource()
    const reason = new Error('no longer wanted')
    expect(await rejection(clientOf(source).flushAll({ signal: AbortSignal.abort(reason) }))).toBe(reason)
    expect(source.readers).toBe(0)
  })

  it('replaces the servers: those that stay keep their connections, those that go finish what they have', async () => {
    const [a, b, c] = await startServers(3)
    const source = new HandSource()
    const cache = clientOf(source)
    source.give(a!.address, b!.address)
    await cache.connect()
    const calls = Array.from({ length: 200 }, (_, at) => cache.set(`k${at}`, at))
    source.give(b!.address, c!.address)
    expect(new Set(await Promise.all(calls))).toEqual(new Set([true]))
    await until(() => cache.servers.length === 2 && cache.servers[1]!.name === c!.address, 'the second list')
    await until(() => a!.connections === 0, 'the connection to the server that went is closed')
    await Promise.all(Array.from({ length: 50 }, (_, at) => cache.get(`k${at}`)))
    expect(b!.connections).toBe(1)
    expect(c!.connections).toBe(1)
  })

  it('that fails before the first list fails the calls with its reason, and is asked again at the next', async () => {
    const [server] = await startServers(1)
    const source = new HandSource()
    const cache = clientOf(source)
    source.fail(new Error('no permission'))
    const error = await rejection(cache.get('k'))
    expect(error.message).toBe('the list of servers could not be had: no permission')
    expect(error).toMatchObject({ code: 'MEMLANE_CONNECT', delivery: 'not-sent' })
    source.failure = undefined
    source.give(server!.address)
    expect(await cache.get('k')).toBeUndefined()
    expect(source.readers).toBe(2)
  })

  it('that fails later, or gives a list that cannot be used, leaves the last list in force and is told of', async () => {
    const [server] = await startServers(1)
    const source = new HandSource()
    const cache = clientOf(source)
    const told: string[] = []
    cache.on('commandError', ({ error }) => told.push(error.message))
    source.give(server!.address)
    await cache.set('k', 1)
    source.give('::1')
    source.give('a:1', 'a:1')
    source.fail(new Error('gone'))
    await until(() => told.length === 3, 'three failures were told')
    expect(told[0]).toContain('::1')
    expect(told[1]).toContain('two servers are called "a:1"')
    expect(told[2]).toContain('gone')
    expect(await cache.get('k')).toBe(1)
  })

  it('that ends before the first list fails the calls at once, and is asked again at the next', async () => {
    const [server] = await startServers(1)
    const lists: (readonly ServerSpec[])[] = []
    const cache = clientOf({
      async *[Symbol.asyncIterator]() {
        yield* lists
      },
    })
    const endless = { timeoutMs: Number.POSITIVE_INFINITY }
    const error = await rejection(cache.get('k', endless))
    expect(error.message).toBe('the list of servers could not be had: the source ended before it gave one')
    expect(error).toMatchObject({ code: 'MEMLANE_CONNECT', delivery: 'not-sent' })
    lists.push([server!.address])
    expect(await cache.get('k', endless)).toBeUndefined()
  })

  it('may throw when it is told to end: the client closes all the same', async () => {
    const [server] = await startServers(1)
    const lists = [[server!.address]]
    const cache = clientOf({
      [Symbol.asyncIterator]: () => ({
        next: () => {
          const value = lists.shift()
          return value === undefined ? new Promise(() => undefined) : Promise.resolve({ done: false, value })
        },
        return: () => {
          throw new Error('already gone')
        },
      }),
    })
    await cache.get('k')
    await cache.close()
    await until(() => server!.connections === 0, 'the connection is closed')
  })

  it('may give an empty list: no server is left until the next', async () => {
    const [server] = await startServers(1)
    const source = new HandSource()
    const cache = clientOf(source)
    source.give()
    const calls = [cache.get('k'), cache.flushAll(), cache.version(), cache.connect()]
    for (const call of calls)
      expect(await rejection(call)).toMatchObject({ code: 'MEMLANE_SERVER_DOWN', delivery: 'not-sent' })
    source.give(server!.address)
    await until(() => cache.servers.length === 1, 'the second list')
    expect(await cache.get('k')).toBeUndefined()
  })

  it('ends with the client, as do the calls that wait for it', async () => {
    const source = new HandSource()
    const cache = clientOf(source)
    const call = cache.get('k', { timeoutMs: Number.POSITIVE_INFINITY })
    const flush = rejection(cache.flushAll())
    await cache.close()
    expect(await flush).toMatchObject({ code: 'MEMLANE_CLOSED' })
    expect(await rejection(call)).toMatchObject({ code: 'MEMLANE_CLOSED' })
    source.give('a:1')
    await until(() => source.ended === 1, 'the source was ended')
    const calls = [cache.get('k'), cache.connect(), cache.version(), cache.flushAll(), cache.stats()]
    for (const late of calls) expect(await rejection(late)).toMatchObject({ code: 'MEMLANE_CLOSED' })
  })

  it('can be a name that is looked up: what went wrong stands in the error', async () => {
    const source = dnsServers('mc.test', { resolvers: ['127.0.0.1:1'], intervalMs: 50 })
    const cache = clientOf(source, { timeoutMs: 500 })
    const message = await eventually(async () => {
      const error = await rejection(cache.get('k'))
      expect(error.message).toMatch(/waiting for the list of servers \(.*ECONNREFUSED/)
      return error.message
    }, 10_000)
    expect(message).toContain('mc.test')
  })
})

/** A configuration endpoint that answers what the test says. */
class Endpoint {
  readonly server: ScriptedServer
  /** Commands that were answered. */
  readonly asked: string[]

  private constructor(server: ScriptedServer, asked: string[]) {
    this.server = server
    this.asked = asked
  }

  static async start(answer: (line: string, peer: Peer) => string | undefined): Promise<Endpoint> {
    const asked: string[] = []
    const server = await ScriptedServer.start(async (peer) => {
      for (;;) {
        const { line } = await peer.command()
        if (line === 'version') peer.reply('VERSION 1.6.22\r\n')
        else {
          asked.push(line)
          const reply = answer(line, peer)
          if (reply !== undefined) peer.reply(reply)
        }
      }
    })
    onTestFinished(() => server.close())
    return new Endpoint(server, asked)
  }
}

function config(version: number, servers: readonly MemcachedServer[], head = 'CONFIG cluster'): string {
  const body = `${version}\n${servers.map((server) => `127.0.0.1|127.0.0.1|${server.port}`).join(' ')}\n`
  return `${head} 0 ${body.length}\r\n${body}\r\nEND\r\n`
}

describe('a configuration endpoint', () => {
  const quick: ClusterConfigOptions = { intervalMs: 10, timeoutMs: 5000, connectTimeoutMs: 5000 }

  it('tells the servers, and every change of them', async () => {
    const servers = await startServers(3)
    let version = 1
    const endpoint = await Endpoint.start(() => config(version, servers.slice(0, version + 1)))
    const cache = clientOf(clusterConfig(endpoint.server.address, quick))
    await cache.set('k', 1)
    expect(cache.servers.map(({ name }) => name)).toEqual(servers.slice(0, 2).map(({ address }) => address))
    version = 2
    await until(() => cache.servers.length === 3, 'the second configuration')
    expect(new Set(endpoint.asked)).toEqual(new Set(['config get cluster']))
  })

  it('is asked for the old key where it does not know the command', async () => {
    const servers = await startServers(1)
    const endpoint = await Endpoint.start((line) =>
      line === 'config get cluster' ? 'ERROR\r\n' : config(1, servers, 'VALUE AmazonElastiCache:cluster'),
    )
    const cache = clientOf(clusterConfig(endpoint.server.address, quick))
    expect(await cache.set('k', 1)).toBe(true)
    expect(endpoint.asked.slice(0, 2)).toEqual(['config get cluster', 'get AmazonElastiCache:cluster'])
  })

  it('is not followed back to an older configuration', async () => {
    const servers = await startServers(2)
    let answer = config(5, servers)
    const endpoint = await Endpoint.start(() => answer)
    const cache = clientOf(clusterConfig(endpoint.server.address, quick))
    await cache.set('k', 1)
    answer = config(4, servers.slice(0, 1))
    const asked = endpoint.asked.length
    await until(() => endpoint.asked.length > asked + 3, 'it was asked again')
    expect(cache.servers).toHaveLength(2)
    answer = config(6, servers.slice(0, 1))
    await until(() => cache.servers.length === 1, 'the newer configuration')
  })

  it('is followed back where it tells the older configuration ten times in a row', async () => {
    const servers = await startServers(2)
    let answers = [config(999_999_999_999_999, servers)]
    const endpoint = await Endpoint.start(() => (answers.length > 1 ? answers.shift() : answers[0]))
    const cache = clientOf(clusterConfig(endpoint.server.address, quick))
    await cache.set('k', 1)
    const older = config(4, servers.slice(0, 1))
    // Ever another one is none to follow; nine times is not enough.
    const others = Array.from({ length: 12 }, (_, at) => config(5 + (at % 2), servers.slice(0, 1)))
    const nine = Array.from({ length: 9 }, () => older)
    answers = [...others, ...nine, config(999_999_999_999_999, servers), ...nine]
    const asked = endpoint.asked.length
    answers.push('END\r\n')
    await until(() => endpoint.asked.length > asked + 32, 'they were told')
    expect(cache.servers).toHaveLength(2)
    answers = [older]
    await until(() => cache.servers.length === 1, 'the older configuration')
  })

  it('is followed back once no server of the cluster answered', async () => {
    const servers = await startServers(1)
    const closed = await startServers(1)
    const gone = closed[0]!.address
    await closed[0]!.close()
    const body = `9\n127.0.0.1|127.0.0.1|${gone.split(':')[1]}\n`
    let answer = `CONFIG cluster 0 ${body.length}\r\n${body}\r\nEND\r\n`
    const endpoint = await Endpoint.start(() => answer)
    const cache = clientOf(clusterConfig(endpoint.server.address, quick))
    await cache.connect().catch(() => undefined)
    await until(() => cache.servers[0]?.name === gone, 'the first configuration')
    answer = 'SERVER_ERROR restarting\r\n'
    const asked = endpoint.asked.length
    // The endpoint twice: in between, the server that it told of did not answer.
    await until(() => endpoint.asked.length > asked + 1, 'it was asked again')
    answer = config(1, servers)
    await until(() => cache.servers[0]?.name === servers[0]!.address, 'the configuration of the new cluster', 15_000)
    expect(await cache.set('k', 1)).toBe(true)
  })

  it('may list a server twice', async () => {
    const servers = await startServers(1)
    const endpoint = await Endpoint.start(() => config(1, [servers[0]!, servers[0]!]))
    const cache = clientOf(clusterConfig(endpoint.server.address, quick))
    expect(await cache.set('k', 1)).toBe(true)
    expect(cache.servers).toHaveLength(1)
  })

  it('may fail in every way: the servers stay, and it is asked again', async () => {
    const servers = await startServers(2)
    let answer: string | undefined = config(1, servers.slice(0, 1))
    let closes = false
    const endpoint = await Endpoint.start((_line, peer) => {
      if (closes) peer.reset()
      return answer
    })
    const cache = clientOf(clusterConfig(endpoint.server.address, { ...quick, timeoutMs: 100 }))
    await cache.set('k', 1)
    for (const failure of ['SERVER_ERROR busy\r\n', 'CONFIG cluster 0 3\r\nx y\r\nEND\r\n', 'END\r\n', undefined]) {
      answer = failure
      const asked = endpoint.asked.length
      await until(() => endpoint.asked.length > asked, 'it was asked again')
      expect(await cache.get('k')).toBe(1)
    }
    closes = true
    const asked = endpoint.asked.length
    await until(() => endpoint.asked.length > asked, 'it was asked again')
    closes = false
    answer = config(2, servers)
    await until(() => cache.servers.length === 2, 'the next configuration')
    expect(await cache.get('k')).toSatisfy((value) => value === 1 || value === undefined)
  })

  it('that cannot be reached is stood in for by the servers that it told of', async () => {
    const servers = await startServers(1)
    const node = await Endpoint.start((line) => {
      if (line !== 'config get cluster') return 'END\r\n'
      const body = `2\n127.0.0.1|127.0.0.1|${servers[0]!.port}\n`
      return `CONFIG cluster 0 ${body.length}\r\n${body}\r\nEND\r\n`
    })
    const body = `1\n127.0.0.1|127.0.0.1|${node.server.port}\n`
    const endpoint = await Endpoint.start(() => `CONFIG cluster 0 ${body.length}\r\n${body}\r\nEND\r\n`)
    const cache = clientOf(clusterConfig(endpoint.server.address, quick))
    await cache.get('k').catch(() => undefined)
    await endpoint.server.close()
    await until(() => cache.servers[0]?.name === servers[0]!.address, 'the configuration that the server told', 15_000)
  })

  it('is looked up anew for every question: a name that failed once is no name lost', async () => {
    const servers = await startServers(1)
    const endpoint = await Endpoint.start(() => config(1, servers))
    let dials = 0
    const { connect } = await import('node:net')
    const source = clusterConfig('cfg.test:11211', {
      ...quick,
      connect: () => {
        dials++
        if (dials <= 2) return Promise.reject(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }))
        return Promise.resolve(connect(endpoint.server.port, '127.0.0.1'))
      },
    })
    const cache = clientOf(source, { timeoutMs: 15_000 })
    expect(await cache.set('k', 1)).toBe(true)
    // By now it may have been asked again.
    expect(dials).toBeGreaterThanOrEqual(3)
  })

  it('speaks TLS with its servers where it does so itself', async () => {
    const body = '1\nnode.test|10.0.0.1|11211\n'
    const endpoint = await Endpoint.start(() => `CONFIG cluster 0 ${body.length}\r\n${body}\r\nEND\r\n`)
    const { connect } = await import('node:net')
    const source = clusterConfig('memcacheds://cfg.test:11211', {
      ...quick,
      // Stands for a stream in TLS, which is taken as it is.
      connect: () => Promise.resolve(Object.assign(connect(endpoint.server.port, '127.0.0.1'), { encrypted: true })),
    })
    const iterator = source[Symbol.asyncIterator]()
    const { value } = (await iterator.next()) as { value: readonly ServerSpec[] }
    await iterator.return?.()
    // The name, not the address: certificates are made out to names.
    expect(value).toEqual([{ host: 'node.test', port: 11_211, tls: {} }])
  })

  it('that does not answer is named by the commands that wait for it', async () => {
    const cache = clientOf(clusterConfig('127.0.0.1:1', quick), { timeoutMs: 300 })
    const error = await eventually(async () => {
      const late = await rejection(cache.get('k'))
      expect(late.message).toContain('ECONNREFUSED')
      return late
    }, 10_000)
    expect(error.message).toMatch(/waiting for the list of servers \(cannot connect to 127\.0\.0\.1:1/)
  })

  it('refuses bad options by name', () => {
    expect(() => clusterConfig('::1')).toThrow('::1')
    expect(() => clusterConfig('a:1', { intervalMs: 0 })).toThrow('option intervalMs')
    expect(() => clusterConfig('a:1', { timeoutMs: -1 })).toThrow('option timeoutMs')
    expect(() => clusterConfig('a:1', { every: 5 } as never)).toThrow('clusterConfig has no option "every"')
  })
})
