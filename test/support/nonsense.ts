import { withThen } from './with-then.ts'

/** A value that no call expects, by name; made anew for each call. */
export type Nonsense = readonly [name: string, make: () => unknown]

function fail(): never {
  throw new Error('nonsense was read')
}

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

/** A proxy all of whose traps throw. */
function hostile(target: object): unknown {
  return new Proxy(target, new Proxy({}, { get: () => fail }))
}

function detached(): Uint8Array {
  const bytes = new Uint8Array([97, 98])
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  return bytes
}

class Stringy {
  toString(): string {
    return fail()
  }
  valueOf(): number {
    return fail()
  }
}

class BadlyNamed {
  get [Symbol.toStringTag](): string {
    return 'X\r\nflush_all\r\n'.repeat(100)
  }
}

async function* asyncItems(): AsyncGenerator<string> {
  yield 'a'
}

function* failingItems(): Generator<string> {
  yield 'a'
  fail()
}

/** Values of every kind that JavaScript has, and some that are made to do harm. */
export const NONSENSE: readonly Nonsense[] = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['true', () => true],
  ['0', () => 0],
  ['-1', () => -1],
  ['1.5', () => 1.5],
  ['NaN', () => Number.NaN],
  ['Infinity', () => Number.POSITIVE_INFINITY],
  ['2^53', () => 2 ** 53],
  ['0n', () => 0n],
  ['-1n', () => -1n],
  ['2n ** 70n', () => 2n ** 70n],
  ['the empty text', () => ''],
  ['text', () => 'text'],
  ['text with a line break', () => 'a\r\nflush_all\r\n'],
  ['long text', () => 'x'.repeat(300)],
  ['a lone surrogate', () => 'a\ud800'],
  ['a symbol', () => Symbol('nonsense')],
  ['a function', () => () => 1],
  ['a function that throws', () => fail],
  ['a class', () => Stringy],
  ['an array', () => []],
  ['an array of nonsense', () => [null, Symbol('nonsense'), {}]],
  ['an object', () => ({})],
  ['an object without a prototype', () => Object.create(null)],
  ['an object that throws as text and number', () => new Stringy()],
  ['an object with a hostile name', () => new BadlyNamed()],
  ['an object whose getters throw', () => Object.defineProperty({}, 'signal', { enumerable: true, get: fail })],
  ['a date', () => new Date()],
  ['an invalid date', () => new Date(Number.NaN)],
  ['a Map', () => new Map([[{}, 1]])],
  ['a Set', () => new Set([1])],
  ['a WeakMap', () => new WeakMap()],
  ['a RegExp', () => /a/],
  ['an Error', () => new Error('nonsense')],
  ['a promise', () => Promise.resolve(1)],
  ['a thenable', () => withThen(() => undefined)],
  ['an async iterable', asyncItems],
  ['an iterable that throws', failingItems],
  ['an AbortSignal', () => new AbortController().signal],
  ['bytes', () => new Uint8Array([97])],
  ['no bytes', () => new Uint8Array(0)],
  ['detached bytes', detached],
  ['a proxy of bytes', () => new Proxy(new Uint8Array([97]), {})],
  ['an object that inherits from bytes', () => Object.create(Uint8Array.prototype)],
  ['an array of floats', () => new Float64Array(2)],
  ['a DataView', () => new DataView(new ArrayBuffer(2))],
  ['an ArrayBuffer', () => new ArrayBuffer(2)],
  ['a revoked proxy', () => revoked({})],
  ['a revoked proxy of an array', () => revoked([])],
  ['a hostile proxy', () => hostile({})],
  ['a hostile proxy of an array', () => hostile([])],
  ['a proxy of a signal', () => new Proxy(new AbortController().signal, {})],
]
