import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { KeyEncoder, type LongKeys } from '../../../src/client/key-encoder.ts'
import { InvalidInputError } from '../../../src/errors.ts'
import { type Key, wireKeyBytes } from '../../../src/protocol/key.ts'

function bytesOf(key: Key, prefix: Key = '', longKeys: LongKeys = 'reject'): Buffer {
  return wireKeyBytes(new KeyEncoder(prefix, longKeys, false).encode(key))
}

describe('KeyEncoder', () => {
  it.each<[key: Key, prefix: Key, text: string]>([
    ['a', '', 'a'],
    ['a', 'app:', 'app:a'],
    ['é', 'app:', 'app:é'],
    ['a', 'é:', 'é:a'],
    ['a', Buffer.from('app:'), 'app:a'],
    [Buffer.from('é'), 'app:', 'app:é'],
    ['a b', 'app:', 'app:a b'],
  ])('joins %j to the prefix %j', (key, prefix, text) => {
    expect(bytesOf(key, prefix)).toEqual(Buffer.from(text))
  })

  it('makes the same key of the same bytes, whatever their form', () => {
    const encoder = new KeyEncoder('p:', 'hash', false)
    for (const text of ['plain', 'é', 'with space', 'x'.repeat(300), '\u{1f600}'.repeat(80)]) {
      expect(encoder.encode(Buffer.from(text))).toEqual(encoder.encode(text))
    }
  })

  it('counts the prefix for the 250 bytes', () => {
    expect(bytesOf('x'.repeat(246), 'app:').length).toBe(250)
    expect(() => bytesOf('x'.repeat(247), 'app:')).toThrow(InvalidInputError)
    expect(() => new KeyEncoder('x'.repeat(250), 'reject', false)).toThrow(/keyPrefix/)
  })

  it('hashes keys that do not fit, by their bytes without the prefix', () => {
    const key = 'k'.repeat(300)
    const digest = createHash('sha256').update(key).digest('base64url')
    expect(bytesOf(key, 'app:', 'hash').toString()).toBe(`app:~${digest}`)
    expect(bytesOf('short', 'app:', 'hash').toString()).toBe('app:short')
    // 187 bytes with a space would not fit in base64.
    expect(bytesOf(`a ${'k'.repeat(185)}`, '', 'hash').toString()).toMatch(/^~[\w-]{43}$/)
  })

  it('asks a function of the caller’s for keys that do not fit, and checks what it gives', () => {
    expect(bytesOf('k'.repeat(300), 'app:', (key) => `long${key.length}`).toString()).toBe('app:long300')
    for (const bad of ['', 'x'.repeat(300), 5 as unknown as string]) {
      expect(() => bytesOf('k'.repeat(300), '', () => bad)).toThrow(InvalidInputError)
    }
  })

  it.each([[''], [new Uint8Array(0)], ['a\ud800'], [5 as unknown as string], [null as unknown as string]])(
    'refuses %j',
    (key) => {
      expect(() => bytesOf(key, 'app:')).toThrow(InvalidInputError)
    },
  )

  it('refuses what only the meta protocol can carry where the client speaks text alone', () => {
    expect(() => new KeyEncoder('', 'reject', true).encode('a b')).toThrow(/meta protocol/)
  })
})
