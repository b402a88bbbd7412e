import { Buffer, isAscii } from 'node:buffer'
import { SerdeError, TimeoutError, ValueTooLargeError } from '../errors.ts'
import { messageOf } from '../message-of.ts'
import { MANIFEST_FLAGS } from '../protocol/manifest.ts'
import { type Interpret, NEEDS_OPERATION, type Operation } from '../protocol/operation.ts'
import { isMetaPlaceholder, PLACEHOLDER_FLAGS } from '../protocol/placeholder.ts'
import { type Reply, Returned } from '../protocol/reply.ts'
import { foreignHint } from '../serde/foreign-values.ts'
import type { RangeSerde, Serde } from '../serde/serde.ts'
import { isThenable } from '../thenable.ts'
import { COMPRESSED_FLAGS, type CompressionAlgorithm, decompressValue, isCompressed } from './compression.ts'
import { type LargeValues, type Loss, manifestError } from './large-values.ts'
import type { ProbeEmptyItem, ReleaseWinToken } from './placeholder.ts'

/** A value with the number by which `cas` knows whether it changed. */
export interface ValueWithCas<T> {
  readonly value: T
  /** Hand it to `cas`. 0n: this server keeps no cas numbers (`memcached -C`). */
  readonly cas: bigint
}

/** Options of reading besides the serde. */
export interface ReaderInit {
  /** Values with a compression flag are decompressed whatever the serde; else only where the serde leaves them free. */
  readonly compression: { readonly asyncBytes: number; readonly own: CompressionAlgorithm | undefined } | undefined
  readonly maxValueBytes: number
  readonly releaseWinToken: ReleaseWinToken
  readonly probeEmptyItem: ProbeEmptyItem
  /** Reads values in chunks; undefined: they are an error. */
  readonly large: LargeValues | undefined
}

/** Given by a {@link Decoder} in the place of a value of which a chunk is lost: there is no value. */
export class LostValue {
  readonly loss: Loss

  constructor(loss: Loss) {
    this.loss = loss
  }
}

/** From this size on, in bytes, a value is decompressed on the thread pool where no option says otherwise. */
export const ASYNC_BYTES = 65_536

/** Least time for decompressing, in milliseconds, where the reply came with hardly any time left. */
const MIN_LATER_MS = 20

/** As {@link Interpret.direct}. */
type DirectDecode = NonNullable<Interpret['direct']>

/** Reads the value of a hit; what comes from the thread pool is a promise. */
export type Decode = (reply: Reply, operation: Operation) => unknown

/** Parts of reading a value, for an {@link Interpret} that does more. */
export interface Decoder {
  readonly decode: Decode
  readonly borrows: NonNullable<Interpret['borrows']>
  readonly serialize: NonNullable<Interpret['serialize']>
  /** Serde that makes the values; undefined: a near cache must not answer. */
  readonly madeBy: object | undefined
}

/** Turns a decoded value into the call's result. */
type Wrap = (value: unknown, cas: bigint) => unknown

const NO_BYTES: Buffer = Buffer.alloc(0)

/** Turns replies into values: serde, decompression, win tokens. Makes the functions that operations carry. */
export class Reader {
  readonly #init: ReaderInit

  constructor(init: ReaderInit) {
    this.#init = init
  }

  /** Reads a hit with a serde; a miss is `undefined`, or the fallback. */
  value(serde: Serde, fallback?: unknown): Interpret {
    const decode = this.#decoder(serde)
    const readSpecial = this.#specialReader(serde, decode, fallback, (value) => value)
    const read: Interpret = (reply, operation) => {
      if (reply.outcome !== 'hit') return fallback
      return isSpecial(reply) ? readSpecial(reply, operation) : decode(reply, operation)
    }
    const direct = this.#directDecoder(serde)
    return Object.assign(read, {
      borrows: this.#borrower(serde),
      serialize: serializer(serde),
      madeBy: makerOf(serde),
      ...(direct && { direct }),
    })
  }

