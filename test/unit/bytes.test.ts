import { Buffer } from 'node:buffer'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { byteLengthOf, isBytes, viewOf } from '../../src/bytes.ts'
import { quoteKey } from '../../src/protocol/key.ts'
import { lostBytes } from '../support/lost-bytes.ts'

class Liar extends Uint8Array {
  override get byteLength(): number {
    return 3
  }
  override get length(): number {
    throw new Error('not your business')
  }
}

describe('bytes', () => {
  it.each([
    ['a Uint8Array', new Uint8Array(2)],
    ['a Buffer', Buffer.alloc(2)],
    ['one of another realm', runInNewContext('new Uint8Array(2)') as unknown],
    ['one over shared memory', new Uint8Array(new SharedArrayBuffer(2))],
    ['one of a subclass', new Liar(2)],
  ])('are %s', (_name, value) => {
    expect(isBytes(value)).toBe(true)
    expect(byteLengthOf(value as Uint8Array)).toBe(2)
    expect(viewOf(value as Uint8Array)).toEqual(Buffer.alloc(2))
  })

  it.each([
    ['an object with the prototype alone', Object.create(Uint8Array.prototype) as unknown],
    ['a proxy', new Proxy(new Uint8Array(2), {})],
    ['an object with the name', { [Symbol.toStringTag]: 'Uint8Array' }],
    ['another array', new Int8Array(2)],
    ['a DataView', new DataView(new ArrayBuffer(2))],
    ['null', null],
    ['a text', 'text'],
  ])('are not %s', (_name, value) => {
    expect(isBytes(value)).toBe(false)
  })

  it.each(lostBytes)('that are %s have no length and no view', (_name, lose) => {
    const bytes = lose(20)
    expect(isBytes(bytes)).toBe(true)
    expect(byteLengthOf(bytes)).toBeUndefined()
    expect(viewOf(bytes)).toBeUndefined()
    expect(quoteKey(bytes)).toBe('"(bytes that are gone)"')
  })

  it('that are none at all have the length 0, and are a view of what is there otherwise', () => {
    expect(byteLengthOf(new Uint8Array(0))).toBe(0)
    expect(viewOf(new Uint8Array(0))).toEqual(Buffer.alloc(0))
    const memory = Buffer.from('0123456789')
    const view = viewOf(new Uint8Array(memory.buffer, memory.byteOffset + 2, 3))!
    expect(view.toString()).toBe('234')
    memory.write('x', 2)
    expect(view.toString()).toBe('x34')
  })
})
