import { describe, expect, it } from 'vitest'
import { MAX_READS, Sketch, WINDOW } from '../../../../src/middleware/near/sketch.ts'

describe('the sketch of a near cache', () => {
  it('counts the reads of a key, up to 255', () => {
    const sketch = new Sketch()
    for (let reads = 1; reads <= 300; reads++) expect(sketch.add('a')).toBe(Math.min(reads, MAX_READS))
    expect(sketch.add('b')).toBe(1)
  })

  it('is never too low, and too high for few of as many keys as it has columns', () => {
    const sketch = new Sketch()
    for (let at = 0; at < 60_000; at++) sketch.add(`key:${at}`)
    const reads = Array.from({ length: 60_000 }, (_, at) => sketch.add(`key:${at}`))
    expect(Math.min(...reads.slice(0, 30_000), ...reads.slice(30_000))).toBe(2)
    expect(reads.filter((count) => count > 2).length / reads.length).toBeLessThan(0.25)
  })

  it('halves all numbers at the end of a window', () => {
    const sketch = new Sketch()
    for (let reads = 0; reads < 9; reads++) sketch.add('a')
    let turns = 1
    while (!sketch.turn()) turns++
    expect(turns).toBe(WINDOW)
    expect(sketch.add('a')).toBe(5)
    expect(sketch.turn()).toBe(false)
  })
})