  /** Reads a hit and its cas number; a miss is `undefined`, or the fallback. */
  valueWithCas(serde: Serde, fallback?: unknown): Interpret {
    const decode = this.#decoder(serde)
    const readSpecial = this.#specialReader(serde, decode, fallback, withCas)
    const read: Interpret = (reply, operation) => {
      if (reply.outcome !== 'hit') return fallback
      return isSpecial(reply) ? readSpecial(reply, operation) : withCas(decode(reply, operation), reply.cas())
    }
    const decodeDirectly = this.#directDecoder(serde)
    const direct = decodeDirectly && directWithCas(decodeDirectly)
    return Object.assign(read, {
      borrows: this.#borrower(serde),
      serialize: serializer(serde),
      ...(direct && { direct }),
    })
  }

  /** Decodes hits and nothing else: win tokens and placeholders are the caller's affair. */
  decoder(serde: Serde): Decoder {
    return {
      decode: this.#plainDecoder(serde),
      borrows: this.#borrower(serde),
      serialize: serializer(serde),
      madeBy: makerOf(serde),
    }
  }

  #plainDecoder(serde: Serde): Decode {
    const decode = plainDecoder(serde)
    const decompresses = this.#decompresses(serde)
    return (reply, operation) => {
      const { clientFlags } = reply
      if (clientFlags === MANIFEST_FLAGS) {
        return this.#readLarge(reply, operation, serde).then((found) =>
          found instanceof LostValue ? found : found.value,
        )
      }
      return decompresses && isCompressed(clientFlags)
        ? this.#decompress(reply, operation, serde)
        : decode(reply, operation)
    }
  }

  #decoder(serde: Serde): Decode {
    const decode = plainDecoder(serde)
    const decompresses = this.#decompresses(serde)
    return (reply, operation) => {
      const value =
        decompresses && isCompressed(reply.clientFlags)
          ? this.#decompress(reply, operation, serde)
          : decode(reply, operation)
      // Only an mg, which a base64 key needs, takes the token of a stale item; classic lines leave it.
      return reply.type === 'VA' && reply.has(Returned.won) ? this.#releaseWinToken(reply, operation, value) : value
    }
  }

  /** Reads plain values without an operation, by a serde that is ours: one of the caller's must not be called twice. */
  #directDecoder(serde: Serde): DirectDecode | undefined {
    if (!isRangeSerde(serde)) return undefined
    const decompresses = this.#decompresses(serde)
    return (reply) => {
      const { clientFlags } = reply
      const isPlain = !isSpecial(reply) && !(decompresses && isCompressed(clientFlags))
      return isPlain ? decodeRange(serde, reply) : NEEDS_OPERATION
    }
  }

  /** Reads an item that may be a placeholder, which is a miss, or a manifest. */
  #specialReader(serde: Serde, decode: Decode, fallback: unknown, wrap: Wrap): Interpret {
    const readLarge = this.#largeReader(serde, fallback, wrap)
    return (reply, operation) => {
      if (reply.clientFlags === MANIFEST_FLAGS) return readLarge(reply, operation)
      const isMeta = reply.type === 'VA'
      if (reply.clientFlags === PLACEHOLDER_FLAGS || (isMeta && isMetaPlaceholder(reply, reply.size))) {
        operation.outcome = 'miss'
        return isMeta && reply.has(Returned.won) ? this.#releaseWinToken(reply, operation, fallback) : fallback
      }
      const cas = reply.cas()
      if (isMeta || reply.clientFlags !== 0) return wrap(decode(reply, operation), cas)
      return this.#init.probeEmptyItem(operation).then((found) => {
        if (found === 'value') return wrap(decodeBytes(serde, NO_BYTES, 0, operation), cas)
        operation.outcome = 'miss'
        return fallback
      })
    }
  }

  /** Reads a manifest; what is lost is a miss. */
  #largeReader(serde: Serde, fallback: unknown, wrap: Wrap): Interpret {
    return (reply, operation) => {
      const won =
        reply.type === 'VA' && reply.has(Returned.won) ? this.#releaseWinToken(reply, operation, undefined) : undefined
      return this.#readLarge(reply, operation, serde).then(async (found) => {
        await won
        if (!(found instanceof LostValue)) return wrap(found.value, found.cas)
        operation.outcome = 'miss'
        return fallback
      })
    }
  }

  /** Reads the value that a manifest stands for. */
  #readLarge(reply: Reply, operation: Operation, serde: Serde): Promise<ValueWithCas<unknown> | LostValue> {
    const { large } = this.#init
    if (large === undefined) throw manifestError(operation)
    return large.read(reply, operation).then(async (found) => {
      if (typeof found === 'string') return new LostValue(found)
      const { data, clientFlags, cas } = found
      const isPacked = this.#decompresses(serde) && isCompressed(clientFlags)
      const value = isPacked
        ? await this.#decompressBytes(data, clientFlags, operation, serde)
        : decodeBytes(serde, data, clientFlags, operation)
      return { value, cas }
    })
  }

  async #releaseWinToken(reply: Reply, operation: Operation, value: unknown): Promise<unknown> {
    await this.#init.releaseWinToken(operation, reply.cas())
    return value
  }

  #decompresses(serde: Serde): boolean {
    return this.#init.compression !== undefined || (isRangeSerde(serde) && serde.leavesCompressionFlags === true)
  }

  /** A serde of the caller's sees a view that is valid during the call only; ours say what they hand out. */
  #borrower(serde: Serde): (clientFlags: number) => boolean {
    const borrows = isRangeSerde(serde) ? (flags: number) => !serde.keepsBytes(flags) : () => true
    if (!this.#decompresses(serde)) return borrows
    // The thread pool reads the bytes after the call.
    return (clientFlags) => !isCompressed(clientFlags) && borrows(clientFlags)
  }

  #decompress(reply: Reply, operation: Operation, serde: Serde): unknown {
    const { compression } = this.#init
    const asyncBytes = compression?.asyncBytes ?? ASYNC_BYTES
    const { clientFlags } = reply
    const view = reply.bytes.subarray(reply.start, reply.end)
    const isShared = !reply.owned && (view.byteLength >= asyncBytes || compression?.own !== undefined)
    // Bytes that are used after this call must not be in the read buffer.
    return this.#decompressBytes(isShared ? Buffer.from(view) : view, clientFlags, operation, serde)
  }

  #decompressBytes(data: Uint8Array, clientFlags: number, operation: Operation, serde: Serde): unknown {
    const { compression, maxValueBytes } = this.#init
    const asyncBytes = compression?.asyncBytes ?? ASYNC_BYTES
    const flags = (clientFlags & ~COMPRESSED_FLAGS) >>> 0
    const decode = (bytes: Uint8Array): unknown => decodeBytes(serde, bytes, flags, operation)
    const server = operation.holder?.server
    const refuse = (error: unknown): Error =>
      this.#unreadable(error, operation, server, () => foreignHint(data, clientFlags))
    try {
      const plain = decompressValue(data, clientFlags, maxValueBytes, asyncBytes, compression?.own, operation.key)
      if (!(plain instanceof Promise)) return decode(plain)
      return inTime(plain, operation, server)
        .then(decode)
        .catch((error: unknown) => {
          throw refuse(error)
        })
    } catch (error) {
      throw refuse(error)
    }
  }

  #unreadable(error: unknown, operation: Operation, server: string | undefined, hint: () => string): Error {
    if (error instanceof SerdeError || error instanceof TimeoutError) return error
    if (error instanceof RangeError) {
      const message = `${operation.describe()}: the value has more bytes than maxValueBytes (${this.#init.maxValueBytes}) once decompressed`
      return new ValueTooLargeError(message, { server, cause: error, delivery: 'answered', ...operation.about })
    }
    const message = `${operation.describe()}: the value cannot be decompressed: ${messageOf(error)}${hint()}`
    return new SerdeError(message, { server, cause: error, delivery: 'answered', ...operation.about })
  }
}

