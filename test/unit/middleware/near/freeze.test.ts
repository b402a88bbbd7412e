import { describe, expect, it } from 'vitest'
import { freezeValue } from '../../../../src/middleware/near/freeze.ts'

class Instance {
  x = 1
}

describe('freezing a value', () => {
  it.each([1, 'a', null, true, 5n, [], {}, { a: [{ b: null }] }, Object.create(null)])(
    'makes %o fit to share',
    (value) => {
      expect(freezeValue(value)).toBe(true)
    },
  )

  it('freezes all that is in it, however deep', () => {
    let deepest: unknown[] = []
    const value = deepest
    for (let depth = 0; depth < 100_000; depth++) {
      const inner: unknown[] = []
      deepest.push(inner)
      deepest = inner
    }
    expect([freezeValue(value), Object.isFrozen(value), Object.isFrozen(deepest)]).toEqual([true, true, true])
  })

  it.each([
    Buffer.from('a'),
    new Date(),
    new Map(),
    new Instance(),
    () => 1,
    { a: new Set() },
    [[Buffer.alloc(1)]],
    { frozen: Object.freeze({ inner: { x: 1 } }) },
  ])('does not let callers share %o, and leaves it as it is', (value) => {
    expect(freezeValue(value)).toBe(false)
  })

  it('freezes the plain parts of such a value, and comes to an end where it holds itself', () => {
    const value: Record<string, unknown> = { plain: { x: 1 }, at: new Date() }
    value['self'] = value
    expect(freezeValue(value)).toBe(false)
    expect([Object.isFrozen(value), Object.isFrozen(value['plain']), Object.isFrozen(value['at'])]).toEqual([
      true,
      true,
      false,
    ])
  })
})
