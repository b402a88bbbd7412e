import { Buffer } from 'node:buffer'
import { isBytes, viewOf } from '../../bytes.ts'
import { InvalidInputError, MemcacheError } from '../../errors.ts'
import { ignore } from '../../ignore.ts'
import type { StoreRequest } from '../../protocol/classic-request.ts'
import type { Key } from '../../protocol/key.ts'
import { showValue } from '../../show-value.ts'
import type { Ttl } from '../../ttl.ts'
import type { KeyOptions } from '../call-options.ts'
import { checkClientFlags } from '../numbers.ts'
import { checkCallOptions, KEY_NAMES, type Names } from '../option-names.ts'
import { readNothing, readStored } from '../results.ts'
import type { Values } from '../values.ts'
import { type ChunkCall, callOf, failureOf } from './chunk-call.ts'
import type { ValuesInChunks } from './chunks.ts'
import { NewValue } from './new-value.ts'
import { type StreamAccess, type StreamOwner, streamAccessOf, wholeKeyOf } from './stream-owner.ts'

/** Options of `setStream`. */
export interface SetStreamOptions extends KeyOptions {
  /** Time to live, counted from the call: seconds, 0 = never expires, or a point in time. Without it, as for `set`. */
  readonly ttl?: Ttl
  /** The 32-bit number stored beside the value. Without it, that of bytes. */
  readonly clientFlags?: number
}

/** A value that comes in pieces. */
export type StreamSource = AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>

const SET_STREAM_NAMES: Names<SetStreamOptions> = { ...KEY_NAMES, ttl: true, clientFlags: true }

/**
 * Stores the bytes of a source of any length, as they come, and takes no more of them than the window of the client's chunks
 * has room for. The value is visible when all of it is there; before that, and after a failure, the key is as it was. A
 * value up to `aboveBytes` is stored as one item. `get` reads it as bytes; no serde and no compression is applied.
 *
 * @param options - `timeoutMs` is the time of each chunk.
 * @returns whether it was stored.
 * @throws `InvalidInputError` - the client has no option `chunks`, or does not write, or the source gives something else than bytes.
 * @throws what the source throws; the signal's reason.
 */
export async function setStream(
  cache: StreamOwner,
  key: Key,
  source: StreamSource,
  options?: SetStreamOptions,
): Promise<boolean> {
  const access = streamAccessOf('setStream', cache)
  checkCallOptions('setStream', options, SET_STREAM_NAMES)
  const pieces = iterableOf(source)
  if (!access.large.options.write)
    throw new InvalidInputError('setStream needs a client whose chunks are not { write: false }')
  const exptime = access.parts.values.exptime(options?.ttl ?? access.ttl)
  const clientFlags =
    options?.clientFlags === undefined ? bytesFlags(access.parts.values) : checkClientFlags(options.clientFlags)
  const whole = await wholeKeyOf(access, key, options)
  const store = new StreamStore(access, whole, exptime, clientFlags, options)
  return access.large.keep(store.run(pieces))
}

function iterableOf(source: StreamSource): AsyncIterable<Uint8Array> {
  if (typeof source === 'object' && source !== null && Symbol.asyncIterator in source) return source
  throw new InvalidInputError(
    `setStream takes an async iterable or a ReadableStream of bytes, got ${showValue(source)}`,
  )
}

/** Returns the client flags of bytes, where the client's serde stores bytes as they are. */
function bytesFlags(values: Values): number {
  const probe = Buffer.of(1, 2, 3)
  try {
    const { data, clientFlags } = values.serialize(probe, '')
    return typeof data !== 'string' && probe.equals(data) ? clientFlags : 0
  } catch {
    return 0
  }
}

/** One value on its way. */
class StreamStore {
  readonly #access: StreamAccess
  readonly #large: ValuesInChunks
  readonly #key: Key
  readonly #request: StoreRequest
  readonly #call: ChunkCall
  readonly #value: NewValue
  readonly #options: KeyOptions
  readonly #underWay: Set<Promise<void>> = new Set()
  /** Chunks that are full and not sent: while the value may still be one item, or the window has no room. */
  #full: Buffer[] = []
  /** The chunk that is being filled, and how many bytes it has. */
  #open: Buffer | undefined
  #filled = 0
  #total = 0
  #count = 0
  #failure: { readonly reason: unknown } | undefined

