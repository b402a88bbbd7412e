import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Generation, type GenerationItem } from '../../../../src/client/namespace/generation.ts'
import {
  ConnectionClosedError,
  type MemcacheError,
  SerdeError,
  ServerDownError,
  ServerError,
  TimeoutError,
} from '../../../../src/errors.ts'

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

/** An item on a server that is out, or back, as the test says. */
class OutageItem implements GenerationItem {
  failure: MemcacheError | undefined
  held: bigint | undefined = 5n
  added = 0
  readonly get = (): Promise<bigint | undefined> => this.#answer(() => this.held)
  readonly add = (generation: bigint): Promise<boolean> =>
    this.#answer(() => {
      this.added++
      if (this.held !== undefined) return false
      this.held = generation
      return true
    })
  readonly incr = (): Promise<bigint | undefined> =>
    this.#answer(() => {
      if (this.held !== undefined) this.held += 1n
      return this.held
    })

  #answer<T>(answer: () => T): Promise<T> {
    return this.failure === undefined ? Promise.resolve(answer()) : Promise.reject(this.failure)
  }
}

describe('while its server is out', () => {
  const out = new ServerDownError('a is down', { delivery: 'not-sent' })

  it.each([
    out,
    new TimeoutError('timed out', { delivery: 'unknown' }),
    new ConnectionClosedError('lost', { delivery: 'unknown' }),
    new ServerError('SERVER_ERROR host is down', { delivery: 'answered' }),
  ])('the last number is used, and the next answer counts: %s', async (failure) => {
    const item = new OutageItem()
    const generation = new Generation(item, 0, 1000)
    expect(await generation.read()).toBe(5n)
    item.failure = failure
    expect([await generation.read(), await generation.read()]).toEqual([5n, 5n])
    item.failure = undefined
    item.held = 6n
    expect(await generation.read()).toBe(6n)
    expect(item.added).toBe(0)
  })

  it('no number comes from anywhere where none is known', async () => {
    const item = new OutageItem()
    item.failure = out
    const generation = new Generation(item, 0, 1000)
    await expect(generation.read()).rejects.toBe(out)
    await expect(generation.clear()).rejects.toBe(out)
    expect(generation.known).toBeUndefined()
    item.failure = undefined
    expect(await generation.read()).toBe(5n)
  })

  it('a clear fails and changes nothing', async () => {
    const item = new OutageItem()
    const generation = new Generation(item, 0, 1000)
    await generation.read()
    item.failure = out
    await expect(generation.clear()).rejects.toBe(out)
    expect(await generation.read()).toBe(5n)
    item.failure = undefined
    expect(await generation.read()).toBe(5n)
  })

  it('it is asked again after refreshMs only, and after a clear that may have been done', async () => {
    const item = new OutageItem()
    const generation = new Generation(item, 60_000, 1000)
    await generation.read()
    item.failure = new TimeoutError('timed out', { delivery: 'unknown' })
    await expect(generation.clear()).rejects.toBe(item.failure)
    expect(generation.fresh).toBeUndefined()
    expect(await generation.read()).toBe(5n)
    expect(generation.fresh).toBe(5n)
  })

  it('an answer that says nothing of use is told', async () => {
    const item = new OutageItem()
    const generation = new Generation(item, 0, 1000)
    await generation.read()
    item.failure = new SerdeError('it holds no number', { delivery: 'answered' })
    await expect(generation.read()).rejects.toBe(item.failure)
  })

  it('nobody with a number waits longer than half of the time, and the late answer counts', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const item = new AskedItem()
    const generation = new Generation(item, 0, 400)
    const first = generation.read()
    item.questions[0]!(5n)
    await first
    const reading = generation.read()
    vi.advanceTimersByTime(199)
    const early = await Promise.race([reading, Promise.resolve('waits')])
    expect(early).toBe('waits')
    vi.advanceTimersByTime(1)
    expect(await reading).toBe(5n)
    item.questions[1]!(6n)
    await new Promise(setImmediate)
    expect(generation.known).toBe(6n)
    expect(vi.getTimerCount()).toBe(0)
  })
})

it('is one that was never in use where its item is gone', async () => {
  const item = new OutageItem()
  const generation = new Generation(item, 0, 1000)
  const ahead = BigInt(Date.now() + 3_600_000) * 1000n
  item.held = ahead
  await generation.read()
  item.held = undefined
  expect(await generation.read()).toBe(ahead + 1n)
})
