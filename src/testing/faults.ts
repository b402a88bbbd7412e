import type { Buffer } from 'node:buffer'
import { InvalidInputError } from '../errors.ts'
import { showValue } from '../show-value.ts'

/** Faults of a {@link FaultProxy} for the bytes of one direction. Each can be changed while the proxy runs. */
export interface Faults {
  /** Delay of every chunk, in milliseconds. @defaultValue `0` */
  latencyMs: number
  /** A random delay of up to this much on top, in milliseconds; the order of bytes stays. @defaultValue `0` */
  jitterMs: number
  /** Bytes per second that pass. @defaultValue `Infinity` */
  bytesPerSecond: number
  /**
   * Size of the pieces to pass on, in bytes, each a write of its own in a turn of the event loop of its own; 1: byte by
   * byte. A slower receiver still reads several at once.
   *
   * @defaultValue `Infinity`
   */
  splitBytes: number
  /** Time to wait for more bytes, to pass them on as one write, in milliseconds. @defaultValue `0` */
  coalesceMs: number
  /**
   * Number of bytes after which the connection is reset: of a new connection from its beginning, of an open one from
   * the time of this setting.
   *
   * @defaultValue `Infinity`
   */
  cutAfterBytes: number
  /** Share of chunks that are lost, 0 to 1. @defaultValue `0` */
  drop: number
  /** Share of chunks that arrive twice, 0 to 1. @defaultValue `0` */
  duplicate: number
  /** Share of chunks in which one byte is changed, 0 to 1. @defaultValue `0` */
  garble: number
  /** Changes chunks at will, before `garble` does; returns the bytes to pass on. @defaultValue `undefined` */
  transform: ((chunk: Buffer) => Buffer) | undefined
}

/** No faults: bytes pass as they come. */
export const NO_FAULTS: Readonly<Faults> = Object.freeze({
  latencyMs: 0,
  jitterMs: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  splitBytes: Number.POSITIVE_INFINITY,
  coalesceMs: 0,
  cutAfterBytes: Number.POSITIVE_INFINITY,
  drop: 0,
  duplicate: 0,
  garble: 0,
  transform: undefined,
})

/** Checks faults that are about to be set; throws `InvalidInputError` that names the invalid one. */
export function checkFaults(faults: Partial<Faults> | undefined): Partial<Faults> {
  if (typeof faults !== 'object' || faults === null) {
    throw new InvalidInputError(`faults must be an object, got ${showValue(faults)}`)
  }
  for (const [name, value] of Object.entries(faults)) {
    if (!Object.hasOwn(CHECKS, name)) throw new InvalidInputError(`there is no fault named ${showValue(name)}`)
    if (!CHECKS[name as keyof Faults](value)) {
      throw new InvalidInputError(`fault ${name} cannot be ${showValue(value)}`)
    }
  }
  return faults
}

const isDuration = (value: unknown): boolean => Number.isFinite(value) && (value as number) >= 0
const isShare = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value <= 1
const isAbove0 = (value: unknown): boolean => typeof value === 'number' && value > 0
const isCount = (value: unknown): boolean =>
  value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && (value as number) >= 0)

const CHECKS: Readonly<Record<keyof Faults, (value: unknown) => boolean>> = {
  latencyMs: isDuration,
  jitterMs: isDuration,
  bytesPerSecond: isAbove0,
  splitBytes: (value) => isCount(value) && value !== 0,
  coalesceMs: isDuration,
  cutAfterBytes: isCount,
  drop: isShare,
  duplicate: isShare,
  garble: isShare,
  transform: (value) => value === undefined || typeof value === 'function',
}
