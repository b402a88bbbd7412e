import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import { ServerError, type TimeoutError } from '../../src/errors.ts'
import { json } from '../../src/serde/json.ts'
import { raw } from '../../src/serde/raw.ts'
import type { Serde } from '../../src/serde/serde.ts'
import { rejection, settleAll, until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { Gate } from '../support/gate.ts'
import { type MemcacheOptions, patient } from '../support/memcache-options.ts'
import { fetchedVersions } from '../support/memcached-versions.ts'
import { numberSchema } from '../support/number-schema.ts'
import type { ReceivedCommand } from '../support/peer.ts'
import { startMemcached } from '../support/real-memcached.ts'
import { serveCommands, values } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

const shared: MemcacheOptions = { shareReads: true }

/** Calls a function often, in one turn. */
function often<T>(times: number, call: (at: number) => T): T[] {
  return Array.from({ length: times }, (_, at) => call(at))
}

/** A server that answers every read with the same value, and the keys of each read line. */
async function keeper(value: string): Promise<{ server: ScriptedServer; lines: string[][] }> {
  const lines: string[][] = []
  const server = await ScriptedServer.startReady((peer) =>
    serveCommands(peer, (command) => {
      if (command.words[0] !== 'get') return undefined
      lines.push(command.words.slice(1))
      return values(command, () => value)
    }),
  )
  onTestFinished(() => server.close())
  return { server, lines }
}

/** A server whose first read waits until the test lets it be answered. */
async function slowKeeper(): Promise<{ server: ScriptedServer; reads: ReceivedCommand[]; answer: () => void }> {
  const reads: ReceivedCommand[] = []
  const gate = new Gate()
  const server = await ScriptedServer.startReady(async (peer) => {
    for (;;) {
      const command = await peer.command()
      if (command.words[0] !== 'get') {
        peer.reply(command.words[0] === 'version' ? 'VERSION 1.6.45\r\n' : 'STORED\r\n')
        continue
      }
      if (reads.push(command) === 1) await gate.opened
      peer.reply(values(command, () => `answer ${reads.length}`))
    }
  })
  onTestFinished(() => server.close())
  return { server, reads, answer: () => gate.open() }
}

/** A server that holds every key, and answers no handshake before the test admits the client. */
async function closedKeeper(): Promise<{ server: ScriptedServer; lines: string[][]; admit: () => void }> {
  const lines: string[][] = []
  const gate = new Gate()
  const server = await ScriptedServer.start(async (peer) => {
    await gate.opened
    await peer.answerHandshake()
    await serveCommands(peer, (command) => {
      if (command.words[0] !== 'get') return undefined
      lines.push(command.words.slice(1))
      return values(command)
    })
  })
  onTestFinished(() => server.close())
  return { server, lines, admit: () => gate.open() }
}

describe.each([undefined, ...fetchedVersions])('memcached %s', (version) => {
  it.each(['auto', 'text'] as const)('is asked for one key by 1,000 callers, protocol %s', async (protocol) => {
    const server = await startMemcached({ version })
    onTestFinished(() => server.stop())
    const cache = faultClient(server.address, { ...shared, protocol })
    await cache.set('k', { n: 1 })
    const asked = async (): Promise<unknown> => (await cache.stats()).get(server.address)!['cmd_get']
    const before = await asked()
    const found = await Promise.all(often(1000, () => cache.get('k')))
    expect(found).toEqual(often(1000, () => ({ n: 1 })))
    expect(new Set(found).size).toBe(1000)
    expect(await asked()).toBe((before as number) + 1)
  })
})

describe('calls that share a read', () => {
  it('travel once for each key, and each on its own without the option', async () => {
    const { server, lines } = await keeper('v')
    const sharing = faultClient(server.address, shared)
    await Promise.all(often(1000, (at) => sharing.get(`k${at % 3}`)))
    expect(lines).toEqual([['k0', 'k1', 'k2']])
    const apart = faultClient(server.address)
    await Promise.all(often(10, () => apart.get('k')))
    expect(lines.slice(1).flat()).toHaveLength(10)
  })

  it('are those of several turns while the read waits for a connection', async () => {
    const { server, lines, admit } = await closedKeeper()
    const cache = faultClient(server.address, shared)
    const calls: Promise<unknown>[] = []
    for (let turn = 0; turn < 3; turn++) {
      calls.push(...often(5, () => cache.get('k')))
      await nextTurn()
    }
    admit()
    expect(await Promise.all(calls)).toEqual(often(15, () => 'k'))
    expect(lines).toEqual([['k']])
  })

  it('do not join a read that was written: another client may have written since', async () => {
    const { server, reads, answer } = await slowKeeper()
    const cache = faultClient(server.address, shared)
    const first = cache.get('k')
    await until(() => reads.length === 1, 'the first read came')
    const second = cache.get('k')
    answer()
    expect([await first, await second]).toEqual(['answer 1', 'answer 2'])
  })

  it.each([
    ['set', (cache: Memcache) => cache.set('k', 'new')],
    ['a quiet set', (cache: Memcache) => cache.noreply.set('k', 'new')],
    ['setMany', (cache: Memcache) => cache.setMany({ k: 'new' })],
    ['a compressed set', (cache: Memcache) => cache.set('k', 'new', { compression: { minBytes: 1, asyncBytes: 1 } })],
  ])('see what %s between them has written', async (_name, write) => {
    const server = await startMemcached()
    onTestFinished(() => server.stop())
    const cache = faultClient(server.address, shared)
    await cache.set('k', 'old')
    const before = often(3, () => cache.get('k'))
    const written = write(cache)
    const after = often(3, () => cache.get('k'))
    await written
    expect(await Promise.all([...before, ...after])).toEqual(['old', 'old', 'old', 'new', 'new', 'new'])
  })

  it('read the value with the serde, the schema and the default of each call', async () => {
    const { server, lines } = await keeper('{"a":[1]}')
    const cache = faultClient(server.address, shared)
    const numbers = cache.namespace('', { schema: numberSchema })
    const wiping: Serde = {
      serialize: () => ({ data: '', clientFlags: 0 }),
      deserialize: (data) => {
        const text = Buffer.from(data).toString('latin1')
        // In place: the bytes are those of the reply.
        data.fill(0)
        return text
      },
    }
    const found = await Promise.all([
      cache.get('k'),
      cache.get('k', { serde: json }),
      cache.get('k', { serde: wiping }),
      cache.get('k', { serde: raw }),
      cache.get('k', { serde: raw }),
      cache.get('k', { default: 0 }),
      numbers.get('k', { default: 7 }),
    ])
    const bytes = Buffer.from('{"a":[1]}')
    expect(found).toEqual(['{"a":[1]}', { a: [1] }, '{"a":[1]}', bytes, bytes, '{"a":[1]}', 7])
    const [one, other] = [found[3] as Buffer, found[4] as Buffer]
    one.fill(0)
    expect(other.equals(bytes)).toBe(true)
    expect(lines).toEqual([['k']])
  })

  it('own large bytes, each its own', async () => {
    const large = 'x'.repeat(300_000)
    const { server, lines } = await keeper(large)
    const cache = faultClient(server.address, { ...shared, serde: raw })
    const found = await Promise.all(often(3, () => cache.get<Buffer>('k')))
    found[0]!.fill(0)
    for (const bytes of found.slice(1)) expect(bytes!.equals(Buffer.from(large))).toBe(true)
    expect(lines).toEqual([['k']])
  })

  it('fail with errors of their own where the server refuses the read', async () => {
    await using server = await ScriptedServer.startReady((peer) =>
      serveCommands(peer, ({ words }) => (words[0] === 'get' ? 'SERVER_ERROR no\r\n' : undefined)),
    )
    const cache = faultClient(server.address, { ...shared, callerStacks: true })
    const errors = await Promise.all(often(3, () => rejection(cache.get('k'))))
    expect(new Set(errors).size).toBe(3)
    for (const error of errors) {
      expect(error).toBeInstanceOf(ServerError)
      expect(error).toMatchObject({ command: 'get', key: 'k', delivery: 'answered', server: server.address })
      expect(error.stack!.match(/called from:/g)).toHaveLength(1)
    }
  })

  it('reject each with what its own serde throws', async () => {
    const { server } = await keeper('text')
    const cache = faultClient(server.address, shared)
    const [text, parsed] = await settleAll([cache.get('k'), cache.get('k', { serde: json })], 30_000)
    expect(text).toMatchObject({ value: 'text' })
    expect(parsed).toMatchObject({ reason: { name: 'SerdeError' } })
  })

  it('count as calls of their own', async () => {
    const { server } = await keeper('v')
    const cache = faultClient(server.address, shared)
    await Promise.all(often(100, () => cache.get('k')))
    expect(cache.metrics().calls.get).toMatchObject({ calls: 100 })
  })
})

describe('a caller that leaves', () => {
  it('leaves the read to the others, also where it came first', async () => {
    const { server, lines } = await keeper('v')
    const cache = faultClient(server.address, shared)
    const controller = new AbortController()
    const first = rejection(cache.get('k', { signal: controller.signal }))
    const others = often(3, () => cache.get('k'))
    controller.abort(new Error('no longer'))
    expect((await first).message).toBe('no longer')
    expect(await Promise.all(others)).toEqual(['v', 'v', 'v'])
    expect(lines).toEqual([['k']])
  })

  it('takes the read back when it was the last, before it is written', async () => {
    const { server, lines } = await keeper('v')
    const cache = faultClient(server.address, shared)
    const controller = new AbortController()
    const calls = often(3, () => rejection(cache.get('k', { signal: controller.signal })))
    controller.abort(new Error('no longer'))
    await Promise.all(calls)
    await cache.get('other')
    expect(lines).toEqual([['other']])
    expect(await cache.get('k')).toBe('v')
  })

  it('because of a short timeout costs the others nothing', async () => {
    const { server, reads, answer } = await slowKeeper()
    const cache = faultClient(server.address, shared)
    await cache.connect()
    const short = rejection(cache.get('k', { timeoutMs: 20 }))
    const long = often(3, () => cache.get('k'))
    const alone = rejection(cache.get('k', { timeoutMs: 10 }))
    expect(((await short) as TimeoutError).message).toContain('20 ms')
    expect(((await alone) as TimeoutError).message).toContain('10 ms')
    await until(() => reads.length > 0, 'the read came')
    answer()
    for (const value of await Promise.all(long)) expect(value).toMatch(/^answer/)
  })

  it('with its time up before the read was written leaves it to the others', async () => {
    const { server, lines, admit } = await closedKeeper()
    const cache = faultClient(server.address, shared)
    const short = rejection(cache.get('k', { timeoutMs: 20 }))
    const long = cache.get('k')
    expect(await short).toMatchObject({ code: 'MEMLANE_TIMEOUT', delivery: 'not-sent' })
    admit()
    expect(await long).toBe('k')
    expect(lines).toEqual([['k']])
  })
})

describe('reads are shared', () => {
  it('by text and bytes that are the same key, and not by keys of other servers', async () => {
    const servers = await Promise.all([keeper('a'), keeper('b')])
    const cache = faultClient(servers.map(({ server }) => server.address) as never, shared)
    const routes = ['one', 'two', 'three', 'four', 'five']
    const found = await Promise.all([
      ...often(4, () => cache.get('k')),
      ...often(4, () => cache.get(Buffer.from('k'))),
      ...routes.flatMap((routingKey) => often(3, () => cache.get('k', { routingKey }))),
    ])
    expect(new Set(found)).toEqual(new Set(['a', 'b']))
    expect(new Set(found.slice(0, 8)).size).toBe(1)
    expect(servers.flatMap(({ lines }) => lines.flat()).length).toBeLessThanOrEqual(1 + routes.length)
  })

  it('within the retries of each call, and once more when a server is lost', async () => {
    let reads = 0
    await using server = await ScriptedServer.startReady((peer, index) =>
      serveCommands(peer, (command) => {
        if (command.words[0] !== 'get') return undefined
        reads++
        if (index > 0) return values(command)
        peer.socket.destroy()
        return ''
      }),
    )
    const cache = faultClient(server.address, { ...shared, retry: { attempts: 3, delayMs: 1 } })
    expect(await Promise.all(often(100, () => cache.get('k')))).toEqual(often(100, () => 'k'))
    expect(reads).toBeLessThan(10)
  })

  it('of an older cluster too', async () => {
    const { server: older, lines } = await keeper('old')
    await using server = await ScriptedServer.startReady((peer) => serveCommands(peer))
    const cache = faultClient(server.address, { ...shared, fallback: [[older.address]] })
    expect(await Promise.all(often(50, () => cache.get('k')))).toEqual(often(50, () => 'old'))
    expect(lines).toEqual([['k']])
  })

  it('by no other option value than true or false', () => {
    expect(() => new Memcache('a', { ...patient, shareReads: 1 as never })).toThrow(/shareReads must be true or false/)
  })
})
