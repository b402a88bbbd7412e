import { InvalidInputError, UnknownCommandError } from '../errors.ts'
import type { Interpret } from '../protocol/operation.ts'

/** Result of a `cas`. All three are truthy: compare, do not test. */
export type CasResult = 'stored' | 'exists' | 'notFound'

/** Result of `sets`: whether the value was stored, and the cas number that the item has got. */
export type SetsResult = { readonly stored: true; readonly cas: bigint } | { readonly stored: false }

/** Result of a `sets` that stored nothing. */
export const NOT_SET: SetsResult = Object.freeze({ stored: false })

/** A number delta counts in numbers, a bigint delta in bigints, exact to 64 bits. */
export type Counted<N extends number | bigint> = N extends bigint ? bigint : number

/** Value of a counter, and the seconds that it has left. */
export interface CountedWithTtl<N extends number | bigint> {
  readonly value: Counted<N>
  /** `Infinity`: it never expires. */
  readonly ttl: number
}

/** Result of `incr` and `decr`. */
export type AnyCount = number | bigint | CountedWithTtl<number> | CountedWithTtl<bigint>

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER)

const VERSION_WORD = 'VERSION '

/** Reads whether a value was stored. */
export const readStored: Interpret = (reply) => reply.outcome === 'stored'

/** Reads the result of a `sets`. */
export const readSets: Interpret = (reply): SetsResult =>
  reply.outcome === 'stored' ? { stored: true, cas: reply.cas() } : NOT_SET

/** Reads the result of a `cas`. */
export const readCas: Interpret = (reply): CasResult => {
  if (reply.outcome === 'stored') return 'stored'
  return reply.outcome === 'exists' ? 'exists' : 'notFound'
}

/** Reads whether an item was removed. */
export const readDeleted: Interpret = (reply) => reply.outcome === 'deleted'

/** Reads the version that a server reports; throws where its connection cannot ask for it. */
export const readVersion: Interpret = (reply) => {
  const line = reply.line()
  if (line.startsWith(VERSION_WORD)) return line.slice(VERSION_WORD.length)
  const message = 'version: the server closes the connection on this command, and was not asked'
  throw new UnknownCommandError(message, { delivery: 'not-sent' })
}

/** Reads nothing: for commands whose answer has no result. */
export const readNothing: Interpret = () => undefined

/** Reads the new value of a counter as a bigint; `undefined` where there is no counter. */
export const readBigCount: Interpret = (reply) => (reply.outcome === 'number' ? reply.digits() : undefined)

/** Reads the new value of a counter as a number; `undefined` where there is no counter. Throws beyond 2^53 - 1. */
export const readCount: Interpret = (reply, operation) => {
  if (reply.outcome !== 'number') return undefined
  const value = reply.digits()
  if (value <= MAX_SAFE) return Number(value)
  throw new InvalidInputError(
    `${operation.describe()}: done, but the result ${value} is beyond 2^53 - 1 and no number is exact there; pass the delta as a bigint`,
    { delivery: 'answered' },
  )
}

/** Reads the new value of a counter and the seconds that it has left. */
export function withTtlLeft(read: Interpret): Interpret {
  return (reply, operation) => {
    const value = read(reply, operation)
    if (value === undefined) return undefined
    return { value, ttl: reply.ttl === -1 ? Number.POSITIVE_INFINITY : reply.ttl }
  }
}
