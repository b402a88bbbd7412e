import { describe, expect, it, onTestFinished } from 'vitest'
import type {
  MemcachedEventName,
  MemcachedIssue,
  MemcachedLocation,
  MemcachedOptions,
} from '../../src/compat/memcached/api.ts'
import { Memcached } from '../../src/compat/memcached/memcached.ts'
import { argsOf, methodOf } from '../support/callback-call.ts'
import { collectCrashes, turns } from '../support/crashes.ts'
import { eventually, until } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { ODD_ANSWERS, startAnswering } from '../support/odd-answers.ts'
import { startMemcached } from '../support/real-memcached.ts'
import { ScriptedServer } from '../support/scripted-server.ts'
import { SettleCounts } from '../support/settle-counts.ts'

/** For servers that never answer: the time of each command, in milliseconds. */
const SHORT = 500

function open(location: MemcachedLocation, options: MemcachedOptions = {}): Memcached {
  const client = new Memcached(location, { timeout: 60_000, ...options })
  onTestFinished(() => client.memlane.destroy())
  return client
}

const messageOf = (error: unknown): string => (error as Error).message

/** Every call, with arguments that fit. */
function callsOf(server: string): readonly (readonly [method: string, ...args: unknown[]])[] {
  return [
    ['get', 'key'],
    ['gets', 'key'],
    ['getMulti', ['key', 'k'.repeat(300)]],
    ['get', ['key', 'other']],
    ['set', 'key', 'value', 10],
    ['set', 'key', 'value', -1],
    ['add', 'key', 'value', -1],
    ['replace', 'key', 'value', 10],
    ['append', 'key', 'value'],
    ['prepend', 'key', 'value'],
    ['cas', 'key', 'value', '1', 10],
    ['cas', 'key', 'value', '1', -1],
    ['incr', 'key', 1],
    ['decr', 'key', 1],
    ['touch', 'key', 10],
    ['touch', 'key', -1],
    ['del', 'key'],
    ['version'],
    ['stats'],
    ['settings'],
    ['slabs'],
    ['items'],
    ['flush'],
    ['cachedump', server, 1, 1],
  ]
}

/** Calls every method several times, and counts how often each callback is called. */
class CountedCalls extends SettleCounts {
  readonly errors: unknown[] = []

  constructor(client: Memcached, server: string, rounds = 5) {
    super()
    for (let round = 0; round < rounds; round++)
      for (const [method, ...args] of callsOf(server)) this.#call(client, method, args)
  }

  #call(client: Memcached, method: string, args: readonly unknown[]): void {
    const count = this.add()
    methodOf(client, method).call(client, ...args, (error: unknown) => {
      count()
      if (error !== undefined) this.errors.push(error)
    })
  }
}

describe('every callback of Memcached is called once', () => {
  it('when the server freezes, and when it goes on', async () => {
    const crashes = collectCrashes()
    await using server = await startMemcached()
    const client = open(server.address, { timeout: SHORT })
    await eventually(async () => expect(await argsOf(client, 'set', 'key', 1, 10)).toEqual([undefined, true]))
    server.freeze()
    const calls = new CountedCalls(client, server.address)
    await calls.settled()
    expect(calls.errors).toHaveLength(calls.counts.length)
    server.thaw()
    await eventually(async () => expect((await argsOf(client, 'get', 'key'))[0]).toBeUndefined())
    await turns(20)
    calls.expectOnceEach()
    expect(client.activeQueries).toBe(0)
    expect(crashes).toEqual([])
  })

  it('when the server is killed with the commands under way, and after it is back', async () => {
    const crashes = collectCrashes()
    await using server = await startMemcached()
    const client = open(server.address)
    await argsOf(client, 'set', 'key', 1, 10)
    server.freeze()
    const calls = new CountedCalls(client, server.address)
    await turns()
    await server.stop()
    await calls.settled()
    await server.restart()
    await eventually(async () => expect(await argsOf(client, 'set', 'key', 2, 10)).toEqual([undefined, true]))
    calls.expectOnceEach()
    expect(client.activeQueries).toBe(0)
    expect(crashes).toEqual([])
  })

  it('when the server refuses', async () => {
    const crashes = collectCrashes()
    const address = `localhost:${await freePort()}`
    const client = open(address)
    const calls = new CountedCalls(client, address)
    await calls.settled()
    calls.expectOnceEach()
    expect(calls.errors).toHaveLength(calls.counts.length)
    expect(crashes).toEqual([])
  })

  it.each(ODD_ANSWERS)('when the server answers %s', async (_name, answer) => {
    const crashes = collectCrashes()
    const server = await startAnswering(answer)
    const client = open(server.address, { timeout: SHORT })
    const calls = new CountedCalls(client, server.address, 1)
    await calls.settled()
    calls.expectOnceEach()
    expect(client.activeQueries).toBe(0)
    expect(crashes).toEqual([])
  })

  it('when the server closes every connection', async () => {
    const crashes = collectCrashes()
    const server = await ScriptedServer.start((peer) => peer.reset())
    onTestFinished(() => server.close())
    const client = open(server.address, { timeout: SHORT })
    const calls = new CountedCalls(client, server.address, 1)
    await calls.settled()
    calls.expectOnceEach()
    expect(crashes).toEqual([])
  })
})

