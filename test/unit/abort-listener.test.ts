import { expect, it } from 'vitest'
import { whenAborted } from '../../src/abort-listener.ts'

/** Counts the listeners of a signal. */
function countListeners(signal: AbortSignal): () => number {
  let count = 0
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    count++
    add(...args)
  }
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    count--
    remove(...args)
  }
  return () => count
}

it('hundreds wait for one signal by one listener, which goes with the last of them', () => {
  const { signal } = new AbortController()
  const listeners = countListeners(signal)
  const leave = Array.from({ length: 300 }, () => whenAborted(signal, () => undefined))
  expect(listeners()).toBe(1)
  for (const end of leave) end()
  expect(listeners()).toBe(0)
  for (const end of leave) end()
  whenAborted(signal, () => undefined)()
  expect(listeners()).toBe(0)
})

it('all are called when it aborts, but those that left, each once', () => {
  const controller = new AbortController()
  const listeners = countListeners(controller.signal)
  const called: string[] = []
  whenAborted(controller.signal, () => called.push('first'))
  const leave = whenAborted(controller.signal, () => called.push('gone'))
  const second = whenAborted(controller.signal, () => {
    called.push('second')
    // What settles by the abort ends its waiting, and that of others.
    second()
    third()
  })
  const third = whenAborted(controller.signal, () => called.push('third'))
  leave()
  controller.abort()
  expect(called).toEqual(['first', 'second'])
  expect(listeners()).toBe(0)
})

it('who left another round of waiting does not end this one', () => {
  const controller = new AbortController()
  let calls = 0
  const before = whenAborted(controller.signal, () => calls++)
  before()
  whenAborted(controller.signal, () => calls++)
  before()
  controller.abort()
  expect(calls).toBe(1)
})
