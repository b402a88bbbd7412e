import { describe, expect, it } from 'vitest'
import { resolveConnectionOptions } from '../../../src/connection/options.ts'
import { InvalidInputError } from '../../../src/errors.ts'

function resolve(options: object): () => unknown {
  return () => resolveConnectionOptions(options)
}

describe('connection options', () => {
  it.each([
    [{ keepAlive: { idle: 5 } }, 'keepAlive has no option "idle"; it has idleMs, intervalMs, probes'],
    [{ keepAlive: [] }, 'option keepAlive must be a boolean or an object, got an Array'],
    [{ keepAlive: 5 }, 'option keepAlive must be a boolean or an object, got 5'],
    [{ keepAlive: { idleMs: 0 } }, 'option keepAlive.idleMs must be a whole number above 0, got 0'],
    [{ coalesceReads: { maxKey: 5 } }, 'coalesceReads has no option "maxKey"; it has maxKeys, maxBytes'],
    [{ coalesceReads: [] }, 'option coalesceReads must be a boolean or an object, got an Array'],
    [{ coalesceReads: null }, 'option coalesceReads must be a boolean or an object, got null'],
  ])('%j is refused by name', (options, message) => {
    expect(resolve(options)).toThrow(InvalidInputError)
    expect(resolve(options)).toThrow(message)
  })

  it('fill in what keepAlive and coalesceReads leave out', () => {
    const resolved = resolveConnectionOptions({ keepAlive: {}, coalesceReads: { maxKeys: 5 } })
    expect(resolved.keepAlive).toEqual({ idleMs: 60_000, intervalMs: undefined, probes: undefined })
    expect(resolved.coalesceReads).toEqual({ maxKeys: 5, maxBytes: 15_000 })
  })
})