describe('errors of Memcached', () => {
  it('have the words of the package: those of the system, then that the server is not available', async () => {
    const address = `127.0.0.1:${await freePort()}`
    const client = open(address)
    const results = await Promise.all(Array.from({ length: 20 }, () => argsOf(client, 'get', 'key')))
    expect(new Set(results.map(([error]) => messageOf(error)))).toEqual(new Set([`connect ECONNREFUSED ${address}`]))
    expect(results.every(([, value]) => value === undefined)).toBe(true)
    await eventually(async () => {
      const [error] = await argsOf(client, 'get', 'key')
      expect(messageOf(error)).toBe(`Server at ${address} not available`)
      expect(error).toHaveProperty('cause.code', 'MEMLANE_SERVER_DOWN')
    })
  })

  it('have the words of the server, which is used again at once', async () => {
    const server = await ScriptedServer.startReady(async (peer) => {
      for (;;) {
        const { words } = await peer.command()
        if (words[0] === 'get') peer.reply(`VALUE ${words[1]} 0 1\r\nx\r\nEND\r\n`)
        else peer.reply('SERVER_ERROR out of memory storing object\r\n')
      }
    })
    onTestFinished(() => server.close())
    const client = open(server.address)
    const [error, value] = await argsOf(client, 'set', 'key', 'value', 10)
    expect([messageOf(error), value]).toEqual(['out of memory storing object', false])
    expect(await argsOf(client, 'get', 'key')).toEqual([undefined, 'x'])
  })

  it('say which value was too large for the server', async () => {
    await using server = await startMemcached()
    const client = open(server.address)
    const [error, value] = await argsOf(client, 'set', 'key', 'x'.repeat(1_048_576), 10)
    expect([messageOf(error), value]).toEqual(['object too large for cache', false])
    expect(await argsOf(client, 'set', 'key', 'x', 10)).toEqual([undefined, true])
  })

  it('of getMulti are one for each server that failed, beside what the others have', async () => {
    await using server = await startMemcached()
    const away = `127.0.0.1:${await freePort()}`
    const client = open([server.address, away])
    const keys = Array.from({ length: 100 }, (_, at) => `key:${at}`)
    const here = keys.filter((key) => client.HashRing.get(key) === server.address)
    await Promise.all(here.map((key) => argsOf(client, 'set', key, key, 60)))
    const [errors, found] = await argsOf(client, 'getMulti', keys)
    expect(errors).toHaveLength(1)
    expect(found).toEqual(Object.fromEntries(here.map((key) => [key, key])))
    expect(here.length).toBeGreaterThan(10)
    expect(here.length).toBeLessThan(90)
  })
})

