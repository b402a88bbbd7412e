import { Buffer } from 'node:buffer'
import { byteLengthOf, isBytes } from '../../bytes.ts'
import { InvalidInputError, MemcacheError } from '../../errors.ts'
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
import { chunkExptime } from './chunk-commands.ts'
import { readManifest } from './chunk-reader.ts'
import { createGeneration, exptimeAfter, manifestRequest } from './chunk-writer.ts'
import type { ValuesInChunks } from './chunks.ts'
import { crc32, joinCrc32 } from './crc32.ts'
import type { Manifest } from './manifest.ts'
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
  readonly #call: ChunkCall
  readonly #exptime: number
  readonly #clientFlags: number
  readonly #options: KeyOptions
  readonly #generation: string = createGeneration()
  readonly #startedAt: number = performance.now()
  readonly #underWay: Set<Promise<void>> = new Set()
  /** Bytes that are in no chunk yet. */
  #held: Uint8Array[] = []
  #heldBytes = 0
  #total = 0
  #count = 0
  #crc = 0
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
    this.#exptime = exptime
    this.#clientFlags = clientFlags
    this.#options = {
      ...(signal && { signal }),
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(routingKey !== undefined && { routingKey }),
    }
    const wireKey = parts.dispatcher.encodeKey(key)
    const operation = parts.dispatcher.operation(this.#request(''), key, wireKey, readNothing, options)
    this.#call = callOf(operation)
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
      if (this.#count === 0 && this.#total <= this.#large.aboveBytes) return await this.#storeItem()
      await this.#sendChunks(1)
      await this.#settle()
      this.#throwFailure()
    } catch (error) {
      await this.#settle()
      this.#remove()
      throw failureOf(this.#call, error)
    }
    return this.#storeManifest()
  }

  #request(data: string | Uint8Array): StoreRequest {
    const bytes = data.length
    const clientFlags = this.#clientFlags
    return { command: 'set', data, bytes, clientFlags, exptime: this.#exptime, cas: 0n, preparing: undefined }
  }

  async #take(piece: Uint8Array): Promise<void> {
    const bytes = isBytes(piece) ? byteLengthOf(piece) : undefined
    if (bytes === undefined) {
      throw new InvalidInputError(`the source of setStream gave no bytes that can be read, but ${showValue(piece)}`)
    }
    if (bytes === 0) return
    // Copied: the source may use its buffer again for the next piece.
    this.#held.push(Buffer.from(piece))
    this.#heldBytes += bytes
    this.#total += bytes
    if (this.#total > this.#large.aboveBytes) await this.#sendChunks(this.#large.options.chunkBytes)
  }

  /** Sends what is held, while there are at least `least` bytes. */
  async #sendChunks(least: number): Promise<void> {
    const { chunkBytes, window } = this.#large.options
    if (this.#heldBytes < least) return
    const held = Buffer.concat(this.#held)
    let at = 0
    for (; held.length - at >= least; at += chunkBytes) {
      while (this.#underWay.size >= window) await Promise.race(this.#underWay)
      this.#send(held.subarray(at, at + chunkBytes))
    }
    const rest = held.subarray(Math.min(at, held.length))
    // A copy: what is sent need not stay in memory.
    this.#held = rest.length === 0 ? [] : [Buffer.from(rest)]
    this.#heldBytes = rest.length
  }

  #send(data: Uint8Array): void {
    const index = this.#count++
    const crc = crc32(data)
    this.#crc = index === 0 ? crc : joinCrc32(this.#crc, crc, data.length)
    const chunk = { generation: this.#generation, index, data, crc, exptime: chunkExptime(this.#exptime) }
    const { commands } = this.#large
    const sending: Promise<void> = commands
      .gate(this.#call)
      .run(() => commands.store(this.#call, chunk))
      .catch((reason: unknown) => {
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
    const request = this.#request(Buffer.concat(this.#held))
    return this.#access.parts.dispatcher.run(request, this.#key, readStored, 'never', undefined, this.#options)
  }

  async #storeManifest(): Promise<boolean> {
    const { chunkBytes } = this.#large.options
    const manifest: Manifest = {
      total: this.#total,
      chunkBytes,
      count: this.#count,
      generation: this.#generation,
      crc: this.#crc,
      clientFlags: this.#clientFlags,
    }
    const seconds = (performance.now() - this.#startedAt) / 1000
    const request = manifestRequest(this.#request(''), manifest, exptimeAfter(this.#exptime, seconds))
    const { dispatcher } = this.#access.parts
    const old = this.#large.commands.readItem<Manifest | undefined>(this.#call, readManifest).catch(() => undefined)
    try {
      const isStored = await dispatcher.run<boolean>(request, this.#key, readStored, 'never', undefined, this.#options)
      if (!isStored) this.#remove()
      else this.#noteStored(manifest, await old)
      return isStored
    } catch (error) {
      if (error instanceof MemcacheError && error.delivery !== 'unknown') this.#remove()
      throw error
    }
  }

  #noteStored(manifest: Manifest, old: Manifest | undefined): void {
    this.#large.leftovers.remember(this.#call, manifest)
    if (old !== undefined && old.generation !== manifest.generation) this.#large.leftovers.removeLater(this.#call, old)
  }

  #remove(): void {
    this.#large.commands.remove(this.#call, this.#generation, this.#count)
  }
}
