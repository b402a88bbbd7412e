import { describe, expect, it } from 'vitest'
import * as format from '../../../src/cli/format.ts'

describe('numbers for people', () => {
  it.each<[value: number | bigint, text: string]>([
    [0, '0'],
    [7, '7'],
    [999, '999'],
    [1000, '1.0k'],
    [41_234, '41.2k'],
    [812_345, '812k'],
    [999_960, '1.0M'],
    [16_100_000n, '16.1M'],
    [-1500, '-1.5k'],
    [Number.NaN, '-'],
  ])('formatCount(%s) is %s', (value, text) => {
    expect(format.formatCount(value)).toBe(text)
  })

  it.each<[value: number, text: string]>([
    [96, '96B'],
    [1229, '1.2k'],
    [20_378, '19.9k'],
    [4 * 1024 ** 3, '4.0G'],
    [1023.99 * 1024, '1.0M'],
  ])('formatBytes(%s) is %s', (value, text) => {
    expect(format.formatBytes(value)).toBe(text)
  })

  it.each<[value: number, text: string]>([
    [0, '0'],
    [0.25, '0.3'],
    [12.4, '12'],
    [41_234, '41.2k'],
    [Number.NaN, '-'],
  ])('formatRate(%s) is %s', (value, text) => {
    expect(format.formatRate(value)).toBe(text)
  })

  it.each<[value: number, text: string]>([
    [0, '0.0'],
    [1, '100.0'],
    [0.971, '97.1'],
    [0.99999, '99.9'],
    [0.00001, '<0.1'],
    [Number.NaN, '-'],
  ])('formatPercent(%s) is %s', (value, text) => {
    expect(format.formatPercent(value)).toBe(text)
  })

  it.each<[ms: number, text: string]>([
    [0, '0s'],
    [0.123, '0.12ms'],
    [4.56, '4.6ms'],
    [250, '250ms'],
    [58_900, '58s'],
    [240_000, '4m'],
    [22 * 3600_000, '22h'],
    [12 * 86_400_000, '12d'],
    [Number.POSITIVE_INFINITY, 'never'],
    [Number.NaN, '-'],
  ])('formatDuration(%s) is %s', (ms, text) => {
    expect(format.formatDuration(ms)).toBe(text)
  })

  it('groups digits, and counts nouns', () => {
    expect(format.formatWhole(3_181_772_190)).toBe('3 181 772 190')
    expect(format.formatWhole(18_446_744_073_709_551_615n)).toBe('18 446 744 073 709 551 615')
    expect([format.plural(1, 'key'), format.plural(2, 'key')]).toEqual(['1 key', '2 keys'])
  })
})
