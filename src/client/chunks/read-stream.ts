import { Buffer } from 'node:buffer'
import { whenAborted } from '../../abort-listener.ts'
import type { Key } from '../../protocol/key.ts'
import { MANIFEST_FLAGS } from '../../protocol/manifest.ts'
import type { Interpret } from '../../protocol/operation.ts'
import { GET } from '../../protocol/request.ts'
import type { KeyOptions } from '../call-options.ts'
import { checkCallOptions, KEY_NAMES } from '../option-names.ts'
import { createStoredSerde, type StoredValue } from '../stored-value.ts'
import { type ChunkCall, callOf, failureOf } from './chunk-call.ts'
import { chunkOf, isWhole, lossOf, manifestOf } from './chunk-reader.ts'
import type { ValuesInChunks } from './chunks.ts'
import type { Manifest } from './manifest.ts'
import { type StreamOwner, streamAccessOf, wholeKeyOf } from './stream-owner.ts'

/** A manifest, and the call that has read it. */
class Head {
  readonly call: ChunkCall
  readonly manifest: Manifest

  constructor(call: ChunkCall, manifest: Manifest) {
    this.call = call
    this.manifest = manifest
  }
}

/**
 * Reads the bytes of a value as they arrive, at most `window` chunks at a time. A value that is one item comes as one piece, and
 * so does one that is compressed. No serde is asked.
 *
 * @param options - `timeoutMs` is the time of each chunk. After an abort the stream fails with the signal's reason.
 * @returns a stream; undefined on a miss. The stream fails with `ChunkLostError` where a chunk is gone, which may be after other
 * chunks were given; `maxValueBytes` does not limit it.
 * @throws `InvalidInputError` - the client has no option `chunks`.
 */
export async function getStream(
  cache: StreamOwner,
  key: Key,
  options?: KeyOptions,
): Promise<ReadableStream<Uint8Array> | undefined> {
  const access = streamAccessOf('getStream', cache)
  checkCallOptions('getStream', options, KEY_NAMES)
  const { large, parts } = access
  const { dispatcher, values } = parts
  const whole = await wholeKeyOf(access, key, options)
  const readWhole = values.reader(createStoredSerde(true))
  const run = (interpret: Interpret): Promise<Head | StoredValue | undefined> =>
    dispatcher.run(GET, whole, interpret, 'never', undefined, options)
  let found = await run(headReader(readWhole))
  // To decompress it takes all of it.
  if (found instanceof Head && values.isCompressed(found.manifest.clientFlags)) found = await run(readWhole)
  if (found === undefined) return undefined
  return found instanceof Head ? new ChunkStream(large, found, options?.signal).open() : streamOf(found.data)
}

/** Reads a manifest as it is, and other items as the client does. */
function headReader(readOther: Interpret): Interpret {
  return (reply, operation) => {
    if (reply.outcome !== 'hit' || reply.clientFlags !== MANIFEST_FLAGS) return readOther(reply, operation)
    const call = { ...callOf(operation), deadline: 0, patience: undefined }
    return new Head(call, manifestOf(reply, call, Number.POSITIVE_INFINITY).manifest)
  }
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => {
      if (bytes.length > 0) controller.enqueue(bytes)
      controller.close()
    },
  })
}

/** A value whose chunks are read ahead of the reader, as far as the window goes. */
class ChunkStream {
  readonly #large: ValuesInChunks
  readonly #call: ChunkCall
  readonly #manifest: Manifest
  readonly #signal: AbortSignal | undefined
  readonly #underWay: Promise<Uint8Array | undefined>[] = []
  #asked = 0
  #given = 0
  readonly #sums: number[] = []
  #leave: () => void = () => undefined

  constructor(large: ValuesInChunks, { call, manifest }: Head, signal: AbortSignal | undefined) {
    this.#large = large
    this.#call = call
    this.#manifest = manifest
    this.#signal = signal
  }

  open(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => this.#start(controller),
        pull: (controller) => this.#pull(controller),
        cancel: () => this.#end(),
      },
      // Read-ahead is in the window.
      { highWaterMark: 0 },
    )
  }

  #start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    const signal = this.#signal
    if (signal === undefined) return
    signal.throwIfAborted()
    this.#leave = whenAborted(signal, () => {
      controller.error(signal.reason)
      this.#end()
    })
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    this.#askAhead()
    try {
      const piece = await this.#underWay.shift()
      if (this.#signal?.aborted === true) return
      if (piece === undefined || !this.#mayGive()) throw lossOf(this.#call, this.#given)
      controller.enqueue(piece)
      this.#given++
      this.#askAhead()
      if (this.#given < this.#manifest.count) return
      controller.close()
      this.#end()
    } catch (error) {
      this.#end()
      throw error
    }
  }

  /** Whether the next piece may be given: before the last one, whether the value is whole. */
  #mayGive(): boolean {
    return this.#given < this.#manifest.count - 1 || isWhole(this.#manifest, this.#sums)
  }

  #askAhead(): void {
    const { count } = this.#manifest
    while (this.#asked < count && this.#underWay.length < this.#large.options.window) {
      const reading = this.#large.keep(this.#read(this.#asked++))
      // Its failure is that of the piece, whenever the reader comes to it.
      reading.catch(() => undefined)
      this.#underWay.push(reading)
    }
  }

  async #read(index: number): Promise<Uint8Array | undefined> {
    const { commands } = this.#large
    const take: Interpret = (reply) => {
      const chunk = chunkOf(reply, this.#manifest, index)
      if (chunk === undefined) return undefined
      this.#sums[index] = reply.clientFlags
      return reply.owned ? chunk : Buffer.from(chunk)
    }
    const read = (): Promise<Uint8Array | undefined> =>
      commands.read(this.#call, this.#manifest, index, take, undefined)
    try {
      return await commands.gate(this.#call).run(read)
    } catch (error) {
      throw failureOf(this.#call, error)
    }
  }

  /** Asks for no more chunks. */
  #end(): void {
    this.#asked = this.#manifest.count
    this.#underWay.length = 0
    this.#leave()
  }
}
