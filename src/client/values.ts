import { Buffer } from 'node:buffer'
import { InvalidInputError, SerdeError, ValueTooLargeError } from '../errors.ts'
import { type Key, quoteKey } from '../protocol/key.ts'
import type { Interpret, Operation } from '../protocol/operation.ts'
import type { Reply } from '../protocol/reply.ts'
import type { StoreRequest } from '../protocol/request.ts'
import type { RangeSerde, Serde, SerializedValue } from '../serde/serde.ts'
import { encodeExptime, type Ttl } from '../ttl.ts'
import type { WriteOptions } from './call-options.ts'
import { checkClientFlags } from './numbers.ts'
import { checkSerde, type ResolvedClientOptions } from './options.ts'

/** A value with the number by which `cas` knows whether it changed. */
export interface ValueWithCas<T> {
  readonly value: T
  /** Hand it to `cas`. 0n: this server keeps no cas numbers (`memcached -C`). */
  readonly cas: bigint
}

/** memcached takes a larger exptime for a point in time: 30 days, in seconds. */
const MAX_RELATIVE_SECONDS = 2_592_000

/** The client's side of values: serde, ttl, limits; no wire. */
export class Values {
  readonly #options: ResolvedClientOptions
  /** The reads of the client's own serde, made once. */
  readonly read: Interpret
  readonly readWithCas: Interpret

  constructor(options: ResolvedClientOptions) {
    this.#options = options
    this.read = reader(options.serde)
    this.readWithCas = casReader(options.serde)
  }

  /** The exptime for a write: its own ttl or the client's, jittered. */
  exptime(ttl: Ttl | undefined): number {
    const { defaultTtl, ttlJitter } = this.#options
    const chosen = ttl === undefined ? defaultTtl : ttl
    // The common case, without a look at the clock.
    if (chosen === 0) return 0
    const now = Date.now()
    const exptime = encodeExptime(chosen, now)
    return ttlJitter === 0 ? exptime : shorten(exptime, ttlJitter, now)
  }

  /** The request that stores a value; `InvalidInputError`, `SerdeError` or `ValueTooLargeError` if it cannot be. */
  storeRequest(
    command: StoreRequest['command'],
    key: Key,
    value: unknown,
    cas: bigint,
    options: WriteOptions | undefined,
  ): StoreRequest {
    const exptime = this.exptime(options?.ttl)
    const serde = options?.serde === undefined ? this.#options.serde : checkSerde(options.serde)
    const { data, clientFlags } = serialize(serde, value, key)
    const bytes = typeof data === 'string' ? Buffer.byteLength(data, 'utf8') : data.byteLength
    const limit = this.#options.maxItemBytes
    if (bytes > limit) {
      throw new ValueTooLargeError(
        `the value for ${quoteKey(key)} has ${bytes} bytes, more than maxItemBytes (${limit})`,
      )
    }
    const flags = options?.clientFlags
    return {
      command,
      data,
      bytes,
      clientFlags: flags === undefined ? clientFlags : checkClientFlags(flags),
      exptime,
      cas,
    }
  }
}

/** Takes a random part of what is left of the time, at most `jitter` of it, and leaves a second at least. */
function shorten(exptime: number, jitter: number, nowMs: number): number {
  const seconds = exptime > MAX_RELATIVE_SECONDS ? exptime - Math.ceil(nowMs / 1000) : exptime
  return Math.max(exptime - Math.floor(seconds * jitter * Math.random()), exptime - seconds + 1)
}

function serialize(serde: Serde, value: unknown, key: Key): SerializedValue {
  let serialized: SerializedValue
  try {
    serialized = serde.serialize(value, key)
  } catch (error) {
    throw new SerdeError(`the value for ${quoteKey(key)} cannot be stored: ${messageOf(error)}`, { cause: error })
  }
  const { data, clientFlags } = serialized
  if (typeof data !== 'string' && !(data instanceof Uint8Array)) {
    throw new InvalidInputError(`the serde gave neither text nor bytes as data for ${quoteKey(key)}`)
  }
  checkClientFlags(clientFlags)
  return serialized
}

/** Reads a hit with a serde; a miss is `undefined`. */
export function reader(serde: Serde): Interpret {
  const decode = decoder(serde)
  const read: Interpret = (reply, operation) => (reply.outcome === 'hit' ? decode(reply, operation) : undefined)
  return Object.assign(read, { borrows: borrower(serde) })
}

/** Reads a hit and its cas number. */
export function casReader(serde: Serde): Interpret {
  const decode = decoder(serde)
  const read: Interpret = (reply, operation) => {
    if (reply.outcome !== 'hit') return undefined
    const cas = reply.cas()
    return { value: decode(reply, operation), cas }
  }
  return Object.assign(read, { borrows: borrower(serde) })
}

/** A serde of the caller's sees a view that is valid during the call only; ours say what they hand out. */
function borrower(serde: Serde): (clientFlags: number) => boolean {
  return isRangeSerde(serde) ? (clientFlags) => !serde.keepsBytes(clientFlags) : () => true
}

function decoder(serde: Serde): (reply: Reply, operation: Operation) => unknown {
  if (isRangeSerde(serde)) {
    return (reply, operation) => {
      try {
        return serde.deserializeRange(
          reply.bytes,
          reply.start,
          reply.end,
          reply.clientFlags,
          reply.owned,
          reply.isAscii(),
        )
      } catch (error) {
        throw unreadable(error, operation)
      }
    }
  }
  return (reply, operation) => {
    try {
      return serde.deserialize(reply.bytes.subarray(reply.start, reply.end), reply.clientFlags, operation.callerKey)
    } catch (error) {
      throw unreadable(error, operation)
    }
  }
}

function unreadable(error: unknown, operation: Operation): SerdeError {
  return new SerdeError(`${operation.describe()}: ${messageOf(error)}`, {
    server: operation.holder?.server,
    cause: error,
    delivery: 'answered',
  })
}

function isRangeSerde(serde: Serde): serde is RangeSerde {
  return 'deserializeRange' in serde
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
