import { describe, expect, it, onTestFinished } from 'vitest'
import type { ClientOptions, ServerOptions } from '../../src/compat/memjs/api.ts'
import { Client } from '../../src/compat/memjs/client.ts'
import { argsOf, methodOf } from '../support/callback-call.ts'
import { collectCrashes, turns } from '../support/crashes.ts'
import { eventually, until } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { ODD_ANSWERS, startAnswering } from '../support/odd-answers.ts'
import { startMemcached } from '../support/real-memcached.ts'
import { ScriptedServer } from '../support/scripted-server.ts'
import { SettleCounts } from '../support/settle-counts.ts'

const quiet = { log: (): void => {} }

/** For servers that never answer: the time of each try, in seconds. */
const SHORT = 0.3

function open(servers: string, options: ClientOptions & ServerOptions = {}): Client {
  const client = Client.create(servers, { timeout: 60, retry_delay: 0.01, logger: quiet, ...options })
  onTestFinished(() => client.memlane.destroy())
  return client
}

/** Every call, with arguments that fit. */
const CALLS: readonly (readonly [method: string, ...args: unknown[]])[] = [
  ['get', 'key'],
  ['set', 'key', 'value', {}],
  ['set', 'key', 'value', { expires: 2_592_001 }],
  ['add', 'key', 'value', {}],
  ['replace', 'key', 'value', {}],
  ['delete', 'key'],
  ['increment', 'key', 1, {}],
  ['decrement', 'key', 1, {}],
  ['append', 'key', 'value'],
  ['prepend', 'key', 'value'],
  ['touch', 'key', 10],
  ['flush'],
  ['stats'],
  ['statsWithKey', 'settings'],
  ['resetStats'],
]

/** Calls without a promise. */
const CALLBACK_ONLY: ReadonlySet<string> = new Set(['stats', 'statsWithKey', 'resetStats'])

/** Calls every method, with callbacks and for promises, and counts how often each settles. */
class CountedCalls extends SettleCounts {
  errors = 0

  constructor(client: Client, rounds = 3) {
    super()
    for (let round = 0; round < rounds; round++) for (const [method, ...args] of CALLS) this.#call(client, method, args)
  }

  #call(client: Client, method: string, args: readonly unknown[]): void {
    methodOf(client, method).call(client, ...args, this.#counter())
    if (CALLBACK_ONLY.has(method)) return
    const settled = this.#counter()
    const promise = methodOf(client, method).call(client, ...args) as Promise<unknown>
    promise.then(() => settled(null), settled)
  }

  #counter(): (error: unknown) => void {
    const count = this.add()
    return (error) => {
      count()
      if (error !== null) this.errors++
    }
  }
}

describe('every call of the client of memjs settles once', () => {
  it('when the server freezes, and when it goes on', async () => {
    const crashes = collectCrashes()
    await using server = await startMemcached()
    const client = open(server.address, { timeout: SHORT })
    await eventually(async () => expect(await argsOf(client, 'set', 'key', '1', {})).toEqual([null, true]))
    server.freeze()
    const calls = new CountedCalls(client)
    await calls.settled()
    expect(calls.errors).toBe(calls.counts.length)
    server.thaw()
    await eventually(async () => expect((await argsOf(client, 'get', 'key'))[0]).toBeNull())
    await turns(20)
    calls.expectOnceEach()
    expect(crashes).toEqual([])
  })

  it('when the server is killed with the commands under way, and after it is back', async () => {
    const crashes = collectCrashes()
    await using server = await startMemcached()
    const client = open(server.address)
    await client.set('key', '1')
    server.freeze()
    const calls = new CountedCalls(client)
    await turns()
    await server.stop()
    await calls.settled()
    await server.restart()
    await eventually(async () => expect(await client.set('key', '2')).toBe(true))
    calls.expectOnceEach()
    expect(crashes).toEqual([])
  })

  it('when the server refuses', async () => {
    const crashes = collectCrashes()
    const client = open(`localhost:${await freePort()}`)
    const calls = new CountedCalls(client)
    await calls.settled()
    calls.expectOnceEach()
    expect(calls.errors).toBe(calls.counts.length)
    expect(crashes).toEqual([])
  })

  it.each(ODD_ANSWERS)('when the server answers %s', async (_name, answer) => {
    const crashes = collectCrashes()
    const server = await startAnswering(answer)
    const client = open(server.address, { timeout: SHORT })
    const calls = new CountedCalls(client, 1)
    await calls.settled()
    calls.expectOnceEach()
    expect(crashes).toEqual([])
  })

  it('when the server closes every connection', async () => {
    const crashes = collectCrashes()
    const server = await ScriptedServer.start((peer) => peer.reset())
    onTestFinished(() => server.close())
    const client = open(server.address, { timeout: SHORT })
    const calls = new CountedCalls(client, 1)
    await calls.settled()
    calls.expectOnceEach()
    expect(crashes).toEqual([])
  })
})