  constructor(
    access: StreamAccess,
    key: Key,
    exptime: number,
    clientFlags: number,
    options: SetStreamOptions | undefined,
  ) {
    const { large, parts } = access
    const { signal, timeoutMs, routingKey } = options ?? {}
    this.#access = access
    this.#large = large
    this.#key = key
    this.#request = { command: 'set', data: '', bytes: 0, clientFlags, exptime, cas: 0n, preparing: undefined }
    this.#options = {
      ...(signal && { signal }),
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(routingKey !== undefined && { routingKey }),
    }
    const wireKey = parts.dispatcher.encodeKey(key)
    this.#call = callOf(parts.dispatcher.operation(this.#request, key, wireKey, readNothing, options))
    this.#value = new NewValue(large, this.#call, this.#request)
  }

  async run(pieces: AsyncIterable<Uint8Array>): Promise<boolean> {
    const { signal } = this.#options
    try {
      signal?.throwIfAborted()
      for await (const piece of pieces) {
        signal?.throwIfAborted()
        await this.#take(piece)
        this.#throwFailure()
      }
      signal?.throwIfAborted()
      this.#closeChunk()
      if (this.#total <= this.#large.aboveBytes) return await this.#storeItem()
      await this.#sendFull()
      await this.#settle()
      this.#throwFailure()
    } catch (error) {
      await this.#settle()
      this.#value.remove()
      throw failureOf(this.#call, error)
    }
    return this.#storeManifest()
  }

  async #take(piece: Uint8Array): Promise<void> {
    const view = isBytes(piece) ? viewOf(piece) : undefined
    if (view === undefined) {
      throw new InvalidInputError(`the source of setStream gave no bytes that can be read, but ${showValue(piece)}`)
    }
    // All of it before the first wait: the source may use its buffer again.
    this.#copy(view)
    this.#total += view.length
    if (this.#total > this.#large.aboveBytes) await this.#sendFull()
  }

  /** Copies bytes to where they are sent from. */
  #copy(view: Buffer): void {
    const { chunkBytes } = this.#large.options
    for (let at = 0; at < view.length; ) {
      this.#open ??= Buffer.allocUnsafeSlow(chunkBytes)
      const copied = view.copy(this.#open, this.#filled, at)
      at += copied
      this.#filled += copied
      if (this.#filled === chunkBytes) this.#closeChunk()
    }
  }

  #closeChunk(): void {
    if (this.#open !== undefined) this.#full.push(this.#open.subarray(0, this.#filled))
    this.#open = undefined
    this.#filled = 0
  }

  async #sendFull(): Promise<void> {
    for (let chunk = this.#full.shift(); chunk !== undefined; chunk = this.#full.shift()) {
      while (this.#underWay.size >= this.#large.options.window) await Promise.race(this.#underWay)
      this.#send(chunk)
    }
  }

  #send(data: Uint8Array): void {
    const index = this.#count++
    const sending: Promise<void> = this.#large.commands
      .gate(this.#call)
      .run(() => this.#value.sendChunk(index, data))
      .then(ignore, (reason: unknown) => {
        this.#failure ??= { reason }
      })
      .then(() => void this.#underWay.delete(sending))
    this.#underWay.add(sending)
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#underWay)
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.reason
  }

  #storeItem(): Promise<boolean> {
    const data = Buffer.concat(this.#full)
    return this.#run({ ...this.#request, data, bytes: data.length })
  }

  async #storeManifest(): Promise<boolean> {
    const finding = this.#value.findOld()
    try {
      const isStored = await this.#run(this.#value.manifestRequest(this.#total))
      await finding
      if (isStored) this.#value.succeed()
      else this.#value.remove()
      return isStored
    } catch (error) {
      if (error instanceof MemcacheError && error.delivery !== 'unknown') this.#value.remove()
      throw error
    }
  }

  #run(request: StoreRequest): Promise<boolean> {
    return this.#access.parts.dispatcher.run(request, this.#key, readStored, 'never', undefined, this.#options)
  }
}
