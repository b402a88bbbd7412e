import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { InvalidInputError } from '../../../src/errors.ts'
import { rejection } from '../../support/eventually.ts'
import type { Context } from '../context.ts'

const long = `${'é'.repeat(200)}-end`
const digest = createHash('sha256').update(long).digest('base64url')

export function describeLongKeys(context: Context): void {
  describe('long keys', () => {
    it('are refused by default, in a batch without harm to the others', async () => {
      const cache = context.client()
      expect(await rejection(cache.set(long, 1))).toBeInstanceOf(InvalidInputError)
      expect(await rejection(cache.getMany([context.key(), long]))).toBeInstanceOf(InvalidInputError)
    })

    it('travel as prefix, ~ and SHA-256 with longKeys: hash', async () => {
      const cache = context.client({ longKeys: 'hash', keyPrefix: 'app:' })
      expect(await cache.set(long, 'v')).toBe(true)
      expect(await cache.get(long)).toBe('v')
      expect(await cache.getMany([long])).toEqual(new Map([[long, 'v']]))
      expect(await context.raw().ask(`mg app:~${digest} s\r\n`)).toBe('HD s1\r\n')
    })

    it('stay as they are while they fit', async () => {
      const key = context.key()
      await context.client({ longKeys: 'hash' }).set(key, 'v')
      expect(await context.raw().ask(`mg ${key} s\r\n`)).toBe('HD s1\r\n')
    })

    it('can be shortened by a function', async () => {
      const name = context.key('short')
      const cache = context.client({ longKeys: (key) => `${name}${key.length}` })
      await cache.set(long, 'v')
      expect(await cache.get(long)).toBe('v')
      expect(await context.raw().ask(`mg ${name}${Buffer.byteLength(long)} s\r\n`)).toBe('HD s1\r\n')
    })

    it('that the function does not shorten are refused', async () => {
      const cache = context.client({ longKeys: (key) => Buffer.from(key).toString() })
      expect(await rejection(cache.set(long, 1))).toBeInstanceOf(InvalidInputError)
    })
  })
}