describe('the events of Memcached', () => {
  const NAMES: readonly MemcachedEventName[] = ['issue', 'failure', 'reconnecting', 'reconnect', 'remove']

  function record(client: Memcached): { readonly name: string; readonly issue: MemcachedIssue }[] {
    const events: { readonly name: string; readonly issue: MemcachedIssue }[] = []
    for (const name of NAMES) client.on(name, (issue) => events.push({ name, issue }))
    return events
  }

  it('tell of a server that fails, counts as dead, is tried again, and is back', async () => {
    const port = await freePort()
    const name = `127.0.0.1:${port}`
    const client = open(name, { failures: 2 })
    const events = record(client)
    const message = `Error: connect ECONNREFUSED ${name}`
    await eventually(async () => {
      await argsOf(client, 'get', 'key')
      expect(events.map((event) => event.name).slice(0, 4)).toEqual(['issue', 'issue', 'failure', 'reconnecting'])
    })
    const base = { server: name, tokens: [String(port), '127.0.0.1'] }
    expect(events.slice(0, 4).map(({ issue }) => issue)).toEqual([
      { ...base, messages: [message], failures: 2, totalFailures: 0 },
      { ...base, messages: [message, message], failures: 1, totalFailures: 1 },
      expect.objectContaining({ ...base, totalFailures: 2, totalReconnectsAttempted: 0 }),
      expect.objectContaining({ ...base, totalReconnectsAttempted: 1, totalReconnectsFailed: 1 }),
    ])
    expect(client.issues[name]).toMatchObject({ failed: true, failures: 0 })
    await using server = await startMemcached({ port })
    await eventually(async () => {
      await argsOf(client, 'get', 'key')
      expect(events.at(-1)).toMatchObject({
        name: 'reconnect',
        issue: { ...base, totalReconnectsSuccess: 1, totalDownTime: expect.any(Number) as number },
      })
    })
    expect(client.issues).toEqual({})
    expect(server.port).toBe(port)
    expect(events.filter((event) => event.name === 'remove')).toEqual([])
  })

  it('are none for a server that is well, and for a connection that was not used for long', async () => {
    await using server = await startMemcached()
    const client = open(server.address, { idle: 50 })
    const events = record(client)
    await argsOf(client, 'set', 'key', 1, 10)
    await until(
      () => Object.values(client.memlane.metrics().servers).every(({ connections }) => connections === 0),
      'the connection ends',
    )
    expect(await argsOf(client, 'get', 'key')).toEqual([undefined, 1])
    client.end()
    await argsOf(client, 'get', 'key')
    expect(events).toEqual([])
  })

  it('with remove tell that the keys go to other servers, where they are found', async () => {
    await using server = await startMemcached()
    const away = `127.0.0.1:${await freePort()}`
    const client = open([server.address, away], { remove: true, failures: 0, retry: 1, reconnect: 10 })
    const events = record(client)
    const keys = Array.from({ length: 20 }, (_, at) => `key:${at}`)
    await eventually(async () => {
      const outcomes = await Promise.all(keys.map((key) => argsOf(client, 'set', key, key, 60)))
      expect(outcomes.every(([error]) => error === undefined)).toBe(true)
    })
    expect(events.slice(0, 2).map((event) => event.name)).toEqual(['remove', 'failure'])
    expect(await argsOf(client, 'getMulti', keys)).toEqual([
      undefined,
      Object.fromEntries(keys.map((key) => [key, key])),
    ])
  })

  it.each([1, 2])('with failOverServers, those take the keys of servers that are down: %i servers', async (count) => {
    await using spare = await startMemcached()
    const away = await Promise.all(Array.from({ length: count }, async () => `127.0.0.1:${await freePort()}`))
    const client = open(away, { remove: true, failures: 0, failOverServers: [spare.address] })
    const events = record(client)
    await eventually(async () => expect(await argsOf(client, 'set', 'key', 1, 60)).toEqual([undefined, true]))
    expect(await argsOf(client, 'get', 'key')).toEqual([undefined, 1])
    expect(events.map((event) => event.name)).toContain('remove')
    expect(events.map((event) => event.name)).not.toContain('failure')
  })

  it('keep the last 100 messages of a server, however long it is away', async () => {
    const name = `127.0.0.1:${await freePort()}`
    const client = open([name, `127.0.0.1:${await freePort()}`], { failures: 0, retry: 1, reconnect: 1 })
    let tries = 0
    let messages: readonly string[] = []
    client.on('reconnecting', (issue) => {
      tries++
      messages = issue.messages
    })
    await argsOf(
      client,
      'getMulti',
      Array.from({ length: 50 }, (_, at) => `key:${at}`),
    )
    await until(() => tries > 300, 'the servers are tried again and again')
    expect(messages).toHaveLength(100)
  })
})

describe('a client whose server is away', () => {
  it('keeps nothing of 36,000 sets: each turn ends with its own', async () => {
    const client = open(`127.0.0.1:${await freePort()}`, { failures: 0 })
    const value = 'x'.repeat(2000)
    let callbacks = 0
    let most = 0
    for (let round = 0; round < 20; round++) {
      for (let at = 0; at < 1800; at++) client.set(`key:${at}`, value, 60, () => callbacks++)
      most = Math.max(most, client.activeQueries)
      await until(() => callbacks === (round + 1) * 1800, 'the callbacks of this round are called')
      expect(client.activeQueries).toBe(0)
    }
    expect(most).toBe(1800)
    expect(client.issues[client.memlane.servers[0]!.name]?.messages.length).toBeLessThanOrEqual(100)
  })
})
