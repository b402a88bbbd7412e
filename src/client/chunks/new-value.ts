import { needNodeModule } from '../../node-modules.ts'
import type { StoreRequest } from '../../protocol/classic-request.ts'
import { MANIFEST_FLAGS } from '../../protocol/manifest.ts'
import { MAX_RELATIVE_SECONDS } from '../../ttl.ts'
import type { ChunkCall } from './chunk-call.ts'
import { type ChunkCommands, chunkExptime } from './chunk-commands.ts'
import { readManifest } from './chunk-reader.ts'
import { crc32, joinSums } from './crc32.ts'
import type { Leftovers } from './leftovers.ts'
import { chunkLength, encodeManifest, type Manifest } from './manifest.ts'

/** Bytes of a generation: 16 characters of base64url. */
const GENERATION_BYTES = 12

/** Parts of a client that store chunks. */
export interface ChunkStore {
  readonly commands: ChunkCommands
  readonly leftovers: Leftovers
  readonly options: { readonly chunkBytes: number }
}

/** A value that is being stored in chunks: all chunks first, then the manifest. */
export class NewValue {
  readonly #store: ChunkStore
  readonly #call: ChunkCall
  /** Stores the value as the call would store it in one item. */
  readonly #request: StoreRequest
  /** No other value ever has the same. */
  readonly #generation: string = needNodeModule('node:crypto').randomBytes(GENERATION_BYTES).toString('base64url')
  readonly #startedAt: number = performance.now()
  /** CRC-32 of each chunk that may be on the server. */
  readonly #sums: number[] = []
  #old: Manifest | undefined

  constructor(store: ChunkStore, call: ChunkCall, request: StoreRequest) {
    this.#store = store
    this.#call = call
    this.#request = request
  }

  /** Stores a chunk. Chunks are sent in their order. */
  sendChunk(index: number, data: Uint8Array): Promise<true> {
    const crc = crc32(data)
    this.#sums[index] = crc
    const exptime = chunkExptime(this.#request.exptime)
    return this.#store.commands.store(this.#call, { generation: this.#generation, index, data, crc, exptime })
  }

  /** Reads the present item, whose chunks are of no use once it is replaced. Never rejects. */
  async findOld(): Promise<void> {
    try {
      this.#old = await this.#store.commands.readItem<Manifest | undefined>(this.#call, readManifest)
    } catch {
      // Its chunks stay until their time is up.
    }
  }

  /**
   * Returns the request that stores the manifest.
   *
   * @param total - Number of bytes of the value.
   */
  manifestRequest(total: number): StoreRequest {
    const { clientFlags, exptime } = this.#request
    const shape = { total, chunkBytes: this.#store.options.chunkBytes, count: this.#sums.length }
    const crc = joinSums(this.#sums, (index) => chunkLength(shape, index))
    const data = encodeManifest({ ...shape, generation: this.#generation, crc, clientFlags })
    const seconds = (performance.now() - this.#startedAt) / 1000
    return {
      ...this.#request,
      data,
      bytes: data.length,
      clientFlags: MANIFEST_FLAGS,
      exptime: exptimeAfter(exptime, seconds),
      preparing: undefined,
    }
  }

  /** Takes note that the manifest is stored. */
  succeed(): void {
    const { leftovers } = this.#store
    leftovers.remember(this.#call, { generation: this.#generation, count: this.#sums.length })
    if (this.#old !== undefined && this.#old.generation !== this.#generation)
      leftovers.removeLater(this.#call, this.#old)
  }

  /** Removes the chunks that may be on the server. */
  remove(): void {
    this.#store.commands.remove(this.#call, this.#generation, this.#sums.length)
    this.#sums.length = 0
  }
}

/** Returns the exptime for an item that is stored some seconds after the call, and is to expire as if it had been at the call. */
function exptimeAfter(exptime: number, seconds: number): number {
  if (exptime <= 0 || exptime > MAX_RELATIVE_SECONDS) return exptime
  return Math.max(1, exptime - Math.floor(seconds))
}
