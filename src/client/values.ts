import { Buffer } from 'node:buffer'
import { byteLengthOf, isBytes } from '../bytes.ts'
import { InvalidInputError, SerdeError, ValueTooLargeError } from '../errors.ts'
import { messageOf } from '../message-of.ts'
import type { StoreRequest } from '../protocol/classic-request.ts'
import { type Key, quoteKey, type WireKey } from '../protocol/key.ts'
import type { Interpret } from '../protocol/operation.ts'
import type { RangeSerde, Serde, SerializedValue } from '../serde/serde.ts'
import { showValue } from '../show-value.ts'
import { isThenable } from '../thenable.ts'
import { capExptime, encodeExptime, lengthen, MAX_RELATIVE_SECONDS, type Ttl } from '../ttl.ts'
import type { WriteOptions } from './call-options.ts'
import {
  COMPRESSED_FLAGS,
  compressValue,
  decompressValue,
  type ResolvedCompression,
  resolveCompression,
  type StoredForm,
} from './compression.ts'
import { withPrefix } from './entries.ts'
import type { LargeValues, PrepareStore } from './large-values.ts'
import { checkClientFlags } from './numbers.ts'
import { checkSerde, type ResolvedClientOptions } from './options.ts'
import type { ProbeEmptyItem, ReleaseWinToken } from './placeholder.ts'
import { ASYNC_BYTES, type Decoder, Reader } from './reader.ts'
import { copyOf, lengthOf, serialize } from './serialize.ts'
import { createStoredSerde } from './stored-value.ts'

/** The client flags under which the default serde writes integers, and most others read text. */
const INTEGER_FLAGS = 2

/** Options of a write's call. */
export interface StoreOptions extends WriteOptions {
  /** Time that the server keeps the item beyond its ttl, in seconds. */
  readonly graceSeconds?: number
  /** Time to live as it goes on the wire, instead of `ttl`. */
  readonly exptime?: number
  /** Of a batch: the key is given without it. */
  readonly keyPrefix?: string
}

/** The client's side of values: serde, compression, ttl, limits; no wire. */
export class Values {
  readonly #options: ResolvedClientOptions
  readonly #reader: Reader
  /** The reads of the client's own serde, made once. */
  readonly read: Interpret
  readonly readWithCas: Interpret
  readonly #ownDecoder: Decoder
  readonly #large: LargeValues | undefined
  /** Values with more bytes are stored in chunks. */
  readonly #largeBytes: number

