import { describe, expect, it } from 'vitest'
import { InvalidInputError } from '../../../../src/errors.ts'
import { nearCache } from '../../../../src/middleware/near/near-cache.ts'

describe('the options of nearCache', () => {
  it('have defaults, but for ttlMs', () => {
    expect(nearCache({ ttlMs: 1000 }).options).toEqual({
      ttlMs: 1000,
      maxBytes: 16_777_216,
      maxItemBytes: 65_536,
      admitAfter: 3,
      missTtlMs: 0,
      staleWhileRevalidateMs: 0,
      shared: false,
    })
    expect(() => nearCache({} as never)).toThrow(
      'nearCache needs ttlMs: the milliseconds, 1 to 60,000, for which a value may be given without asking the server',
    )
  })

  it.each([
    [undefined, 'the options of nearCache must be an object, got undefined'],
    [{ ttlMs: 0 }, 'option ttlMs must be a number of milliseconds from 1 to 60,000, got 0'],
    [{ ttlMs: 60_001 }, 'option ttlMs must be a number of milliseconds from 1 to 60,000, got 60001'],
    [{ ttlMs: Number.NaN }, 'option ttlMs must be'],
    [{ ttlMs: '1000' }, 'option ttlMs must be'],
    [{ ttl: 1000 }, 'nearCache has no option "ttl"'],
    [{ ttlMs: 1, maxBytes: 0 }, 'option maxBytes must be a whole number above 0, got 0'],
    [{ ttlMs: 1, maxItemBytes: 1.5 }, 'option maxItemBytes must be'],
    [{ ttlMs: 1, admitAfter: 256 }, 'option admitAfter must be a whole number from 1 to 255, got 256'],
    [{ ttlMs: 1, admitAfter: 0 }, 'option admitAfter must be'],
    [{ ttlMs: 1, missTtlMs: -1 }, 'option missTtlMs must be a number of milliseconds from 0 to 60,000, got -1'],
    [{ ttlMs: 1, staleWhileRevalidateMs: 1e9 }, 'option staleWhileRevalidateMs must be'],
    [{ ttlMs: 1, shared: 1 }, 'option shared must be true or false, got 1'],
    [{ ttlMs: 1, keys: 'user:' }, 'option keys must be a list of prefixes or a function, got "user:"'],
    [{ ttlMs: 1, keys: ['a', 5] }, 'option keys must be a list of texts'],
    [{ ttlMs: 1, keys: ['\ud800'] }, 'lone surrogate'],
  ])('are refused where they cannot be used: %j', (options, message) => {
    expect(() => nearCache(options as never)).toThrow(InvalidInputError)
    expect(() => nearCache(options as never)).toThrow(message)
  })

  it('are those of the call: a list that changes later is another list', () => {
    const keys = ['a:']
    const part = nearCache({ ttlMs: 1, keys })
    keys.push('b:')
    expect(part.options).toMatchObject({ keys: ['a:'] })
    expect(Object.isFrozen(part) && Object.isFrozen(part.options)).toBe(true)
  })
})
