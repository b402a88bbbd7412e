import { describe, expect, it } from 'vitest'
import { OutdatedKeys } from '../../../src/cluster/outdated-keys.ts'
import type { WireKey } from '../../../src/protocol/key.ts'

const entry = (key: WireKey) => ({ key, callerKey: typeof key === 'string' ? key : key.text })

function keysOf(maxKeys: number): { keys: OutdatedKeys<string>; overflows: () => number; ends: () => number } {
  let overflows = 0
  let ends = 0
  return {
    keys: new OutdatedKeys<string>(
      maxKeys,
      () => overflows++,
      () => ends++,
    ),
    overflows: () => overflows,
    ends: () => ends,
  }
}

describe('outdated keys', () => {
  it('holds each key once, with everybody who has a copy', () => {
    const { keys } = keysOf(10)
    keys.add(entry('k'), 'b')
    keys.add(entry('k'), 'c')
    keys.add(entry('k'), undefined)
    expect(keys.size).toBe(1)
    expect(keys.take(10)).toMatchObject([{ key: 'k', callerKey: 'k', copies: ['b', 'c'] }])
    expect(keys.take(10)).toEqual([])
  })

  it('holds a key until it is removed, and tells when the last one is', () => {
    const { keys, ends } = keysOf(10)
    for (const key of ['k1', 'k2']) keys.add(entry(key), 'b')
    const [first, second] = keys.take(10)
    keys.removed(first!)
    expect([keys.has('k1'), keys.has('k2'), keys.size, ends()]).toEqual([false, true, 1, 0])
    keys.removed(second!)
    expect([keys.has('k2'), keys.size, ends()]).toEqual([false, 0, 1])
  })

  it('holds a key that is outdated again while it is being removed', () => {
    const { keys } = keysOf(10)
    keys.add(entry('k'), undefined)
    const [taken] = keys.take(1)
    keys.add(entry('k'), 'c')
    keys.removed(taken!)
    expect(keys.has('k')).toBe(true)
    expect(keys.take(1)).toMatchObject([{ key: 'k', copies: ['c'] }])
  })

  it('takes a single key, known or not', () => {
    const { keys } = keysOf(10)
    keys.add(entry('k'), 'b')
    const known = keys.takeOne(entry('k'))
    const unknown = keys.takeOne(entry('other'))
    expect([known.copies, unknown.copies, keys.take(10)]).toEqual([['b'], [], []])
    keys.removed(known)
    keys.removed(unknown)
    expect(keys.size).toBe(0)
  })

  it('tells a base64 key from the text that spells it', () => {
    const { keys } = keysOf(10)
    keys.add(entry('YSBi'), 'b')
    keys.add(entry({ text: 'YSBi', form: 'base64', echo: 'YSBi' }), 'b')
    expect(keys.size).toBe(2)
  })

  it('takes the oldest first', () => {
    const { keys } = keysOf(10)
    for (const key of ['k1', 'k2', 'k3']) keys.add(entry(key), 'b')
    expect(keys.take(2).map(({ key }) => key)).toEqual(['k1', 'k2'])
  })

  it('tells the first key too many, and no other until the server was back', () => {
    const { keys, overflows } = keysOf(1)
    for (const key of ['k1', 'k1', 'k2', 'k3']) keys.add(entry(key), 'b')
    expect(overflows()).toBe(1)
    expect(keys.take(10).map(({ key }) => key)).toEqual(['k1'])
    keys.forgiveOverflow()
    for (const key of ['k1', 'k2']) keys.add(entry(key), 'b')
    expect(overflows()).toBe(2)
  })

  it('holds none at all where none may be held, and tells so', () => {
    const { keys, overflows } = keysOf(0)
    keys.add(entry('k'), 'b')
    expect([keys.size, overflows()]).toEqual([0, 1])
  })

  it('takes a key back whose removal failed, beside what came meanwhile', () => {
    const { keys } = keysOf(10)
    keys.add(entry('k'), 'b')
    const [taken] = keys.take(1)
    keys.add(entry('k'), 'c')
    keys.restore(taken!)
    expect(keys.take(10)).toMatchObject([{ key: 'k', callerKey: 'k', copies: ['c', 'b'] }])
  })
})
