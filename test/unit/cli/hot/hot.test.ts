import { describe, expect, it } from 'vitest'
import { hotLines, hotScreen, hotSummary } from '../../../../src/cli/hot/hot-lines.ts'
import { hotReport, type SeenReads } from '../../../../src/cli/hot/hot-report.ts'
import { HotKeys } from '../../../../src/cli/keys/hot-keys.ts'
import { PLAIN } from '../../../../src/cli/terminal/style.ts'
import { textWidth } from '../../../../src/cli/terminal/width.ts'
import type { WatchEvent } from '../../../../src/keys/watch-line.ts'
import { MemcachedServer } from '../../../../src/server/memcached-server.ts'
import { runCommand, TestHost } from '../terminal-host.ts'

function read(key: string | Buffer, size?: number): WatchEvent {
  const fields: Record<string, string> =
    size === undefined ? { status: 'not_found', size: '0' } : { status: 'found', size: `${size}` }
  return { at: 0, gid: 1, type: 'item_get', key, fields }
}

function many(count: number, event: WatchEvent): WatchEvent[] {
  return Array.from({ length: count }, () => event)
}

function seen(server: string, events: readonly WatchEvent[], facts: Partial<SeenReads> = {}): SeenReads {
  const hot = new HotKeys(':')
  hot.add(events)
  return { server, hot, factor: 1, ms: 2000, ...facts }
}

const LOOK = { width: 80, style: PLAIN, keys: 10, prefixes: 10, hasServers: true }

/** Event of a connection. */
function on(event: WatchEvent, cfd: string): WatchEvent {
  return { ...event, fields: { ...event.fields, cfd } }
}

function store(key: string, cfd: string): WatchEvent {
  return on({ ...read(key), type: 'item_store' }, cfd)
}

describe('hot keys', () => {
  it('are counted with their hits, and misses by prefix', () => {
    const { hot } = seen('a', [
      ...many(6, read('user:1', 40)),
      ...many(2, read('user:2')),
      read('plain'),
      { ...read('x', 1), type: 'item_store' },
    ])
    expect(hot.keys).toEqual([
      { key: 'user:1', reads: 6, hits: 6, size: 40 },
      { key: 'user:2', reads: 2, hits: 0, size: undefined },
      { key: 'plain', reads: 1, hits: 0, size: undefined },
    ])
    expect(hot.prefixes).toEqual([
      { prefix: 'user:*', misses: 2 },
      { prefix: '*', misses: 1 },
    ])
    expect([hot.reads, hot.hits]).toEqual([9, 6])
  })

  it('do not count the read that memcached reports in front of a store', () => {
    const { hot } = seen('a', [
      on(read('k:1'), '17'),
      // The store of another connection comes in between.
      on(read('k:1', 4), '18'),
      on(read('k:1'), '17'),
      store('k:1', '18'),
      store('k:1', '17'),
      store('k:1', '17'),
      on(read('k:2', 4), '17'),
      store('k:1', '17'),
    ])
    expect(hot.keys.map(({ key, reads, hits }) => [key, reads, hits])).toEqual([
      ['k:1', 1, 0],
      ['k:2', 1, 1],
    ])
    expect([hot.reads, hot.hits, hot.prefixes]).toEqual([2, 1, [{ prefix: 'k:*', misses: 1 }]])
  })

  it('stay when there are more keys than are counted', () => {
    const hot = new HotKeys(':', 100)
    for (let at = 0; at < 5000; at++)
      hot.add([read('hottest', 1), read(`rare:${at}`), ...(at % 2 === 0 ? [read('hot', 1)] : [])])
    const keys = hot.keys
    expect(keys.length).toBeLessThanOrEqual(100)
    expect(keys.find(({ key }) => key === 'hottest')?.reads).toBe(5000)
    expect(keys.find(({ key }) => key === 'hot')?.reads).toBe(2500)
    expect(hot.reads).toBe(12_500)
  })

  it('know what the server skipped', () => {
    const { hot } = seen('a', [
      { at: Number.NaN, gid: Number.NaN, type: 'skipped', key: undefined, fields: { count: '12' } },
    ])
    expect(hot.skipped).toBe(12)
  })
})

