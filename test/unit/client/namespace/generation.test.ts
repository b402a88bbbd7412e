import { expect, it } from 'vitest'
import { Generation, type GenerationItem } from '../../../../src/client/namespace/generation.ts'

/** An item whose reads the test answers. */
class AskedItem implements GenerationItem {
  readonly questions: ((answer: bigint) => void)[] = []
  readonly get = (): Promise<bigint> => new Promise((resolve) => this.questions.push(resolve))
  readonly add = (): Promise<boolean> => Promise.resolve(false)
  readonly incr = (): Promise<bigint> => Promise.reject(new Error('lost'))
}

it('calls at a time share one question', async () => {
  const item = new AskedItem()
  const generation = new Generation(item, 60_000, 1000)
  const reads = [generation.read(), generation.read()]
  expect(item.questions.length).toBe(1)
  item.questions[0]!(5n)
  expect(await Promise.all(reads)).toEqual([5n, 5n])
  expect(generation.fresh).toBe(5n)
})

it('a question older than refreshMs is not shared, and its late answer not kept', async () => {
  const item = new AskedItem()
  const generation = new Generation(item, 0, 1000)
  const reads = [generation.read(), generation.read()]
  expect(item.questions.length).toBe(2)
  item.questions[1]!(6n)
  expect(await reads[1]).toBe(6n)
  item.questions[0]!(5n)
  await reads[0]
  expect(generation.known).toBe(6n)
})

it('is not trusted after a clear that may have been done', async () => {
  const item = new AskedItem()
  const generation = new Generation(item, 60_000, 1000)
  const read = generation.read()
  item.questions[0]!(5n)
  await read
  expect(generation.fresh).toBe(5n)
  await expect(generation.clear()).rejects.toThrow('lost')
  expect(generation.fresh).toBeUndefined()
})

it('is a new one each time that its item is gone, also within one tick of the clock', async () => {
  const item: GenerationItem = {
    get: () => Promise.resolve(undefined),
    add: () => Promise.resolve(true),
    incr: () => Promise.resolve(undefined),
  }
  const generation = new Generation(item, 0, 1000)
  const seen: bigint[] = []
  for (let round = 0; round < 2000; round++) {
    if (round % 2 === 0) await generation.clear()
    else await generation.read()
    seen.push(generation.known!)
  }
  expect(new Set(seen).size).toBe(seen.length)
  expect(seen).toEqual(seen.toSorted((a, b) => (a < b ? -1 : 1)))
})
