import { createHash } from 'node:crypto'
import type { GetOrSetOptions, Memcache } from 'memlane'

/** A function whose results are kept. */
export interface Memo<Args extends readonly unknown[], Result> {
  (...args: Args): Promise<Result>
  /** Makes the next call with these arguments load anew, in every process. */
  forget(...args: Args): Promise<void>
}

/** Returns a function that loads each result once, for all processes. Arguments and results are what JSON can say. */
export function memoize<Args extends readonly unknown[], Result>(
  cache: Memcache,
  name: string,
  load: (...args: Args) => Promise<Result>,
  options: GetOrSetOptions<Result>,
): Memo<Args, Result> {
  const keyOf = (args: Args): string => {
    const digest = createHash('sha256').update(JSON.stringify(args)).digest('base64url')
    return `memo:${name}:${digest}`
  }
  const call = (...args: Args): Promise<Result> =>
    cache.getOrSet<Result>(keyOf(args), () => load(...args), { failures: 'miss', ...options })
  const forget = async (...args: Args): Promise<void> => {
    await cache.delete(keyOf(args), { failures: 'throw' })
  }
  return Object.assign(call, { forget })
}
