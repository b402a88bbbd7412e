import { describe, expect, it } from 'vitest'
import { PLAIN } from '../../../../src/cli/terminal/style.ts'
import { eventLine } from '../../../../src/cli/watch/event-line.ts'
import { MergedEvents } from '../../../../src/cli/watch/merged-events.ts'
import { Memcache } from '../../../../src/client/memcache.ts'
import { parseWatchLine, type WatchEvent } from '../../../../src/keys/watch-line.ts'
import { MemcachedServer } from '../../../../src/server/memcached-server.ts'
import { eventually } from '../../../support/eventually.ts'
import { runCommand, TestHost } from '../terminal-host.ts'

function event(gid: number, at = gid): WatchEvent {
  return { at, gid, type: 'item_get', key: `k${gid}`, fields: { status: 'found', size: '3' } }
}

/** Line of an event, without its time. */
function shown(line: string): string {
  return eventLine(parseWatchLine(line)!, PLAIN).slice(14)
}

describe('an event', () => {
  it.each([
    [
      'ts=1796029940.329132 gid=2 type=item_get key=user%3A1 status=found clsid=1 cfd=18 size=3',
      'get     hit         user:1  3B',
    ],
    [
      'ts=1796029940.329132 gid=3 type=item_get key=user%3A1 status=not_found clsid=0 cfd=18 size=0',
      'get     miss        user:1',
    ],
    [
      'ts=1796029942.632656 gid=18 type=item_store key=u status=stored cmd=set ttl=5 clsid=1 cfd=17 size=2',
      'set     stored      u  2B ttl 5',
    ],
    [
      'ts=1796029942.632656 gid=18 type=item_store key=u status=not_stored cmd=add ttl=0 clsid=1 cfd=17 size=2',
      'add     not_stored  u  2B no ttl',
    ],
    [
      'ts=1796030026.222914 gid=18 type=eviction key=e0 fetch=no ttl=600 la=9 clsid=25 size=20000',
      'evict   unread      e0  20000B ttl 600 idle 9s',
    ],
    ['ts=1796029967.61350 gid=30 type=deleted key=u cmd=delete clsid=1 size=3', 'delete              u  3B'],
    [
      'ts=1796029946.374924 gid=24 type=conn_new rip=127.0.0.1 rport=38660 transport=tcp cfd=17',
      'connect             127.0.0.1:38660',
    ],
    [
      'ts=1796029946.679777 gid=25 type=conn_close rip=127.0.0.1 rport=38660 transport=tcp reason=normal cfd=17',
      'close   normal      127.0.0.1:38660',
    ],
    ['skipped=12', 'skipped             12 events left out: read too slowly'],
    ['ts=1.2 gid=1 type=odd a=b', 'odd                 a=b'],
  ])('%s is %s', (line, text) => {
    expect(shown(line)).toBe(text)
  })

  it('has the time of day, to the millisecond', () => {
    expect(eventLine(event(1, new Date(2026, 11, 1, 9, 5, 7, 61).getTime()), PLAIN)).toMatch(/^09:05:07\.061 {2}get/)
  })

  it('cannot change the terminal', () => {
    const line = shown('ts=1.2 gid=1 type=\u001b[2J key=%1B%5B2J%E2%80%AE status=\u0007 x=\u001bc')
    expect(line).not.toMatch(/[\u202e]/)
    expect(line).not.toContain('\u001b')
    expect(shown('ts=1.2 gid=1 type=item_get key=%1B%5B2J status=found size=\u001b[3m')).toBe(
      'get     hit         base64:G1sySg==  \\e[3mB',
    )
  })
})

describe('the events of several servers', () => {
  it('come in the order of each server, and of the clocks of all', () => {
    const events = new MergedEvents()
    events.add('a', [event(2, 20), event(1, 10), event(3, 30)], 0)
    events.add('b', [event(9, 15), event(8, 12)], 0)
    expect(events.take(50)).toEqual([])
    expect(events.take(200).map(({ server, event: { at } }) => `${server}${at}`)).toEqual([
      'a10',
      'b12',
      'b15',
      'a20',
      'a30',
    ])
    events.add('a', [event(4, 40)], 300)
    expect(events.take(Number.POSITIVE_INFINITY)).toHaveLength(1)
  })
})

