import { describe, expect, it } from 'vitest'
import { resolveClientOptions } from '../../../src/client/options.ts'
import { InvalidInputError } from '../../../src/errors.ts'

describe('the options of a client', () => {
  it.each([
    [{ timeout: 5 }, 'option "timeout" must be one that memlane knows: did you mean timeoutMs?'],
    [{ keyprefix: 'a' }, 'option "keyprefix" must be one that memlane knows: did you mean keyPrefix?'],
    [{ password: 'secret' }, 'option "password" must be one that memlane knows'],
    [[], 'option options must be an object, got an Array'],
    [5, 'option options must be an object, got 5'],
    [{ compression: { foo: 1 } }, 'compression has no option "foo"; it has minBytes, level, asyncBytes, algorithm'],
    [{ compression: [] }, 'option compression must be true, false or an object, got an Array'],
  ])('%j are refused', (options, message) => {
    expect(() => resolveClientOptions(options as object)).toThrow(new InvalidInputError(message))
  })
})
