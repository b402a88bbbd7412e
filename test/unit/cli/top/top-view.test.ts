import { describe, expect, it } from 'vitest'
import { COLORED, PLAIN } from '../../../../src/cli/terminal/style.ts'
import { textWidth } from '../../../../src/cli/terminal/width.ts'
import { pingTimes } from '../../../../src/cli/top/load-meter.ts'
import { loadTable, SORTS, sortLoads } from '../../../../src/cli/top/load-table.ts'
import { hitShare, memoryShare, totalLoad } from '../../../../src/cli/top/server-load.ts'
import { TopView } from '../../../../src/cli/top/top-view.ts'
import { makeDown, makeLoad, makeServer } from './loads.ts'

const ROUND = [
  makeServer('10.0.0.1:11211', { gets: 300, evictions: 4 }),
  makeServer('10.0.0.2:11211', { gets: 500 }),
  makeDown('10.0.0.3:11211', 'connect ECONNREFUSED 10.0.0.3:11211'),
]

function viewOf(...rounds: (typeof ROUND)[]): TopView {
  const view = new TopView(PLAIN, 1000)
  for (const round of rounds) view.add(round)
  return view
}

function press(view: TopView, ...keys: string[]): string {
  for (const key of keys) view.press(key)
  return view.lines(100, 24).join('\n')
}

/** Servers by a number, as the last digits of their addresses. */
function order(sort: string, isReversed = false): string[] {
  return sortLoads(ROUND, { sort: SORTS.indexOf(sort), isReversed }).map(({ server }) => server.slice(7, 8))
}

/** Line of a server in color. */
function paint(facts: Parameters<typeof makeServer>[1]): string {
  return loadTable([makeServer('a', facts)], { width: 200, style: COLORED, sort: 0, isReversed: false })[1]!
}

describe('the loads of several servers', () => {
  it('are added up, without what a server lacks', () => {
    const all = totalLoad([makeLoad({ sets: Number.NaN }), makeLoad({ hits: 47, misses: 53, ping: 3 })])
    expect(all).toMatchObject({ gets: 200, sets: 10, hits: 144, misses: 56, ping: 3 })
    expect(hitShare(all)).toBe(0.72)
    expect(memoryShare(all)).toBeCloseTo(0.96)
  })

  it('are no numbers where there are none', () => {
    const none = totalLoad([])
    expect(Object.values(none).every(Number.isNaN)).toBe(true)
    expect([hitShare(none), memoryShare(none)]).toEqual([Number.NaN, Number.NaN])
  })

  it('have as their ping the median and the longest of the last rounds', () => {
    expect(pingTimes([5, 1, 9, 2, 3])).toEqual({ median: 3, longest: 9 })
    expect(pingTimes([])).toEqual({ median: Number.NaN, longest: Number.NaN })
  })
})

describe('the table', () => {
  it('has the servers in their order, or by a number, those that are down first', () => {
    expect(order('SERVER')).toEqual(['1', '2', '3'])
    expect(order('GET/S')).toEqual(['3', '2', '1'])
    expect(order('EVICT/S')).toEqual(['3', '1', '2'])
    expect(order('GET/S', true)).toEqual(['1', '2', '3'])
  })

  it('has a line for all servers, and none where there is one', () => {
    const look = { width: 200, style: PLAIN, sort: 0, isReversed: false }
    expect(loadTable(ROUND, look)).toEqual([
      'SERVER▾         VERSION  UP  ITEMS  MEMORY     FULL    OF  GET/S  HIT%  SET/S  EVICT/S  CONN   IN/S  OUT/S    PING     MAX',
      '10.0.0.1:11211  1.6.45   1d   8.1M  ███████▋  96.0%  4.0G    300  97.0     10      4.0   212   8.6M  77.2M  0.12ms  0.43ms',
      '10.0.0.2:11211  1.6.45   1d   8.1M  ███████▋  96.0%  4.0G    500  97.0     10        0   212   8.6M  77.2M  0.12ms  0.43ms',
      '10.0.0.3:11211  DOWN  connect ECONNREFUSED 10.0.0.3:11211',
      'ALL                       -  16.2M  ███████▋  96.0%  8.0G    800  97.0     20      4.0   424  17.2M   154M  0.12ms  0.43ms',
    ])
    expect(loadTable(ROUND.slice(0, 1), look)).toHaveLength(2)
  })

  it('colors what deserves attention', () => {
    expect(paint({})).not.toContain('\u001b')
    expect(paint({ hits: 1, misses: 3 })).toContain('\u001b[33m25.0\u001b[39m')
    expect(paint({ evictions: 7 })).toContain('\u001b[33m    7.0\u001b[39m')
    expect(paint({ connections: 1000 })).toContain('\u001b[31m1.0k\u001b[39m')
  })

  it('lets no server write to the terminal', () => {
    const look = { width: 80, style: PLAIN, sort: 0, isReversed: false }
    const text = loadTable([makeDown('a\u001b[2J', 'no\u0007\r\n')], look).join('')
    expect(text).toContain('a\\e[2J  DOWN  no\\x07\\r\\n')
  })
})

