import { describe, expect, it } from 'vitest'
import { InvalidInputError } from '../../../src/errors.ts'
import * as serdes from '../../../src/exports/serde.ts'

const python = 'pickle, pickleVersion, compression, maxBytes'

const layouts = [
  ['dalli', serdes.dalli, 'marshal, strings, compression, maxBytes'],
  ['memjs', serdes.memjs, 'strings'],
  ['metaMemcache', serdes.metaMemcache, python],
  ['phpMemcached', serdes.phpMemcached, 'serialize, strings, compression, maxBytes'],
  ['pylibmc', serdes.pylibmc, python],
  ['pymemcache', serdes.pymemcache, python],
  ['pythonMemcached', serdes.pythonMemcached, python],
  ['spymemcached', serdes.spymemcached, 'integers, compression, maxBytes'],
  ['xmemcached', serdes.xmemcached, 'integers, compression, maxBytes'],
] as const

describe.each(layouts)('the options of %s', (name, factory, known) => {
  const make = (options: unknown) => () => factory(options as object)

  it('are refused where one is unknown, with the known ones', () => {
    expect(make({ nonsense: 1 })).toThrow(new InvalidInputError(`${name} has no option "nonsense"; it has ${known}`))
  })

  it.each([5, null, 'read', []])('are refused where they are %j', (options) => {
    expect(make(options)).toThrow(InvalidInputError)
    expect(make(options)).toThrow(`the options of ${name} must be an object, got `)
  })

  it('can be left out', () => {
    for (const option of known.split(', ')) make({ [option]: undefined })()
    make(undefined)()
  })
})

it.each(layouts.filter(([, , known]) => known.includes('compression')))(
  'the compression of %s is refused where an option is unknown',
  (_, factory) => {
    const make = (compression: object) => () => factory({ compression })
    expect(make({ minByte: 1 })).toThrow(InvalidInputError)
    expect(make({ minByte: 1 })).toThrow(/^compression has no option "minByte"; it has minBytes, level/)
    make({ minBytes: 1, level: 1 })()
  },
)

it('the compression of metaMemcache alone has an algorithm', () => {
  serdes.metaMemcache({ compression: { algorithm: 'zlib' } })
  const others = { compression: { minBytes: 1, algorithm: 'zlib' } }
  expect(() => serdes.pymemcache(others)).toThrow('compression has no option "algorithm"; it has minBytes, level')
})
