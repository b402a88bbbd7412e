import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidInputError } from '../../src/errors.ts'
import { encodeExptime, hasPassed, type Ttl, ttlFromMs } from '../../src/ttl.ts'

const NOW_MS = Date.UTC(2026, 10, 20, 12, 0, 0, 400)
const NOW_SECONDS = Math.ceil(NOW_MS / 1000)
const DAY = 86_400

function ahead(ms: number): Date {
  return new Date(NOW_MS + ms)
}

describe('encodeExptime', () => {
  it.each([
    [0, 0],
    [-0, 0],
    [1, 1],
    [30 * DAY, 30 * DAY],
  ])('sends %d seconds as they are', (ttl, exptime) => {
    expect(encodeExptime(ttl, NOW_MS)).toBe(exptime)
  })

  it('sends more than 30 days as a point in time, never early', () => {
    expect(encodeExptime(30 * DAY + 1, NOW_MS)).toBe(NOW_SECONDS + 30 * DAY + 1)
    expect(encodeExptime(365 * DAY, NOW_MS)).toBe(NOW_SECONDS + 365 * DAY)
  })

  it('accepts the last second that memcached can store and refuses the next', () => {
    expect(encodeExptime(2 ** 31 - 1 - NOW_SECONDS, NOW_MS)).toBe(2 ** 31 - 1)
    expect(() => encodeExptime(2 ** 31 - NOW_SECONDS, NOW_MS)).toThrow(InvalidInputError)
  })

  it('tells those who pass a unix time to pass a Date', () => {
    expect(() => encodeExptime(NOW_SECONDS + 60, NOW_MS)).toThrow(/ttl \d+ ends after January 2038.*a Date/)
  })

  it.each([
    [0, 1],
    [1, 1],
    [999, 1],
    [1000, 1],
    [1001, 2],
    [60_000, 60],
    [30 * DAY * 1000, 30 * DAY],
  ])('sends a Date %d ms ahead as %d seconds: rounded up, never 0', (ms, exptime) => {
    expect(encodeExptime(ahead(ms), NOW_MS)).toBe(exptime)
  })

  it('sends a Date beyond 30 days as a point in time, rounded up', () => {
    const date = ahead(30 * DAY * 1000 + 1)
    expect(encodeExptime(date, NOW_MS)).toBe(Math.ceil(date.getTime() / 1000))
  })

  it('takes a Date of another realm', () => {
    const date = runInNewContext(`new Date(${NOW_MS + 5000})`) as Date
    expect(date instanceof Date).toBe(false)
    expect(encodeExptime(date, NOW_MS)).toBe(5)
  })

  it('never turns a Date ahead into an item that never expires or is gone', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 350 * DAY * 1000 }), (ms) => {
        const exptime = encodeExptime(ahead(ms), NOW_MS)
        // In milliseconds, which are whole: the fractions of seconds are not exact.
        const livesMs = exptime > 30 * DAY ? exptime * 1000 - NOW_MS : exptime * 1000
        expect(livesMs).toBeGreaterThanOrEqual(ms)
        expect(livesMs).toBeLessThan(ms + 1001)
        expect(exptime).toBeGreaterThanOrEqual(1)
      }),
    )
  })

  it.each([
    [ahead(-1), /ttl 2026-11-20T12:00:00.399Z has passed/],
    [new Date(0), /ttl 1970-01-01T00:00:00.000Z has passed/],
    [new Date(Number.NaN), /ttl is an invalid Date/],
    [new Date(Date.UTC(2038, 0, 20)), /ttl 2038-01-20T00:00:00.000Z is after January 2038/],
    [-1, /ttl must be whole seconds.* got -1/],
    [1.5, /got 1.5/],
    [Number.NaN, /got NaN/],
    [Number.POSITIVE_INFINITY, /got Infinity/],
    ['60', /ttl must be .* got "60"/],
    [60n, /got 60n/],
    [null, /got null/],
    [undefined, /got undefined/],
    [true, /got true/],
    [{ getTime: () => NOW_MS }, /got an object/],
    [{ [Symbol.toStringTag]: 'Date' }, /got a Date/],
  ])('refuses case %#, naming the option and the value', (ttl, message) => {
    const encode = () => encodeExptime(ttl as Ttl, NOW_MS)
    expect(encode).toThrow(InvalidInputError)
    expect(encode).toThrow(message)
  })

  it('calls the option by the name it was given', () => {
    expect(() => encodeExptime(-1, NOW_MS, 'defaultTtl')).toThrow(/^defaultTtl /)
  })
})

describe('hasPassed', () => {
  it('is true of a Date, of any realm, that is not ahead any more', () => {
    expect(hasPassed(ahead(1), NOW_MS)).toBe(false)
    expect(hasPassed(ahead(0), NOW_MS)).toBe(true)
    expect(hasPassed(runInNewContext(`new Date(${NOW_MS - 1})`) as Date, NOW_MS)).toBe(true)
  })

  it('is false of what is no point in time', () => {
    for (const ttl of [0, 1, undefined, new Date(Number.NaN)]) expect(hasPassed(ttl, NOW_MS)).toBe(false)
  })
})

describe('ttlFromMs', () => {
  it.each([
    [1500, 2],
    [1000, 1],
    [1, 1],
    [0.5, 1],
    [0, 1],
    [-5000, 1],
    [Number.NEGATIVE_INFINITY, 1],
    [Number.POSITIVE_INFINITY, 0],
  ])('makes whole seconds of %d ms, rounded up and never 0: %d', (ms, seconds) => {
    expect(ttlFromMs(ms)).toBe(seconds)
    expect(ttlFromMs(ms, {})).toBe(seconds)
  })

  it.each([
    [900, 2],
    [1000, 2],
    [1001, 3],
    [Number.POSITIVE_INFINITY, 0],
  ])('gives %d ms a second more where the item must live so long: %d', (ms, seconds) => {
    expect(ttlFromMs(ms, { atLeast: true })).toBe(seconds)
  })

  it('refuses what is no time', () => {
    const bad = [
      () => ttlFromMs(Number.NaN),
      () => ttlFromMs('5' as never),
      () => ttlFromMs(5, { atleast: true } as never),
    ]
    for (const call of bad) expect(call).toThrow(InvalidInputError)
    expect(() => ttlFromMs(5, { atLeast: 1 as never })).toThrow(InvalidInputError)
  })
})
