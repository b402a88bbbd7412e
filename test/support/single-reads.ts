import type { MemcacheOptions } from './memcache-options.ts'

/** Options of a client whose `getMany` hands each read over by itself: middleware of the caller's sees single operations. */
export const singleReads: MemcacheOptions = { middleware: [(next) => next] }

/** Both ways in which many reads travel. What comes of them must not tell the ways apart. */
export const waysOfReads: readonly (readonly [way: string, options: MemcacheOptions])[] = [
  ['in a batch', {}],
  ['one by one', singleReads],
]
