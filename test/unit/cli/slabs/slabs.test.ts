import { describe, expect, it } from 'vitest'
import { type ServerSlabs, slabLines } from '../../../../src/cli/slabs/slab-lines.ts'
import { freePages, type SlabClass, slabBytes, slabClasses } from '../../../../src/cli/stats/slab-classes.ts'
import { COLORED, PLAIN } from '../../../../src/cli/terminal/style.ts'
import { textWidth } from '../../../../src/cli/terminal/width.ts'
import { MemcachedServer } from '../../../../src/server/memcached-server.ts'
import { runCommand, TestHost } from '../terminal-host.ts'

const SLABS = {
  '1:chunk_size': 96,
  '1:chunks_per_page': 10_922,
  '1:total_pages': 3,
  '1:total_chunks': 32_766,
  '1:used_chunks': 9000,
  '1:free_chunks': 23_766,
  '25:chunk_size': 20_000,
  '25:chunks_per_page': 50,
  '25:total_pages': 2,
  '25:total_chunks': 100,
  '25:used_chunks': 100,
  '25:free_chunks': 0,
  '30:chunk_size': 50_000,
  '30:chunks_per_page': 20,
  '30:total_pages': 1,
  '30:total_chunks': 20,
  '30:used_chunks': 0,
  '30:free_chunks': 20,
  active_slabs: 3,
}
const ITEMS = {
  'items:1:number': 9000,
  'items:1:age': 345_600,
  'items:1:mem_requested': 600_000,
  'items:1:evicted': 0,
  'items:1:outofmemory': 0,
  'items:25:number': 100,
  'items:25:age': 190,
  'items:25:mem_requested': 1_500_000,
  'items:25:evicted': 1234,
  'items:25:evicted_unfetched': 1000,
  'items:25:evicted_time': 7,
  'items:25:outofmemory': 0,
}
const CLASSES = slabClasses(SLABS, ITEMS)
const LOOK = { width: 200, style: PLAIN, hasRates: false }

function serverOf(classes: readonly SlabClass[], rates: Readonly<Record<number, number>> = {}): ServerSlabs {
  return { server: '10.0.0.1:11211', classes, error: undefined, evictedAMinute: (id) => rates[id] ?? 0 }
}

describe('slab classes', () => {
  it('are read out of two answers; one without items has none', () => {
    expect(CLASSES.map(({ id }) => id)).toEqual([1, 25, 30])
    expect(CLASSES[1]).toMatchObject({
      chunkSize: 20_000,
      items: 100,
      evicted: 1234,
      evictedUnread: 1000,
      evictedTime: 7,
      age: 190,
    })
    expect(CLASSES[2]).toMatchObject({ items: 0, requested: 0, evicted: 0 })
    expect(slabClasses({}, {})).toEqual([])
  })

  it('divide their memory into what was asked for, padding, and what is free', () => {
    expect(slabBytes(CLASSES[1]!)).toEqual({ total: 2_000_000, requested: 1_500_000, padding: 500_000 })
    expect(slabBytes(CLASSES[2]!)).toEqual({ total: 1_000_000, requested: 0, padding: 0 })
    // Without the number nothing is said of padding.
    expect(slabBytes({ ...CLASSES[1]!, requested: Number.NaN }).padding).toBe(0)
    expect(CLASSES.map(freePages)).toEqual([2, 0, 1])
  })
})

describe('the lines of a server', () => {
  it('have a bar for each class, and say which class evicts though there is room', () => {
    expect(slabLines(serverOf(CLASSES), LOOK)).toEqual([
      '10.0.0.1:11211',
      '3 classes · 6 pages · 2.7M of 5.9M used · 26.7 % of that is padding',
      'CLASS  CHUNK  PAGES  MEMORY              FULL  ITEMS  EVICTED  AGE',
      '    1    96B      3  ▓▓▓▒░░░░░░░░░░░░   27.5%   9.0k        0   4d',
      '   25  19.5k      2  ▓▓▓▓▓▓▓▓▓▓▓▓▒▒▒▒  100.0%    100     1.2k   3m',
      '   30  48.8k      1  ░░░░░░░░░░░░░░░░    0.0%      0        0   0s',
      '! class 25 has evicted while class 1 has 2 free pages',
    ])
  })

  it('show the evictions of a minute instead, where there are two samples', () => {
    const lines = slabLines(serverOf(CLASSES, { 1: 5.25 }), { ...LOOK, hasRates: true })
    expect(lines[2]).toContain('EVICT/M')
    expect(lines[3]).toMatch(/9\.0k {6}5\.3 {3}4d$/)
    expect(lines.slice(6)).toEqual(['! class 1 evicts while class 30 has 1 free page'])
  })

  it('say that stores were refused', () => {
    const lines = slabLines(serverOf([{ ...CLASSES[0]!, outOfMemory: 12 }]), LOOK)
    expect(lines.at(-1)).toBe('! class 1 refused 12 stores for lack of memory')
  })

  it('fit every width from 40 on, also in color and for a server that is out', () => {
    const out = { ...serverOf(CLASSES), classes: undefined, error: 'connect ECONNREFUSED\u001b[2J'.repeat(9) }
    for (const width of [40, 60, 80, 120]) {
      for (const style of [PLAIN, COLORED]) {
        for (const one of [serverOf(CLASSES), serverOf([]), out]) {
          expect(slabLines(one, { ...LOOK, width, style }).filter((line) => textWidth(line) > width)).toEqual([])
        }
      }
    }
    expect(slabLines(out, LOOK).join('')).not.toContain('\u001b')
  })
})

describe('memlane slabs', () => {
  it('prints tables, and says that a server is out', async () => {
    await using server = await MemcachedServer.start()
    expect((await runCommand(['slabs', '-s', server.address])).output).toBe(`${server.address}\nno item is stored\n`)
    await runCommand(['set', 'a', 'x', '-s', server.address])
    const { output, errors, exitCode } = await runCommand(['slabs', '-s', server.address, '-s', '127.0.0.1:1'])
    expect(output).toMatch(/1 class · 1 page .*\nCLASS.*\n +1 +96B +1 /)
    expect([exitCode, errors]).toEqual([3, expect.stringContaining('ECONNREFUSED')])
  })

  it('shows a screen until q', async () => {
    await using server = await MemcachedServer.start()
    await runCommand(['set', 'a', 'x', '-s', server.address])
    const host = new TestHost({ columns: 80, rows: 10 })
    const ended = host.run(['slabs', '--every', '100ms', '-s', server.address])
    await host.shows(/EVICT\/M.*1 class|1 class.*EVICT\/M/s)
    host.stdin.write('q')
    expect(await ended).toBe(0)
    expect(host.isRaw).toBe(false)
  })

  it('prints JSON for each class and round', async () => {
    await using server = await MemcachedServer.start()
    await runCommand(['set', 'a', 'x', '-s', server.address])
    const { output } = await runCommand(['slabs', '--every', '100ms', '-n', '2', '--json', '-s', server.address])
    const lines = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object)
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatchObject({ server: server.address, id: 1, items: 1, evicted: 0, evictedAMinute: 0 })
  })
})
