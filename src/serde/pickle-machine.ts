import { Buffer } from 'node:buffer'
import { showValue } from '../show-value.ts'
import { Allowance, COST } from './allowance.ts'
import { setMember } from './plain-value.ts'

/** The two calls with which protocols 0 to 2 write bytes, by their qualified name. */
const CALLS: ReadonlyMap<string, Call> = new Map([
  ['_codecs.encode', { name: 'encode' }],
  ['__builtin__.bytes', { name: 'bytes' }],
  ['builtins.bytes', { name: 'bytes' }],
])

const CALL_SET: ReadonlySet<unknown> = new Set(CALLS.values())

interface Call {
  readonly name: 'encode' | 'bytes'
}

/**
 * Stack machine that runs a pickle, reduced to plain types: it builds lists, tuples, dicts and bytes, and cannot call
 * or make anything else. No method recurses.
 */
export class PickleMachine {
  readonly #stack: unknown[] = []
  readonly #marks: number[] = []
  readonly #memo = new Map<number, unknown>()
  readonly #lists: unknown[][] = []
  readonly #dicts: Map<unknown, unknown>[] = []
  readonly #allowance: Allowance

  /** @param maxBytes - Memory limit of all objects made by the program. */
  constructor(maxBytes: number) {
    this.#allowance = new Allowance(maxBytes)
  }

  push(value: unknown): void {
    this.#allowance.take(COST.slot)
    this.#stack.push(value)
  }

  pushText(text: string): void {
    this.#allowance.take(COST.text + text.length)
    this.push(text)
  }

  /** Pushes a copy of the bytes. */
  pushBytes(bytes: Uint8Array): void {
    this.#allowance.take(COST.buffer + bytes.byteLength)
    this.push(Buffer.from(bytes))
  }

  pop(): unknown {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) throw damaged()
    return this.#stack.pop()
  }

  top(): unknown {
    const value = this.pop()
    this.#stack.push(value)
    return value
  }

  /** Drops the top: POP removes a mark if one is on top. */
  drop(): void {
    if (this.#marks.at(-1) === this.#stack.length) this.#marks.pop()
    else this.pop()
  }

  mark(): void {
    this.#allowance.take(COST.slot)
    this.#marks.push(this.#stack.length)
  }

  /** Pops everything above the last mark, in order. */
  popToMark(): unknown[] {
    const mark = this.#marks.pop()
    if (mark === undefined) throw damaged()
    return this.#stack.splice(mark)
  }

  remember(index: number): void {
    this.#allowance.take(COST.entry)
    this.#memo.set(index, this.top())
  }

  rememberNext(): void {
    this.remember(this.#memo.size)
  }

  recall(index: number): void {
    if (!this.#memo.has(index)) throw damaged()
    this.push(this.#memo.get(index))
  }

  /** Pushes a list, or a tuple, which is an array as well. */
  pushList(items: unknown[]): void {
    this.#allowance.take(COST.list + items.length * COST.slot)
    this.#lists.push(items)
    this.push(items)
  }

  append(items: readonly unknown[]): void {
    const list = this.top()
    if (!Array.isArray(list)) throw damaged()
    this.#allowance.take(items.length * COST.slot)
    for (const item of items) list.push(item)
  }

  pushDict(items: readonly unknown[]): void {
    this.#allowance.take(COST.dict)
    const dict = new Map<unknown, unknown>()
    this.#dicts.push(dict)
    this.push(dict)
    this.setItems(items)
  }

  setItems(items: readonly unknown[]): void {
    const dict = this.top()
    if (!(dict instanceof Map) || items.length % 2 !== 0) throw damaged()
    this.#allowance.take((items.length / 2) * COST.entry)
    for (let at = 0; at < items.length; at += 2) {
      const key = items[at]
      if (key instanceof Map || isCall(key)) throw damaged()
      dict.set(key, items[at + 1])
    }
  }

  /** Pushes a global of Python: refused, except the two that write bytes. */
  global(module: unknown, name: unknown): void {
    // An array of arrays would be joined to a text of any length.
    if (typeof module !== 'string' || typeof name !== 'string') throw damaged()
    const full = `${module}.${name}`
    const call = CALLS.get(full)
    if (call === undefined) {
      throw new Error(
        `the pickle holds ${showValue(full)}: only None, booleans, numbers, text, bytes, lists, tuples and dicts are read`,
      )
    }
    this.push(call)
  }

  reduce(): void {
    const items = this.pop()
    const call = this.pop()
    if (!isCall(call) || !Array.isArray(items)) throw damaged()
    if (call.name === 'bytes') this.pushBytes(noBytes(items))
    else this.#pushEncoded(latin1Text(items))
  }

  /** Pushes the bytes of a text. One text may be encoded many times: the bytes are new each time. */
  #pushEncoded(text: string): void {
    this.#allowance.take(COST.buffer + text.length)
    const bytes = Buffer.from(text, 'latin1')
    if (bytes.toString('latin1') !== text) throw damaged()
    this.push(bytes)
  }

  /** Returns the only value left; dicts whose keys are all text become objects. */
  finish(): unknown {
    const result = this.pop()
    if (this.#stack.length > 0 || this.#marks.length > 0) throw damaged()
    const objects = new Map<unknown, object>()
    for (const dict of this.#dicts) if (hasTextKeysOnly(dict)) objects.set(dict, {})
    const final = (value: unknown): unknown => {
      if (isCall(value)) throw damaged()
      return objects.get(value) ?? value
    }
    for (const list of this.#lists) finishList(list, final)
    for (const dict of this.#dicts) finishDict(dict, objects.get(dict), final)
    return final(result)
  }
}

function hasTextKeysOnly(dict: ReadonlyMap<unknown, unknown>): boolean {
  for (const key of dict.keys()) if (typeof key !== 'string') return false
  return true
}

function finishList(list: unknown[], final: (value: unknown) => unknown): void {
  for (let at = 0; at < list.length; at++) list[at] = final(list[at])
}

function finishDict(dict: Map<unknown, unknown>, object: object | undefined, final: (value: unknown) => unknown): void {
  for (const [key, value] of dict) {
    if (object === undefined) dict.set(key, final(value))
    else setMember(object, key as string, final(value))
  }
}

function isCall(value: unknown): value is Call {
  return CALL_SET.has(value)
}

function noBytes(items: readonly unknown[]): Buffer {
  if (items.length > 0) throw damaged()
  return Buffer.alloc(0)
}

function latin1Text([text, encoding]: readonly unknown[]): string {
  if (typeof text !== 'string' || encoding !== 'latin1') throw damaged()
  return text
}

/** Makes the error for a pickle that Python never writes. */
export function damaged(): Error {
  return new Error('the value is stored as a pickle and is not one, or a damaged one')
}
