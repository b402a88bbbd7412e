import { Buffer } from 'node:buffer'
import { InvalidInputError, SerdeError, ValueTooLargeError } from '../errors.ts'
import { type Key, quoteKey } from '../protocol/key.ts'
import type { Interpret } from '../protocol/operation.ts'
import type { StoreRequest } from '../protocol/request.ts'
import type { Serde, SerializedValue } from '../serde/serde.ts'
import { showValue } from '../show-value.ts'
import { encodeExptime, type Ttl } from '../ttl.ts'
import type { WriteOptions } from './call-options.ts'
import { compressValue, type ResolvedCompression, resolveCompression, type StoredForm } from './compression.ts'
import { checkClientFlags } from './numbers.ts'
import { checkSerde, type ResolvedClientOptions } from './options.ts'
import { Reader, type ReaderInit } from './reader.ts'

/** memcached takes a larger exptime for a point in time: 30 days, in seconds. */
const MAX_RELATIVE_SECONDS = 2_592_000

/** The client's side of values: serde, compression, ttl, limits; no wire. */
export class Values {
  readonly #options: ResolvedClientOptions
  readonly #reader: Reader
  /** The reads of the client's own serde, made once. */
  readonly read: Interpret
  readonly readWithCas: Interpret

  /** @param giveBack - Gives back the win token of a stale item, which reading it by `mg` took. */
  constructor(options: ResolvedClientOptions, giveBack: ReaderInit['giveBack']) {
    this.#options = options
    const { compression } = options
    this.#reader = new Reader({
      compression: compression && { asyncBytes: compression.asyncBytes, own: options.ownAlgorithm },
      maxValueBytes: options.connection.maxValueBytes,
      giveBack,
    })
    this.read = this.#reader.value(options.serde)
    this.readWithCas = this.#reader.valueWithCas(options.serde)
  }

  /** The read of a call: with its own serde, or the client's. */
  reader(serde: Serde | undefined, fallback?: unknown): Interpret {
    if (serde === undefined && fallback === undefined) return this.read
    return this.#reader.value(serde === undefined ? this.#options.serde : checkSerde(serde), fallback)
  }

  /** The read with a cas number of a call. */
  casReader(serde: Serde | undefined): Interpret {
    return serde === undefined ? this.readWithCas : this.#reader.valueWithCas(checkSerde(serde))
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

  /** What the serde makes of a value, checked. */
  serialize(value: unknown, key: Key, serde?: Serde): SerializedValue {
    return serialize(serde === undefined ? this.#options.serde : checkSerde(serde), value, key)
  }

  /** What the serde makes of stored bytes. */
  deserialize(data: Uint8Array, clientFlags: number, key: Key): unknown {
    try {
      return this.#options.serde.deserialize(data, clientFlags, key)
    } catch (error) {
      throw new SerdeError(`the value for ${quoteKey(key)} cannot be read: ${messageOf(error)}`, { cause: error })
    }
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
    const { data, clientFlags } = this.serialize(value, key, options?.serde)
    const bytes = typeof data === 'string' ? Buffer.byteLength(data, 'utf8') : data.byteLength
    const flags = options?.clientFlags
    const request: StoreRequest = {
      command,
      data,
      bytes,
      clientFlags: flags === undefined ? clientFlags : checkClientFlags(flags),
      exptime,
      cas,
      preparing: undefined,
    }
    const compression = this.#compression(options)
    if (compression !== undefined) return this.#compress(request, key, compression)
    this.#checkSize(bytes, key)
    return request
  }

  /** The request that adds raw bytes to an item. */
  extendRequest(command: 'append' | 'prepend', key: Key, data: string | Uint8Array): StoreRequest {
    if (typeof data === 'string' ? !data.isWellFormed() : !(data instanceof Uint8Array)) {
      throw new InvalidInputError(`${command} takes text (without lone surrogates) or bytes, got ${showValue(data)}`)
    }
    const bytes = typeof data === 'string' ? Buffer.byteLength(data, 'utf8') : data.byteLength
    this.#checkSize(bytes, key)
    return { command, data, bytes, clientFlags: 0, exptime: 0, cas: 0n, preparing: undefined }
  }

  #compression(options: WriteOptions | undefined): ResolvedCompression | undefined {
    const own = options?.compression
    if (own === undefined) return this.#options.compression
    return own === false ? undefined : resolveCompression(own)
  }

  #compress(request: StoreRequest, key: Key, compression: ResolvedCompression): StoreRequest {
    const apply = (form: StoredForm): StoreRequest => {
      this.#checkSize(form.bytes, key)
      return form === request ? request : { ...request, ...form, preparing: undefined }
    }
    const refuse = (error: unknown): Error => {
      if (error instanceof ValueTooLargeError) return error
      const message = `the value for ${quoteKey(key)} cannot be compressed: ${messageOf(error)}`
      return new SerdeError(message, { cause: error })
    }
    try {
      const form = compressValue(request, compression)
      if (!(form instanceof Promise)) return apply(form)
      const preparing = form.then(apply).catch((error: unknown) => {
        throw refuse(error)
      })
      return { ...request, preparing }
    } catch (error) {
      throw refuse(error)
    }
  }

  #checkSize(bytes: number, key: Key): void {
    const limit = this.#options.maxItemBytes
    if (bytes <= limit) return
    throw new ValueTooLargeError(`the value for ${quoteKey(key)} has ${bytes} bytes, more than maxItemBytes (${limit})`)
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
