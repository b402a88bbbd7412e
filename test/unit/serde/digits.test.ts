import { Buffer } from 'node:buffer'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { Memcache } from '../../../src/client/memcache.ts'
import { BatchError, InvalidInputError, SerdeError } from '../../../src/errors.ts'
import {
  dalli,
  defaultSerde,
  metaMemcache,
  phpMemcached,
  pylibmc,
  pymemcache,
  pythonMemcached,
  type Serde,
  structuredClone,
} from '../../../src/exports/serde.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { looseNumbers, strictNumbers } from '../../../src/server/numbers.ts'
import { rejection } from '../../support/eventually.ts'
import { patient } from '../../support/memcache-options.ts'
import { read, roundTrip } from './round-trip.ts'

const MAX_DIGITS = 10_000
const MANY_DIGITS = 10_000_000
const longest = '9'.repeat(MAX_DIGITS)
const tooLong = `1${'0'.repeat(MAX_DIGITS)}`

/** The longest text that was turned into a bigint. */
let longestText = 0

beforeEach(() => {
  longestText = 0
  const original = BigInt
  const watched = (value: string | number | bigint | boolean): bigint => {
    if (typeof value === 'string') longestText = Math.max(longestText, value.length)
    return original(value)
  }
  vi.stubGlobal('BigInt', Object.setPrototypeOf(watched, original))
})

afterEach(() => {
  vi.unstubAllGlobals()
})

const readers: readonly (readonly [name: string, serde: Serde, clientFlags: number])[] = [
  ['defaultSerde, flags 2', defaultSerde, 2],
  ['defaultSerde, flags 4', defaultSerde, 4],
  ['pymemcache, flags 2', pymemcache(), 2],
  ['pymemcache, flags 4', pymemcache(), 4],
  ['pylibmc, flags 2', pylibmc(), 2],
  ['pylibmc, flags 4', pylibmc(), 4],
  ['pythonMemcached, flags 2', pythonMemcached(), 2],
  ['metaMemcache, flags 4', metaMemcache(), 4],
  ['phpMemcached, flags 1', phpMemcached(), 1],
  ['structuredClone, flags 2', structuredClone, 2],
]

describe.each(readers)('%s', (_name, serde, clientFlags) => {
  it.each([longest, `-${longest}`])('reads 10,000 digits', (digits) => {
    expect(read(digits, clientFlags, serde) === BigInt(digits)).toBe(true)
  })

  it.each([tooLong, `-${tooLong}`, '9'.repeat(MANY_DIGITS), '0'.repeat(MANY_DIGITS)])(
    'refuses more before it makes a bigint of them',
    (digits) => {
      expect(() => read(digits, clientFlags, serde)).toThrow('more than 10000 digits')
      expect(longestText).toBe(0)
    },
  )
})

function long1(bytes: number): string {
  const length = Buffer.alloc(4)
  length.writeInt32LE(bytes)
  return `\x80\x02\x8b${length.toString('latin1')}${'\x7f'.repeat(bytes)}.`
}

describe('an integer in the object format of another language', () => {
  const marshal = pythonMemcached({ pickle: 'read' })
  it.each([
    ['a LONG of a pickle', marshal, 1, `L${tooLong}L\n.`],
    ['an INT of a pickle', marshal, 1, `I${tooLong}\n.`],
    ['a LONG4 of a pickle', marshal, 1, long1(5000)],
    ['a number of PHP', phpMemcached({ serialize: 'read' }), 4, `i:${tooLong};`],
    ['a key of PHP', phpMemcached({ serialize: 'read' }), 4, `a:1:{i:${tooLong};N;}`],
    ['a Bignum of Marshal', dalli({ marshal: 'read' }), 1, `\x04\x08l+\x02\xc4\x09${'\x7f'.repeat(5000)}`],
  ])('is refused where it has more than 10,000 digits: %s', (_name, serde, clientFlags, bytes) => {
    expect(() => read(bytes, clientFlags, serde)).toThrow('more than 10000 digits')
    expect(longestText).toBe(0)
  })

  it.each([
    ['pickle', pymemcache({ pickle: 'readWrite' })],
    ['Marshal', dalli({ marshal: 'readWrite' })],
  ])('is written and read with 10,000 digits, and no more: %s', (_name, serde) => {
    expect(roundTrip([BigInt(longest), -BigInt(longest)], serde)).toEqual([BigInt(longest), -BigInt(longest)])
    expect(() => serde.serialize([BigInt(tooLong)], 'key')).toThrow('more than 10000 digits')
    expect(() => serde.serialize([-BigInt(tooLong)], 'key')).toThrow('more than 10000 digits')
  })
})

async function client(serde: Serde): Promise<Memcache> {
  const server = await MemcachedServer.start()
  const cache = new Memcache(server.address, { ...patient, serde })
  onTestFinished(async () => {
    cache.destroy()
    await server.close()
  })
  return cache
}

describe('storing a bigint of more than 10,000 digits', () => {
  const writers: readonly (readonly [name: string, serde: Serde])[] = [
    ['defaultSerde', defaultSerde],
    ['pymemcache', pymemcache()],
    ['dalli with Marshal', dalli({ marshal: 'readWrite' })],
  ]

  it.each(writers)('is bad input: %s', async (_name, serde) => {
    const cache = await client(serde)
    for (const value of [BigInt(tooLong), -BigInt(tooLong)]) {
      const error = await rejection(cache.set('k', value))
      expect(error).toBeInstanceOf(InvalidInputError)
      expect(error).toMatchObject({ delivery: 'not-sent', message: expect.stringContaining('"k"') })
      expect(await rejection(cache.noreply.set('k', value))).toBeInstanceOf(InvalidInputError)
    }
    expect(await rejection(cache.setMany({ other: 1, k: BigInt(tooLong) }))).toBeInstanceOf(InvalidInputError)
    expect([...(await cache.getMany(['k', 'other'])).keys()]).toEqual([])
  })

  it('is fine up to there, with the default serde', async () => {
    const cache = await client(defaultSerde)
    for (const value of [BigInt(longest), -BigInt(longest)]) {
      await cache.set('k', value)
      expect((await cache.get('k')) === value).toBe(true)
    }
  })

  it('and reading one is a SerdeError, of its own key', async () => {
    const cache = await client(defaultSerde)
    await cache.set('k', tooLong, { clientFlags: 4 })
    await cache.set('other', 1)
    expect(await rejection(cache.get('k'))).toBeInstanceOf(SerdeError)
    const error = await rejection(cache.getMany(['k', 'other']))
    expect((error as BatchError).found).toEqual(new Map([['other', 1]]))
    expect(error).toBeInstanceOf(BatchError)
  })
})

it('the embedded server makes no bigint of more digits than 64 bits have', () => {
  const digits = Buffer.from('9'.repeat(100_000))
  const zeros = Buffer.from(`${'0'.repeat(100_000)}7`)
  for (const numbers of [looseNumbers, strictNumbers]) {
    expect(numbers.uint64(digits, 0, digits.length)).toBeUndefined()
    expect(numbers.uint64(zeros, 0, zeros.length)).toBe(7n)
  }
  expect(longestText).toBeLessThanOrEqual(20)
})