/** Runs `memlane watch` on a server, and commands once it is on. */
async function watching(
  server: MemcachedServer,
  argv: readonly string[],
  commands: readonly string[][],
): Promise<TestHost> {
  const host = new TestHost()
  const ended = host.run(['watch', '-s', server.address, ...argv])
  await using client = new Memcache(server.address, { metrics: false })
  await eventually(async () => expect((await client.stats()).get(server.address)?.['log_watchers']).toBe(1))
  for (const command of commands) await runCommand([...command, '-s', server.address])
  expect(await ended).toBe(0)
  return host
}

describe('memlane watch', () => {
  it('prints what happens, and stops after so many events', async () => {
    await using server = await MemcachedServer.start()
    const host = await watching(
      server,
      ['-n', '3'],
      [
        ['get', 'a'],
        ['set', 'a', 'xyz'],
        ['get', 'a'],
      ],
    )
    expect(host.stdout.text.split('\n').map((line) => line.slice(14))).toEqual([
      'get     miss        a',
      'get     miss        a',
      'set     stored      a  3B no ttl',
      '',
    ])
  })

  it('prints JSON of the keys that match, and of the topics that are named', async () => {
    await using server = await MemcachedServer.start()
    const argv = ['mutations', '-m', 'user:*', '-n', '1', '--json']
    const host = await watching(server, argv, [
      ['get', 'user:1'],
      ['set', 'other', 'x'],
      ['set', 'user:1', 'x', '--ttl', '9s'],
    ])
    expect(JSON.parse(host.stdout.text)).toMatchObject({
      server: server.address,
      type: 'item_store',
      key: 'user:1',
      cmd: 'set',
      ttl: '9',
      status: 'stored',
    })
  })

  it('ends after its time, with Ctrl-C, and when the reader has left', async () => {
    await using server = await MemcachedServer.start()
    expect(await runCommand(['watch', '--for', '100ms', '-s', server.address])).toEqual({
      exitCode: 0,
      output: '',
      errors: '',
    })
    const [interrupted, broken] = [new TestHost(), new TestHost()]
    const ended = [interrupted, broken].map((host) => host.run(['watch', '-s', server.address]))
    await using client = new Memcache(server.address, { metrics: false })
    await eventually(async () => expect((await client.stats()).get(server.address)?.['log_watchers']).toBe(2))
    interrupted.interrupt()
    broken.stdout.breakPipe()
    expect(await Promise.all(ended)).toEqual([0, 0])
  })

  it('says once that a server is out, and goes on when it comes back', async () => {
    const first = await MemcachedServer.start()
    const { address } = first
    const host = new TestHost()
    const ended = host.run(['watch', '-s', address, '-n', '1'])
    await using client = new Memcache(address, { metrics: false })
    const hasWatcher = async (): Promise<void> => expect((await client.stats()).get(address)?.['log_watchers']).toBe(1)
    await eventually(hasWatcher)
    await first.close()
    await using _second = await MemcachedServer.start({ port: Number(address.split(':')[1]) })
    await eventually(hasWatcher)
    await client.get('a')
    expect(await ended).toBe(0)
    expect(host.stdout.text).toContain('get     miss        a')
    expect(host.stderr.text).toMatch(/^memlane: .*\n(?:memlane: .*ECONNREFUSED.*\n)?$/)
  })

  it('says that a server refuses, and ends', async () => {
    await using server = await MemcachedServer.start({ disableWatch: true })
    const { exitCode, errors } = await runCommand(['watch', '-s', server.address])
    expect([exitCode, errors]).toEqual([4, expect.stringContaining('refuses watch')])
  })

  it('takes no other topics', async () => {
    const { exitCode, errors } = await runCommand(['watch', 'everything'])
    expect([exitCode, errors]).toEqual([2, expect.stringContaining('<topic> must be fetchers, mutations')])
  })
})
