import { expect, it } from 'vitest'
import { showValue } from '../../src/show-value.ts'

it.each([
  ['a"b\n', String.raw`"a\"b\n"`],
  ['x'.repeat(41), `"${'x'.repeat(40)}…"`],
  [1.5, '1.5'],
  [-0, '-0'],
  [Number.NaN, 'NaN'],
  [7n, '7n'],
  [-(10n ** 50n), `-1${'0'.repeat(38)}…n`],
  [10n ** 1000n, 'a bigint of more than 1000 digits'],
  [-(10n ** 1000n), 'a bigint of more than 1000 digits'],
  [true, 'true'],
  [undefined, 'undefined'],
  [null, 'null'],
  [Symbol('secret'), 'a symbol'],
  [() => 'secret', 'a function'],
  [{ secret: 1 }, 'an object'],
  [['secret'], 'an Array'],
  [new Map(), 'a Map'],
  [{ [Symbol.toStringTag]: 'X\r\nflush_all' }, 'an object'],
  [{ [Symbol.toStringTag]: 'X'.repeat(41) }, 'an object'],
  [{ [Symbol.toStringTag]: 'Custom Kind' }, 'a Custom Kind'],
])('shows %s in an error message as %s', (value, shown) => {
  expect(showValue(value)).toBe(shown)
})

it('shows a proxy that was revoked, whose kind cannot be asked', () => {
  const { proxy, revoke } = Proxy.revocable([], {})
  revoke()
  expect(showValue(proxy)).toBe('an object')
})
