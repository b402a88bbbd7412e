import { describe, expect, it } from 'vitest'
import { type BarPart, bar, sparkline, stackedBar } from '../../../../src/cli/terminal/bars.ts'
import { COLORED, PLAIN } from '../../../../src/cli/terminal/style.ts'
import { type Column, renderTable } from '../../../../src/cli/terminal/table.ts'
import { textWidth } from '../../../../src/cli/terminal/width.ts'

const COLUMNS: readonly Column[] = [
  { heading: 'KEY', shrinks: true },
  { heading: 'SIZE', align: 'right' },
  { heading: 'FLAGS', align: 'right', drop: 2 },
  { heading: 'TTL', align: 'right', drop: 1 },
]
const ROWS = [
  ['user:1', '312', '32', '58s'],
  ['a-long-key-of-someone', '1.2k', '0', 'never'],
  ['日本語', '9', '16', '4m'],
]

describe('a table', () => {
  it('lines up its columns, wide characters included', () => {
    expect(renderTable(COLUMNS, ROWS, { width: 80, style: PLAIN })).toEqual([
      'KEY                    SIZE  FLAGS    TTL',
      'user:1                  312     32    58s',
      'a-long-key-of-someone  1.2k      0  never',
      '日本語                    9     16     4m',
    ])
  })

  it('drops columns by their rank, and cuts texts, until it fits', () => {
    expect(renderTable(COLUMNS, ROWS, { width: 24, style: PLAIN })).toEqual([
      'KEY          SIZE    TTL',
      'user:1        312    58s',
      'a-long-key…  1.2k  never',
      '日本語          9     4m',
    ])
  })

  it.each([100, 60, 42, 40, 30, 24, 20, 14])('is never wider than %i columns', (width) => {
    for (const line of renderTable(COLUMNS, ROWS, { width, style: PLAIN }))
      expect(textWidth(line)).toBeLessThanOrEqual(width)
  })

  it('colors cells after it has cut them, and escapes what is in them', () => {
    const rows = [[{ text: 'a\u001b[2J', format: 'red' as const }, '1', '', '']]
    const [, line] = renderTable(COLUMNS, rows, { width: 80, style: COLORED })
    expect(line).toBe('\u001b[31ma\\e[2J\u001b[39m     1')
  })

  it('may have no headings, and no rows', () => {
    expect(renderTable(COLUMNS, [['a', '1', '2', '3']], { width: 80, style: PLAIN, bare: true })).toEqual([
      'a  1  2  3',
    ])
    expect(renderTable(COLUMNS, [], { width: 80, style: PLAIN })).toEqual(['KEY  SIZE  FLAGS  TTL'])
  })
})

function parts(...shares: number[]): BarPart[] {
  return shares.map((share, at) => ({ share, character: '▓▒░'[at]! }))
}

describe('a bar', () => {
  it.each([
    [0, '    '],
    [0.5, '██  '],
    [0.9, '███▋'],
    [1, '████'],
    [2, '████'],
    [Number.NaN, '    '],
  ])('of %d is %j', (share, text) => {
    expect(bar(share, 4)).toBe(text)
  })

  it('has parts, of which the smallest is seen too', () => {
    expect(stackedBar(parts(0.5, 0.25, 0.25), 8)).toBe('▓▓▓▓▒▒░░')
    expect(stackedBar(parts(0.001, 0, 0.5), 8)).toBe('▓░░░    ')
    expect(stackedBar(parts(1, 1, 1), 4)).toBe('▓▓▓▓')
  })
})

describe('a sparkline', () => {
  it.each<[values: number[], columns: number, text: string]>([
    [[], 4, ''],
    [[0, 0], 4, '▁▁'],
    [[0, 1, 2, 3, 4, 5, 6, 7], 8, '▁▂▃▄▅▆▇█'],
    [[9, 0, 7], 2, '▁█'],
    [[1, Number.NaN, 1], 4, '█ █'],
  ])('of %j in %i columns is %j', (values, columns, text) => {
    expect(sparkline(values, columns)).toBe(text)
  })

  it('may have a top of its own', () => {
    expect(sparkline([50, 100], 4, 100)).toBe('▅█')
  })
})
