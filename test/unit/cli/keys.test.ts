import { describe, expect, it } from 'vitest'
import { globTest } from '../../../src/cli/glob.ts'
import { readKey, showKeyText } from '../../../src/cli/key-argument.ts'
import { KeyGroups } from '../../../src/cli/keys/key-groups.ts'
import { LogHistogram } from '../../../src/cli/keys/log-histogram.ts'
import type { ListedKey } from '../../../src/keys/listed-key.ts'

function item(key: string | Buffer, facts: Partial<ListedKey> = {}): ListedKey {
  const rest = { server: 's', ttl: 60, lastAccess: 0, fetched: true, size: 100, cas: 1n, slabClass: 1 }
  return { ...rest, ...facts, key }
}

describe('a pattern', () => {
  it.each([
    ['*', 'anything\nat all', true],
    ['user:*', 'user:1', true],
    ['user:*', 'a user:1', false],
    ['user:?', 'user:1', true],
    ['user:?', 'user:12', false],
    ['user:?', 'user:🚀', true],
    ['[a-c]1', 'b1', true],
    ['[a-c]1', 'd1', false],
    ['[^a-c]1', 'd1', true],
    ['[]]', ']', false],
    ['[x', '[x', true],
    ['\\*', '*', true],
    ['\\*', 'x', false],
    ['[\\]d]', 'd', true],
    ['[\\d]', '5', false],
    ['a.c', 'abc', false],
    ['(a|b)+', '(a|b)+', true],
    ['', '', true],
  ])('%j on %j: %s', (pattern, text, matches) => {
    expect(globTest(pattern)(text)).toBe(matches)
  })
})

describe('a key as a word', () => {
  it.each<[key: string | Buffer, word: string]>([
    ['user:1', 'user:1'],
    ['日本', '日本'],
    ['a\nb', 'base64:YQpi'],
    ['base64:x', 'base64:YmFzZTY0Ong='],
    [Buffer.from([0xff, 0]), 'base64:/wA='],
  ])('%j is %s, and the same key again', (key, word) => {
    expect(showKeyText(key)).toBe(word)
    expect(Buffer.from(readKey(word))).toEqual(Buffer.from(key))
  })

  it.each(['base64:', 'base64:?', 'base64:YQ=x'])('%s is refused', (word) => {
    expect(() => readKey(word)).toThrow(`${word} is not base64 after base64:`)
  })
})

describe('groups of keys', () => {
  it.each([
    [1, ['user:*', '*']],
    [2, ['user:1:*', 'user:2:*', 'user:*', '*']],
  ])('have prefixes of %i parts', (depth, prefixes) => {
    const groups = new KeyGroups(':', depth)
    for (const key of ['user:1:a', 'user:1:b', 'user:2:a', 'user:x', 'plain']) groups.add(item(key))
    const names = groups.sorted.map(({ prefix }) => prefix)
    expect(names.toSorted()).toEqual(prefixes.toSorted())
    expect(groups.total).toMatchObject({ items: 5, bytes: 500 })
  })

  it('are 10,000 at most; further keys are one more group', () => {
    const groups = new KeyGroups(':', 1)
    for (let at = 0; at < 10_050; at++) groups.add(item(`${at}:x`))
    expect(groups.sorted).toHaveLength(10_001)
    expect(groups.sorted[0]).toMatchObject({ prefix: '(others)', items: 50 })
  })

  it('know the median of what expires, and how many never do', () => {
    const groups = new KeyGroups(':', 1)
    for (const ttl of [10, 100, 1000, Number.POSITIVE_INFINITY]) groups.add(item('a', { ttl, fetched: false }))
    const [group] = groups.sorted
    expect(group).toMatchObject({ items: 4, immortal: 1, unread: 4 })
    expect(group!.ttl.median).toBeCloseTo(100, -1)
  })
})

describe('the median of a histogram', () => {
  it('is off by 5 % at most', () => {
    for (let exponent = 0; exponent < 30; exponent += 0.37) {
      const histogram = new LogHistogram()
      const value = 2 ** exponent
      for (const other of [0, value, value, value, 2 ** 35]) histogram.add(other)
      expect(Math.abs(histogram.median - value) / (value + 1)).toBeLessThan(0.05)
    }
  })

  it('is exact for one number, and NaN for none', () => {
    const histogram = new LogHistogram()
    expect(histogram.median).toBeNaN()
    histogram.add(3600)
    expect(histogram.median).toBe(3600)
  })
})
