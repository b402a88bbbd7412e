import { InvalidInputError } from '../errors.ts'
import { showValue } from '../show-value.ts'
import { MAX_TIMER_MS } from '../timer-limit.ts'

const UINT64_LIMIT = 2n ** 64n
const UINT32_LIMIT = 2 ** 32

/** A delta, an initial value: 0 to 2^64 - 1, or to 2^53 - 1 where it is a number. */
export function checkUint64(name: string, value: number | bigint): bigint {
  if (typeof value === 'bigint' && value >= 0n && value < UINT64_LIMIT) return value
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value)
  throw new InvalidInputError(
    `${name} must be a whole number from 0 to 2^53 - 1, or a bigint below 2^64, got ${showValue(value)}`,
  )
}

/** A cas number: a bigint from 1 to 2^64 - 1. */
export function checkCas(value: bigint): bigint {
  if (typeof value === 'bigint' && value > 0n && value < UINT64_LIMIT) return value
  if (value === 0n) {
    throw new InvalidInputError(
      'cas 0n means that the server keeps no cas numbers (memcached -C): use set, or a server that does',
    )
  }
  throw new InvalidInputError(`cas must be a bigint below 2^64, as gets gives it, got ${showValue(value)}`)
}

/** Client flags: 32 bits. */
export function checkClientFlags(value: number): number {
  if (Number.isInteger(value) && value >= 0 && value < UINT32_LIMIT) return value
  throw new InvalidInputError(`clientFlags must be a whole number from 0 to 2^32 - 1, got ${showValue(value)}`)
}

/** A whole number from `least` to `most`. */
export function checkWhole(name: string, value: number, most: number, least = 0): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value + 0
  throw new InvalidInputError(`${name} must be a whole number from ${least} to ${most}, got ${showValue(value)}`)
}

/** A call's own timeout. */
export function checkTimeout(value: number): number {
  if (typeof value === 'number' && value > 0) return value > MAX_TIMER_MS ? Number.POSITIVE_INFINITY : value
  throw new InvalidInputError(
    `timeoutMs must be a number of milliseconds above 0, or Infinity, got ${showValue(value)}`,
  )
}
