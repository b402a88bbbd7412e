import { describe, expect, it } from 'vitest'
import { Memcache } from '../../../src/client/memcache.ts'
import { parseWatchLine, type WatchEvent } from '../../../src/keys/watch-line.ts'
import { WatchOrder } from '../../../src/keys/watch-order.ts'
import { watchServers } from '../../../src/keys/watch-server.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { patient } from '../../support/memcache-options.ts'
import { ScriptedServer } from '../../support/scripted-server.ts'

/** Lines of memcached 1.6.18, 1.6.38 and 1.6.45, one of each kind. */
const CAPTURE = `OK\r
ts=1796029940.329132 gid=2 type=item_get key=user%3A1 status=found clsid=1 cfd=18 size=3
ts=1796029942.632656 gid=18 type=item_store key=a%20b status=stored cmd=set ttl=5 clsid=1 cfd=17 size=2
ts=1796029946.374924 gid=24 type=conn_new rip=127.0.0.1 rport=38660 transport=tcp cfd=17
ts=1796029946.213363 gid=23 type=conn_close rip=127.0.0.1 rport=38638 transport=tcp reason=error cfd=17
ts=1796030026.222914 gid=25 type=eviction key=%ff%00 fetch=no ttl=600 la=0 clsid=25 size=20000
ts=1796029967.61350 gid=30 type=deleted key=%C3%A9 cmd=delete clsid=1 size=3
`

const EVENTS: readonly WatchEvent[] = [
  {
    at: 1_796_029_940_329.132,
    gid: 2,
    type: 'item_get',
    key: 'user:1',
    fields: { status: 'found', clsid: '1', cfd: '18', size: '3' },
  },
  {
    at: 1_796_029_942_632.656,
    gid: 18,
    type: 'item_store',
    key: 'a b',
    fields: { status: 'stored', cmd: 'set', ttl: '5', clsid: '1', cfd: '17', size: '2' },
  },
  {
    at: 1_796_029_946_374.924,
    gid: 24,
    type: 'conn_new',
    key: undefined,
    fields: { rip: '127.0.0.1', rport: '38660', transport: 'tcp', cfd: '17' },
  },
  {
    at: 1_796_029_946_213.363,
    gid: 23,
    type: 'conn_close',
    key: undefined,
    fields: { rip: '127.0.0.1', rport: '38638', transport: 'tcp', reason: 'error', cfd: '17' },
  },
  {
    at: 1_796_030_026_222.914,
    gid: 25,
    type: 'eviction',
    key: Buffer.from([0xff, 0]),
    fields: { fetch: 'no', ttl: '600', la: '0', clsid: '25', size: '20000' },
  },
  {
    // 61 350 µs: the microseconds have no leading zeros.
    at: 1_796_029_967_061.35,
    gid: 30,
    type: 'deleted',
    key: 'é',
    fields: { cmd: 'delete', clsid: '1', size: '3' },
  },
]

/** Streams have connections of their own, on which `mn` is not sent. */
const NO_MN = { mn: 'none' } as const

function event(gid: number): WatchEvent {
  return { ...EVENTS[0]!, gid }
}

function gids(events: readonly WatchEvent[]): number[] {
  return events.map(({ gid }) => gid)
}

async function collect(server: string): Promise<WatchEvent[]> {
  await using client = new Memcache(server, patient)
  return await eventsOf(client)
}

async function eventsOf(client: Memcache): Promise<WatchEvent[]> {
  const [stream] = await watchServers(client, { topics: ['fetchers'], timeoutMs: 30_000 })
  const events: WatchEvent[] = []
  for await (const some of stream!.events) events.push(...some)
  return events
}

describe('a line of watch', () => {
  it('is read as each version writes it', () => {
    expect(CAPTURE.split(/\r?\n/).flatMap((line) => parseWatchLine(line) ?? [])).toEqual(EVENTS)
  })

  it('says how many were skipped, where the reader was too slow', () => {
    expect(parseWatchLine('skipped=58835')).toMatchObject({ type: 'skipped', fields: { count: '58835' } })
  })

  it.each(['OK', '', 'ERROR', 'ts=1.2', 'gid=3 type=item_get'])('%j is no event', (line) => {
    expect(parseWatchLine(line)).toBeUndefined()
  })

  it('keeps the type of the event where a proxy writes another behind it, and a key that is not encoded', () => {
    expect(parseWatchLine('ts=1.5 gid=4 type=proxy_req elapsed=9 type=105 key=a%zz')).toMatchObject({
      type: 'proxy_req',
      key: 'a%zz',
    })
  })
})

describe('the events of a server', () => {
  it('are the same wherever the stream is cut', async () => {
    const bytes = Buffer.from(CAPTURE)
    const server = await ScriptedServer.startReady(async (peer, index) => {
      await peer.expect('watch fetchers\r\n')
      peer.reply(bytes.subarray(0, index))
      await new Promise(setImmediate)
      peer.reply(bytes.subarray(index))
      peer.halfClose()
    }, NO_MN)
    await using client = new Memcache(server.address, patient)
    for (let cut = 0; cut < bytes.length; cut += 64) {
      const streams = await Promise.all(Array.from({ length: 64 }, () => eventsOf(client)))
      for (const events of streams) expect(events).toEqual(EVENTS)
    }
    expect(server.connections).toBeGreaterThanOrEqual(bytes.length)
    await server.close()
  })

  it('come from the embedded server', async () => {
    await using server = await MemcachedServer.start()
    await using client = new Memcache(server.address, patient)
    const [stream] = await watchServers(client, { topics: ['fetchers', 'mutations'], timeoutMs: 30_000 })
    const events = stream!.events[Symbol.asyncIterator]()
    expect(await events.next()).toMatchObject({ value: [] })
    await client.set('user:1', 'Ada')
    const { value } = (await events.next()) as { value: readonly WatchEvent[] }
    expect(value.at(-1)).toMatchObject({ type: 'item_store', key: 'user:1', fields: { cmd: 'set', status: 'stored' } })
    await events.return?.()
  })

  it('are refused with the reasons where a topic is not known', async () => {
    const server = await ScriptedServer.startReady(async (peer) => {
      await peer.expect('watch fetchers\r\n')
      peer.reply('ERROR\r\n')
    }, NO_MN)
    await expect(collect(server.address)).rejects.toThrow(/answered "ERROR" to watch fetchers: it does not know one/)
    await server.close()
  })

  it('cannot be asked for with what is no topic', async () => {
    const watching = watchServers(new Memcache(), { topics: ['a b'], timeoutMs: 1 })
    await expect(watching).rejects.toThrow('a topic of watch is a word of letters, got a b')
  })
})

describe('the order of events', () => {
  it('is that of their numbers, among those that came within 100 ms', () => {
    const order = new WatchOrder()
    order.add([event(3), event(5)], 0)
    order.add([event(2), event(9)], 90)
    expect(gids(order.take(99))).toEqual([])
    expect(gids(order.take(100))).toEqual([2, 3, 5])
    order.add([event(7)], 150)
    expect(gids(order.take(190))).toEqual([7, 9])
    expect(order.isEmpty).toBe(true)
  })

  it('leaves an event without a number where it was', () => {
    const order = new WatchOrder()
    order.add([event(1), event(Number.NaN), event(2)], 0)
    expect(gids(order.take(Number.POSITIVE_INFINITY))).toEqual([1, Number.NaN, 2])
  })
})