describe('the screen of top', () => {
  it.each([
    [10, 3],
    [20, 5],
    [40, 10],
    [80, 24],
    [120, 24],
    [250, 80],
  ])('fits %i columns and %i rows, whatever is shown', (columns, rows) => {
    const long = 'memcached-with-a-long-name.abcdef.0001.use1.cache.amazonaws.example:11211'
    const many = Array.from({ length: 40 }, (_, at) => makeServer(`${at}.${long}`))
    for (const round of [[], [makeServer(long)], ROUND, [makeDown(long, 'x'.repeat(300))], many]) {
      const view = viewOf(round)
      for (const key of ['up', 'return', 'left', 'escape', 'home', 'pagedown', 'space', 'r']) {
        view.press(key)
        const lines = view.lines(columns, rows)
        expect(lines.length).toBeLessThanOrEqual(Math.max(rows, 4))
        if (columns >= 40) expect(lines.filter((line) => textWidth(line) > columns)).toEqual([])
      }
    }
  })

  it('shows the charts of all servers, of one, and of one alone', () => {
    const view = viewOf(ROUND, [makeServer('10.0.0.1:11211', { gets: 900 }), ...ROUND.slice(1)])
    expect(press(view)).toMatch(/^▸ ALL .*\n\nget\/s {11}1\.4k {2}▅█$/m)
    expect(press(view, 'up')).toMatch(/^▸ 10\.0\.0\.3:11211 {2}DOWN(?:.*\n)+get\/s {14}-$/m)
    expect(press(view, 'home')).toMatch(/^▸ 10\.0\.0\.1:11211(?:.*\n)+get\/s {12}900 {2}▃█$/m)
    expect(press(view, 'return')).toMatch(/^10\.0\.0\.1:11211 {2}1\.6\.45\nget\/s/m)
    expect(press(view, 'down')).toMatch(/^10\.0\.0\.2:11211/m)
    expect(press(view, 'escape')).toMatch(/^▸ 10\.0\.0\.2:11211/m)
  })

  it('keeps the mark on its server when the order changes', () => {
    const view = viewOf(ROUND)
    press(view, 'home')
    expect(press(view, ...Array.from({ length: SORTS.indexOf('GET/S') }, () => 'right'))).toMatch(
      /GET\/S▾(?:.*\n)+▸ 10\.0\.0\.1/,
    )
    expect(press(view, 'r')).toMatch(/GET\/S▴.*\n▸ 10\.0\.0\.1/)
    expect(press(view, 'left', 'right')).toMatch(/GET\/S▴/)
  })

  it('scrolls so that the marked server is seen', () => {
    const view = viewOf(Array.from({ length: 100 }, (_, at) => makeServer(`server-${at}`)))
    expect(press(view)).toContain('▸ ALL')
    expect(press(view, 'home')).toContain('▸ server-0 ')
    expect(press(view, 'pagedown', 'pagedown', 'down')).toContain('▸ server-21 ')
  })

  it('stands still while paused, and goes on with what has happened', () => {
    const view = viewOf(ROUND)
    press(view, 'space')
    view.add([makeServer('10.0.0.9:11211')])
    expect(press(view)).toMatch(/paused\n(?:.*\n)*.*10\.0\.0\.1/)
    press(view, 'space')
    view.add([makeServer('10.0.0.9:11211')])
    expect(press(view)).toMatch(/every 1s\n(?:.*\n)*.*10\.0\.0\.9/)
  })
})
