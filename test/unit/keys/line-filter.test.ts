import { array, assert, property, stringMatching } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLineFilter } from '../../../src/keys/line-filter.ts'

function filter(prefix: string, lines: string): string {
  return createLineFilter(Buffer.from(prefix))(Buffer.from(lines)).toString()
}

describe('a filter of lines', () => {
  it.each<[what: string, lines: string[], kept: string[]]>([
    ['keeps nothing of nothing', [], []],
    ['keeps the first', ['key=a:1', 'key=b:1', 'key=b:2'], ['key=a:1']],
    ['keeps the last', ['key=b:1', 'key=a:1'], ['key=a:1']],
    [
      'keeps neighbours',
      ['key=a:1', 'key=a:2', 'key=b', 'key=a:3', 'key=a:4'],
      ['key=a:1', 'key=a:2', 'key=a:3', 'key=a:4'],
    ],
    ['keeps a key that is the prefix', ['key=a', 'key=a: exp=1'], ['key=a: exp=1']],
    ['drops what is in the middle of a line', ['OK', 'key=b exp=1 key=a:1', 'xkey=a:1'], []],
  ])('%s', (_what, lines, kept) => {
    expect(filter('a:', lines.map((line) => `${line}\n`).join(''))).toBe(kept.map((line) => `${line}\n`).join(''))
  })

  it('keeps what a look at each line would keep', () => {
    const line = stringMatching(/^key=[ab]{0,4}( exp=1)?$/)
    assert(
      property(stringMatching(/^[ab]{0,2}$/), array(line, { maxLength: 12 }), (prefix, lines) => {
        const wanted = lines.filter((one) => one.startsWith(`key=${prefix}`))
        expect(filter(prefix, lines.map((one) => `${one}\n`).join(''))).toBe(wanted.map((one) => `${one}\n`).join(''))
      }),
    )
  })

  it('does not hold on to the memory of what it drops, nor copies what it keeps whole', () => {
    const piece = Buffer.from(`key=a:1\n${'key=b exp=1\n'.repeat(10_000)}`)
    const keep = createLineFilter(Buffer.from('a:'))
    expect(keep(piece).buffer.byteLength).toBeLessThan(piece.buffer.byteLength / 2)
    const whole = Buffer.from('key=a:1\nkey=a:2\n')
    expect(keep(whole)).toBe(whole)
  })
})
