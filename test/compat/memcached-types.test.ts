import { describe, expect, it } from 'vitest'
import { compile } from './support/compile.ts'

describe('a program with types', () => {
  it.each([
    ['those of @types/memcached, for which it was written', 'original'],
    ['those of the shim, as a module', 'shim-esm'],
    ['those of the shim, in CommonJS', 'shim-cjs'],
    ['what the shim has besides; a shim is where an original is wanted', 'shim'],
  ])('compiles with %s', async (_name, config) => {
    expect(await compile('.', config)).toBe('')
  })
})