describe('the report', () => {
  it('multiplies what was seen by what was left out, for each server by itself', () => {
    const report = hotReport(
      [
        seen('a', many(10, read('x:1', 5)), { factor: 3 }),
        seen('b', [...many(20, read('y:1', 7)), ...many(4, read('x:2'))]),
      ],
      5,
    )
    expect(report).toMatchObject({ seconds: 2, perSecond: 27, hitShare: 25 / 27 })
    expect(report.factor).toBeCloseTo(27 / 17)
    expect(report.keys.map(({ key, server, perSecond }) => [key, server, perSecond])).toEqual([
      ['x:1', 'a', 15],
      ['y:1', 'b', 10],
      ['x:2', 'b', 2],
    ])
    expect(report.prefixes).toEqual([{ prefix: 'x:*', perSecond: 2 }])
    expect(hotSummary(report)).toBe('2s · 27 reads/s · 92.6 % hits · sampled 1:1.6 (the log left out 37.0 %)')
    expect(hotLines(report, LOOK)).toEqual([
      'READ/S   HIT%  SIZE  KEY  SERVER',
      '    15  100.0    5B  x:1  a',
      '    10  100.0    7B  y:1  b',
      '   2.0    0.0     -  x:2  b',
      '',
      'MISS/S  PREFIX',
      '   2.0  x:*',
    ])
  })

  it('says nothing of a sample where all was seen', () => {
    expect(hotSummary(hotReport([seen('a', [read('a', 1)])], 5))).toBe('2s · 0.5 reads/s · 100.0 % hits')
  })

  it('fits every terminal, and lets no key change it', () => {
    const keys = ['a\u001b[2J\u202e', 'x'.repeat(250), '日本'.repeat(60), 'user:1']
    const report = hotReport(
      [
        seen(
          'server.example:11211',
          keys.flatMap((key) => [read(key, 1), read(`${key}:m`)]),
        ),
      ],
      50,
    )
    for (const [columns, rows] of [
      [10, 3],
      [40, 10],
      [80, 24],
      [200, 60],
    ] as const) {
      const lines = hotScreen(report, 'memlane hot', columns, rows, { style: PLAIN, hasServers: true })
      expect(lines.length).toBeLessThanOrEqual(rows)
      if (columns >= 40) expect(lines.filter((line) => textWidth(line) > columns)).toEqual([])
      expect(lines.join('')).not.toMatch(/[\u202e]/)
      expect(lines.join('')).not.toContain('\u001b')
    }
  })
})

describe('memlane hot', () => {
  it('says that there was no read, and that a server is out', async () => {
    await using server = await MemcachedServer.start()
    const { exitCode, errors, output } = await runCommand(['hot', '--for', '100ms', '-s', server.address])
    expect([exitCode, output]).toEqual([1, ''])
    expect(errors).toMatch(/^memlane: no read was seen in \d+ms\n$/)
    const out = await runCommand(['hot', '--for', '100ms', '-s', '127.0.0.1:1'])
    expect([out.exitCode, out.errors]).toEqual([3, expect.stringContaining('ECONNREFUSED')])
  })

  it('says that a server refuses, without waiting', async () => {
    await using server = await MemcachedServer.start({ disableWatch: true })
    const { exitCode, errors } = await runCommand(['hot', '--for', '1d', '-s', server.address])
    expect(exitCode).toBe(4)
    expect(errors).toContain('refuses watch')
  })

  it('shows keys on a screen, and prints them when it is ended', async () => {
    await using server = await MemcachedServer.start()
    const host = new TestHost({ columns: 80, rows: 24 })
    const ended = host.run(['hot', '--for', '1h', '-s', server.address, '-s', '127.0.0.1:1'])
    await host.shows(/left.*ECONNREFUSED/s)
    await runCommand(['get', 'a', '-s', server.address])
    while (!host.stdout.text.includes('READ/S')) {
      await runCommand(['get', 'user:1', '-s', server.address])
      await new Promise((resolve) => setImmediate(resolve))
    }
    host.stdin.write('q')
    expect(await ended).toBe(3)
    expect(host.isRaw).toBe(false)
    expect(host.stdout.text.split('\u001b[?1049l')[1]).toMatch(/reads\/s · 0\.0 % hits\n.*READ\/S.*KEY.*user:1 .*\n/s)
  })
})