describe('errors of the client of memjs', () => {
  it('have the words and the code of the system, and are logged before', async () => {
    const port = await freePort()
    const lines: string[] = []
    const client = open(`127.0.0.1:${port}`, { retries: 1, logger: { log: (line: string) => void lines.push(line) } })
    const error: unknown = await client.get('key').catch((reason: unknown) => reason)
    const message = `connect ECONNREFUSED 127.0.0.1:${port}`
    expect(error).toMatchObject({ message, code: 'ECONNREFUSED' })
    expect(lines).toEqual([`MemJS: Server <127.0.0.1:${port}> failed after (1) retries with error - ${message}`])
    expect(await argsOf(client, 'get', 'key')).toEqual([expect.objectContaining({ message }), null, null])
  })

  it('say that there is no SASL, where the server speaks the binary protocol alone', async () => {
    // It closes the connection at a line of text, as memcached -S does.
    const server = await ScriptedServer.start(async (peer) => {
      await peer.command()
      peer.halfClose()
    })
    onTestFinished(() => server.close())
    const client = open(`ada:secret@${server.address}`, { retries: 1 })
    const error = await client.get('key').catch((reason: unknown) => String(reason))
    expect(error).toContain('A SASL login (-S) is of that protocol')
    expect(error).not.toContain('secret')
  })

  it('say that there is no SASL, where the server refuses the login', async () => {
    await using server = await startMemcached({ login: { username: 'ada', password: 'right' } })
    const client = open(`ada:wrong@${server.address}`, { retries: 1 })
    const error = await client.get('key').catch((reason: unknown) => String(reason))
    expect(error).toContain('Memcached server authentication failed!')
    expect(error).toContain('the ASCII login (memcached -Y) or that of MemCachier, no SASL')
    const right = open(`ada:right@${server.address}`)
    expect(await right.set('key', 'x')).toBe(true)
  })

  it('of flush are beside what the other servers gave', async () => {
    await using server = await startMemcached()
    const away = `127.0.0.1:${await freePort()}`
    const client = open(`${server.address},${away}`, { retries: 1 })
    const [error, results] = await argsOf(client, 'flush')
    expect(error).toMatchObject({ message: `connect ECONNREFUSED ${away}` })
    expect(results).toEqual({ [server.address]: true, [away]: error })
    await expect(client.flush()).rejects.toThrow('ECONNREFUSED')
  })

  it('are not those of a callback that throws: that is uncaught, and reaches no other call', async () => {
    const crashes = collectCrashes()
    await using server = await startMemcached()
    const client = open(server.address)
    const thrown = new Error('of the callback')
    client.get('key', () => {
      throw thrown
    })
    expect(await client.set('key', 'x')).toBe(true)
    await until(() => crashes.length > 0, 'the exception is uncaught')
    expect(crashes).toEqual([thrown])
  })
})

describe('the option failover of memjs', () => {
  it('moves keys of a server that is down to the next one of the list, and without it none', async () => {
    await using server = await startMemcached()
    const away = `127.0.0.1:${await freePort()}`
    const moving = open(`${away},${server.address}`, { failover: true, failoverTime: 1 })
    const staying = open(`${away},${server.address}`, { retries: 1 })
    const keys = Array.from({ length: 20 }, (_, at) => `key:${at}`)
    await eventually(async () => {
      expect(await Promise.all(keys.map((key) => moving.set(key, key)))).toEqual(keys.map(() => true))
    })
    const found = await Promise.all(keys.map((key) => moving.get(key)))
    expect(found.map(({ value }) => value?.toString())).toEqual(keys)
    const results = await Promise.allSettled(keys.map((key) => staying.get(key)))
    const lost = results.filter(({ status }) => status === 'rejected').length
    expect(lost).toBe(keys.filter((key) => staying.getServer(key) === 0).length)
    expect(lost).toBeGreaterThan(0)
  })
})
