import { Buffer } from 'node:buffer'
import { viewOf } from '../../bytes.ts'
import { ClosedError, MemcacheError } from '../../errors.ts'
import type { StoreRequest } from '../../protocol/classic-request.ts'
import type { Operation } from '../../protocol/operation.ts'
import { type ChunkCall, callOf, failureOf } from './chunk-call.ts'
import type { ChunkCommands } from './chunk-commands.ts'
import { type ChunkStore, NewValue } from './new-value.ts'

/** Returns the bytes of a chunk. */
type ChunkAt = (index: number) => Uint8Array

/** Stores values in chunks: all chunks first, then the manifest, by the command of the call. */
export class ChunkWriter {
  readonly #store: ChunkStore

  constructor(store: ChunkStore) {
    this.#store = store
  }

  /**
   * Returns the request whose data is stored in chunks when its operation is dispatched.
   *
   * @param keep - Keeps the client from closing while chunks are stored, or removed again.
   */
  split(request: StoreRequest, keep: (storing: Promise<StoreRequest>) => void): StoreRequest {
    const { chunkBytes } = this.#store.options
    const chunkAt = cut(request, chunkBytes)
    const preparing = (operation: Operation): Promise<StoreRequest> => {
      const storing = new StoreInChunks(this.#store, operation, request).run(chunkAt, chunkBytes)
      // A call that fails for another reason meanwhile does not await it.
      storing.catch(() => undefined)
      keep(storing)
      return storing
    }
    return { ...request, data: '', preparing }
  }
}

/** Cuts data into chunks. Bytes are copied now: chunks leave after the call, when the bytes are the caller's again. */
function cut({ data, bytes }: StoreRequest, chunkBytes: number): ChunkAt {
  if (typeof data === 'string') return cutText(data, bytes, chunkBytes)
  const view = viewOf(data) ?? data
  // Each by itself: one large copy gets fresh memory of the system, which takes ten times as long as the copy.
  const copies = Array.from({ length: Math.ceil(bytes / chunkBytes) }, (_, index) =>
    Buffer.from(view.subarray(index * chunkBytes, (index + 1) * chunkBytes)),
  )
  return (index) => copies[index]!
}

/** Text of one byte for each character is encoded chunk by chunk, as they leave. */
function cutText(text: string, bytes: number, chunkBytes: number): ChunkAt {
  if (text.length === bytes) {
    return (index) => Buffer.from(text.slice(index * chunkBytes, (index + 1) * chunkBytes), 'latin1')
  }
  const encoded = Buffer.from(text, 'utf8')
  return (index) => encoded.subarray(index * chunkBytes, (index + 1) * chunkBytes)
}

/** One value on its way. */
class StoreInChunks {
  readonly #commands: ChunkCommands
  readonly #operation: Operation
  readonly #request: StoreRequest
  readonly #call: ChunkCall
  readonly #value: NewValue
  /** The chunks are there, and the manifest may be stored. */
  #isReady = false

  constructor(store: ChunkStore, operation: Operation, request: StoreRequest) {
    if (operation.deadline === 0) operation.deadline = performance.now() + operation.timeoutMs
    this.#commands = store.commands
    this.#operation = operation
    this.#request = request
    this.#call = callOf(operation)
    this.#value = new NewValue(store, this.#call, request)
    this.#followOutcome()
  }

  /** Stores the chunks; gives the request that stores the manifest. */
  async run(chunkAt: ChunkAt, chunkBytes: number): Promise<StoreRequest> {
    const { command, bytes } = this.#request
    const send = (index: number): Promise<true> => {
      this.#checkOpen()
      return this.#value.sendChunk(index, chunkAt(index))
    }
    try {
      const storing = this.#commands.each(Math.ceil(bytes / chunkBytes), this.#call, send)
      // An `add` replaces nothing.
      await Promise.all([storing, command === 'add' ? undefined : this.#value.findOld()])
      this.#checkOpen()
      this.#isReady = true
      return this.#value.manifestRequest(bytes)
    } catch (error) {
      this.#value.remove()
      await this.#removeRefused(error)
      throw failureOf(this.#call, error)
    }
  }

  #checkOpen(): void {
    if (this.#operation.settled) throw new ClosedError('the call has ended', { delivery: 'unknown' })
  }

  /** Learns what becomes of the manifest. */
  #followOutcome(): void {
    const operation = this.#operation
    const { resolve, reject } = operation
    operation.resolve = (value, same) => {
      if (operation.outcome === 'stored') this.#value.succeed()
      else if (operation.outcome !== undefined) this.#value.remove()
      resolve(value, same)
    }
    operation.reject = (reason, same) => {
      // Else `run` removes what it has sent, or the manifest may be there.
      if (this.#isReady && reason instanceof MemcacheError && reason.delivery !== 'unknown') this.#value.remove()
      reject(reason, same)
    }
  }

  /** A server that refuses the data of a `set` forgets the old value, and so it is here. */
  async #removeRefused(error: unknown): Promise<void> {
    if (this.#request.command !== 'set' || this.#operation.settled) return
    if (!(error instanceof MemcacheError) || error.delivery !== 'answered') return
    try {
      await this.#commands.removeItem(this.#call)
    } catch {
      // The first failure is that of the call.
    }
  }
}
