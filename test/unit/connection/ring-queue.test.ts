import { expect, it } from 'vitest'
import { RingQueue } from '../../../src/connection/ring-queue.ts'

it('keeps the order through growing and wrapping around', () => {
  const queue = new RingQueue<number>()
  let pushed = 0
  let shifted = 0
  for (let round = 0; round < 50; round++) {
    for (let count = 0; count < 37; count++) queue.push(pushed++)
    expect(queue.at(queue.length - 1)).toBe(pushed - 1)
    for (let count = 0; count < 20; count++) expect(queue.shift()).toBe(shifted++)
  }
  while (queue.length > 0) expect(queue.shift()).toBe(shifted++)
  expect(shifted).toBe(pushed)
})
