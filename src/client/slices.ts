// Not the global one, which fake timers put theirs in the place of: batches go on all the same.
import { setImmediate } from 'node:timers'

/** Most keys that a batch works on in one turn of the event loop. */
export const MAX_SLICE = 5000

/** Work in slices. Yields after each of them, and may go on in the next turn of the event loop. */
export type Slices = Generator<void, void, void>

/** Does work on `count` things, from one index up to another: in one go up to `MAX_SLICE`, in slices beyond. */
export function* inSlices(count: number, work: (from: number, end: number) => void): Slices {
  if (count <= MAX_SLICE) return work(0, count)
  for (let from = 0; from < count; from += MAX_SLICE) {
    work(from, Math.min(count, from + MAX_SLICE))
    yield
  }
}

/** No work. */
export function* noSlices(): Slices {}

/** Finds each key once, in slices: the list itself where no key is there twice. */
export function* distinctInSlices<K>(keys: readonly K[]): Generator<void, readonly K[], void> {
  const found = new Set<K>()
  yield* inSlices(keys.length, (from, end) => {
    for (let at = from; at < end; at++) found.add(keys[at]!)
  })
  return found.size === keys.length ? keys : [...found]
}

/** Does all of the work, a slice in each turn of the event loop. */
export async function runSlices(slices: Slices): Promise<void> {
  while (slices.next().done !== true) await nextTurn()
}

/** Waits for the next turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