  /**
   * @param releaseWinToken - Gives back the win token of a stale item, which reading it by `mg` took.
   * @param probeEmptyItem - Tells a placeholder from an empty value; without it, what is empty is a value.
   * @param large - Reads and stores values in chunks; without it, a value in chunks is an error.
   */
  constructor(
    options: ResolvedClientOptions,
    releaseWinToken: ReleaseWinToken,
    probeEmptyItem: ProbeEmptyItem = () => Promise.resolve('value'),
    large?: LargeValues,
  ) {
    this.#options = options
    this.#large = large
    this.#largeBytes = large === undefined ? Number.POSITIVE_INFINITY : large.aboveBytes
    const { compression } = options
    this.#reader = new Reader({
      compression: compression && { asyncBytes: compression.asyncBytes, own: options.ownAlgorithm },
      maxValueBytes: options.connection.maxValueBytes,
      releaseWinToken,
      probeEmptyItem,
      large,
    })
    this.read = this.#reader.value(options.serde)
    this.readWithCas = this.#reader.valueWithCas(options.serde)
    this.#ownDecoder = this.#reader.decoder(options.serde)
  }

  /** The read of a call: with its own serde, or the client's. */
  reader(serde: Serde | undefined, fallback?: unknown): Interpret {
    if (serde === undefined && fallback === undefined) return this.read
    return this.#reader.value(this.#serdeOf(serde), fallback)
  }

  /** The read with a cas number of a call. */
  casReader(serde: Serde | undefined, fallback?: unknown): Interpret {
    if (serde === undefined && fallback === undefined) return this.readWithCas
    return this.#reader.valueWithCas(this.#serdeOf(serde), fallback)
  }

  /** Decodes hits and leaves win tokens and placeholders to the caller. */
  decoder(serde: Serde | undefined): Decoder {
    return serde === undefined ? this.#ownDecoder : this.#reader.decoder(this.#serdeOf(serde))
  }

  /** The serde by which values are read: that of a call, or the client's. */
  #serdeOf(serde: Serde | undefined): Serde {
    const { serde: own, near } = this.#options
    if (serde === undefined) return own
    return near === undefined ? checkSerde(serde) : near.keeping(checkSerde(serde))
  }

  /**
   * The exptime for a write: its own ttl or the client's, jittered.
   *
   * @param graceSeconds - How much longer the server keeps the item.
   */
  exptime(ttl: Ttl | undefined, graceSeconds = 0): number {
    const { defaultTtl, maxTtl, ttlJitter } = this.#options
    const chosen = ttl === undefined ? defaultTtl : ttl
    // The common case, without a look at the clock.
    if (chosen === 0 && maxTtl === undefined) return 0
    if (chosen === undefined) {
      throw new InvalidInputError('this client has requireTtl: give a ttl (seconds, FOREVER or a Date)')
    }
    const now = Date.now()
    const given = encodeExptime(chosen, now)
    // Before the jitter: what is cut short must not expire all at a time.
    const exptime = maxTtl === undefined ? given : capExptime(given, maxTtl, now)
    const jittered = ttlJitter === 0 ? exptime : shorten(exptime, ttlJitter, now)
    return graceSeconds === 0 ? jittered : lengthen(jittered, graceSeconds, now)
  }

  /** Whether client flags say that a value is compressed. */
  isCompressed(clientFlags: number): boolean {
    return (clientFlags & COMPRESSED_FLAGS) !== 0
  }

  /** Longest time to live, in seconds; Infinity where there is no limit. */
  get maxTtl(): number {
    return this.#options.maxTtl ?? Number.POSITIVE_INFINITY
  }

  /** The client flags of counters: the client's serde reads them as numbers. */
  get counterFlags(): number {
    const { counterFlags } = this.#options.serde
    return counterFlags === undefined ? INTEGER_FLAGS : checkClientFlags(counterFlags)
  }

  /** Returns the client flags of data that the client's serde stores as they are; 0 where it stores something else. */
  flagsOf(data: string | Uint8Array, key: Key): number {
    const { data: stored, clientFlags } = this.serialize(data, key)
    return isSameData(stored, data) ? clientFlags : 0
  }

  /** Serializes a value, and checks the result. */
  serialize(value: unknown, key: Key, serde?: Serde): SerializedValue {
    return serialize(serde === undefined ? this.#options.serde : checkSerde(serde), value, key)
  }

  /** The form of a value that is stored and read again: no part of it is the caller's. */
  formOf(value: unknown, key: Key, options: Pick<WriteOptions, 'serde' | 'clientFlags'> | undefined): SerializedValue {
    const { data, clientFlags } = this.serialize(value, key, options?.serde)
    const flags = options?.clientFlags
    return {
      data: typeof data === 'string' ? data : copyOf(data, key),
      clientFlags: flags === undefined ? clientFlags : checkClientFlags(flags),
    }
  }

  /** Reads a form as a later reader will: another object for every call. */
  restore(data: Uint8Array, clientFlags: number, key: Key, serde: Serde | undefined): unknown {
    try {
      const value = this.#serdeOf(serde).deserialize(data, clientFlags, key)
      if (isThenable(value)) throw new Error('the serde gave a promise; deserialize must give the value itself')
      return value
    } catch (error) {
      throw unreadableForm(error, key)
    }
  }

  /** Decompresses a form that was stored as a part of something else. @param flag - The client flag of its compression. */
  decompress(data: Uint8Array, flag: number, key: WireKey): Uint8Array | Promise<Uint8Array> {
    const { connection, compression, ownAlgorithm: own } = this.#options
    return decompressValue(data, flag, connection.maxValueBytes, compression?.asyncBytes ?? ASYNC_BYTES, own, key)
  }

  /** Decodes hits as stored values, for {@link Values.restore}. */
  storedDecoder(serde: Serde | undefined): Decoder {
    const own = serde === undefined ? this.#options.serde : checkSerde(serde)
    const leavesFlags = (own as Partial<RangeSerde>).leavesCompressionFlags === true
    return { ...this.#reader.decoder(createStoredSerde(leavesFlags)), serialize: this.decoder(serde).serialize }
  }

  /** Deserializes stored bytes. */
  deserialize(data: Uint8Array, clientFlags: number, key: Key): unknown {
    checkClientFlags(clientFlags)
    try {
      return this.#options.serde.deserialize(data, clientFlags, key)
    } catch (error) {
      throw unreadableForm(error, key)
    }
  }

  /** The request that stores a value; `InvalidInputError`, `SerdeError` or `ValueTooLargeError` if it cannot be. */
  storeRequest(
    command: StoreRequest['command'],
    key: Key,
    value: unknown,
    cas: bigint,
    options: StoreOptions | undefined,
  ): StoreRequest {
    const exptime = options?.exptime ?? this.exptime(options?.ttl, options?.graceSeconds)
    const { data, clientFlags } = this.serialize(value, key, options?.serde)
    const flags = options?.clientFlags
    const chosen = flags === undefined ? clientFlags : checkClientFlags(flags)
    return this.#finish(command, key, data, chosen, exptime, cas, options)
  }

  /** The request that stores what {@link Values.formOf} has made of a value. */
  storeFormRequest(
    command: StoreRequest['command'],
    key: Key,
    { data, clientFlags }: SerializedValue,
    cas: bigint,
    options: StoreOptions | undefined,
  ): StoreRequest {
    const exptime = this.exptime(options?.ttl, options?.graceSeconds)
    return this.#finish(command, key, data, clientFlags, exptime, cas, options)
  }

  #finish(
    command: StoreRequest['command'],
    key: Key,
    data: string | Uint8Array,
    clientFlags: number,
    exptime: number,
    cas: bigint,
    options: StoreOptions | undefined,
  ): StoreRequest {
    const bytes = lengthOf(data, key)
    const request: StoreRequest = { command, data, bytes, clientFlags, exptime, cas, preparing: undefined }
    const compression = this.#compression(options)
    const mayBeSplit = options?.chunks !== false
    if (compression !== undefined) return this.#compress(request, key, compression, mayBeSplit, options?.keyPrefix)
    this.#checkSize(bytes, key)
    return mayBeSplit ? this.#split(request) : request
  }

  /** Returns the request that stores the value in chunks where it is too large for one item. */
  #split(request: StoreRequest): StoreRequest {
    return request.bytes > this.#largeBytes ? this.#large!.split(request) : request
  }

  /** The request that adds raw bytes to an item. */
  extendRequest(command: 'append' | 'prepend', key: Key, data: string | Uint8Array): StoreRequest {
    if (typeof data === 'string' ? !data.isWellFormed() : !isBytes(data)) {
      throw new InvalidInputError(`${command} takes text (without lone surrogates) or bytes, got ${showValue(data)}`)
    }
    const bytes = lengthOf(data, key)
    this.#checkSize(bytes, key)
    return { command, data, bytes, clientFlags: 0, exptime: 0, cas: 0n, preparing: undefined }
  }

  #compression(options: WriteOptions | undefined): ResolvedCompression | undefined {
    const own = options?.compression
    if (own === undefined) return this.#options.compression
    return own === false ? undefined : resolveCompression(own)
  }

  #compress(
    request: StoreRequest,
    key: Key,
    compression: ResolvedCompression,
    mayBeSplit: boolean,
    keyPrefix: string | undefined,
  ): StoreRequest {
    const { data, bytes } = request
    // Only an algorithm of the caller's looks at it.
    const wireKey = compression.isOwn ? this.#options.keys.encode(withPrefix(keyPrefix, key)) : ''
    let lost: InvalidInputError | undefined
    const apply = (form: StoredForm): StoreRequest => {
      // The compression would have read nothing of it, or a part.
      if (typeof data !== 'string' && byteLengthOf(data) !== bytes) {
        lost = changed(key)
        throw lost
      }
      this.#checkSize(form.bytes, key)
      const compressed = form === request ? request : { ...request, ...form, preparing: undefined }
      return mayBeSplit ? this.#split(compressed) : compressed
    }
    const refuse = (error: unknown): Error => {
      // An error of the caller's algorithm is reported as a failure to compress, whatever its class.
      if (error instanceof ValueTooLargeError) return error
      if (lost !== undefined && error === lost) return lost
      const message = `the value for ${quoteKey(key)} cannot be compressed: ${messageOf(error)}`
      return new SerdeError(message, { delivery: 'not-sent', cause: error })
    }
    try {
      const form = compressValue(request, wireKey, compression)
      if (!(form instanceof Promise)) return apply(form)
      const preparing = form.then(apply).catch((error: unknown) => {
        throw refuse(error)
      })
      // A call that fails for another reason meanwhile does not await it.
      preparing.catch(() => undefined)
      const splits = mayBeSplit && this.#large !== undefined
      return { ...request, preparing: splits ? thenSplit(preparing) : preparing }
    } catch (error) {
      throw refuse(error)
    }
  }

  #checkSize(bytes: number, key: Key): void {
    const limit = this.#options.maxItemBytes
    if (bytes <= limit) return
    throw new ValueTooLargeError(
      `the value for ${quoteKey(key)} has ${bytes} bytes, more than maxItemBytes (${limit}); memlane/chunks stores larger values`,
      { delivery: 'not-sent' },
    )
  }
}

/** Stores the chunks of a value, where it has any, once it is compressed. */
function thenSplit(compressing: Promise<StoreRequest>): PrepareStore {
  return async (operation) => {
    const request = await compressing
    return typeof request.preparing === 'function' ? (request.preparing as PrepareStore)(operation) : request
  }
}

/** Takes a random part of what is left of the time, at most `jitter` of it, and leaves a second at least. */
function shorten(exptime: number, jitter: number, nowMs: number): number {
  const seconds = exptime > MAX_RELATIVE_SECONDS ? exptime - Math.ceil(nowMs / 1000) : exptime
  return Math.max(exptime - Math.floor(seconds * jitter * Math.random()), exptime - seconds + 1)
}

function unreadableForm(error: unknown, key: Key): SerdeError {
  return new SerdeError(`the value for ${quoteKey(key)} cannot be read: ${messageOf(error)}`, {
    delivery: 'answered',
    cause: error,
  })
}

function changed(key: Key): InvalidInputError {
  return new InvalidInputError(
    `the value for ${quoteKey(key)} cannot be stored: its bytes changed their length, or were given to another thread, during the call`,
  )
}

function isSameData(a: string | Uint8Array, b: string | Uint8Array): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b
  return Buffer.compare(a, b) === 0
}