/**
 * Whether the item may be more than a value: a placeholder, which has no byte, or says so, and `append` has added to it; or a
 * manifest. One comparison for both: their client flags differ in the last two bits.
 */
function isSpecial({ size, clientFlags }: Reply): boolean {
  return size === 0 || (clientFlags & ~3) === (PLACEHOLDER_FLAGS & ~3)
}

/** Waits for work that follows a reply no longer than the time of the call. */
function inTime<T>(work: Promise<T>, operation: Operation, server: string | undefined): Promise<T> {
  const { deadline, timeoutMs } = operation
  if (deadline === 0 || deadline === Number.POSITIVE_INFINITY) return work
  return new Promise((resolve, reject) => {
    const expire = (): void => {
      const message = `${operation.describe()} timed out after ${timeoutMs} ms, while its value was being decompressed`
      reject(new TimeoutError(message, { server, delivery: 'answered', ...operation.about }))
    }
    const timer = setTimeout(expire, Math.max(MIN_LATER_MS, deadline - performance.now()))
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/** Marks the reads that a near cache may answer. */
function makerOf(serde: Serde): object | undefined {
  return isRangeSerde(serde) && serde.givesForm === true ? undefined : serde
}

function serializer(serde: Serde): NonNullable<Interpret['serialize']> {
  return (value, key) => serde.serialize(value, key)
}

function withCas(value: unknown, cas: bigint): unknown {
  return value instanceof Promise ? value.then((settled: unknown) => ({ value: settled, cas })) : { value, cas }
}

function directWithCas(decode: DirectDecode): DirectDecode {
  return (reply) => {
    const value = decode(reply)
    return value === NEEDS_OPERATION ? value : { value, cas: reply.cas() }
  }
}

function decodeRange(serde: RangeSerde, reply: Reply): unknown {
  return serde.deserializeRange(reply.bytes, reply.start, reply.end, reply.clientFlags, reply.owned, reply.isAscii())
}

function plainDecoder(serde: Serde): Decode {
  if (isRangeSerde(serde)) {
    return (reply, operation) => {
      try {
        return decodeRange(serde, reply)
      } catch (error) {
        throw unreadable(error, operation)
      }
    }
  }
  return (reply, operation) =>
    decodeByCaller(serde, reply.bytes.subarray(reply.start, reply.end), reply.clientFlags, operation)
}

/** Has a serde of the caller's read a value. A promise would keep the call open for as long as it likes. */
function decodeByCaller(serde: Serde, bytes: Uint8Array, clientFlags: number, operation: Operation): unknown {
  try {
    const value = serde.deserialize(bytes, clientFlags, operation.callerKey)
    if (isThenable(value)) throw new Error('the serde gave a promise; deserialize must give the value itself')
    return value
  } catch (error) {
    throw unreadable(error, operation)
  }
}

function decodeBytes(serde: Serde, bytes: Uint8Array, clientFlags: number, operation: Operation): unknown {
  if (!isRangeSerde(serde)) return decodeByCaller(serde, bytes, clientFlags, operation)
  try {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return serde.deserializeRange(buffer, 0, buffer.length, clientFlags, true, isAscii(buffer))
  } catch (error) {
    throw unreadable(error, operation)
  }
}

function unreadable(error: unknown, operation: Operation): SerdeError {
  return new SerdeError(`${operation.describe()}: ${messageOf(error)}`, {
    server: operation.holder?.server,
    cause: error,
    delivery: 'answered',
    ...operation.about,
  })
}

function isRangeSerde(serde: Serde): serde is RangeSerde {
  return 'deserializeRange' in serde
}
