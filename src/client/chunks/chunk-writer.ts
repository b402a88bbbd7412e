import { Buffer } from 'node:buffer'
import { ClosedError, MemcacheError } from '../../errors.ts'
import { needNodeModule } from '../../node-modules.ts'
import type { StoreRequest } from '../../protocol/classic-request.ts'
import { MANIFEST_FLAGS } from '../../protocol/manifest.ts'
import type { Operation } from '../../protocol/operation.ts'
import { MAX_RELATIVE_SECONDS } from '../../ttl.ts'
import { type ChunkCall, callOf, failureOf } from './chunk-call.ts'
import { type ChunkCommands, chunkExptime } from './chunk-commands.ts'
import { readManifest } from './chunk-reader.ts'
import { crc32, joinCrc32 } from './crc32.ts'
import type { Leftovers } from './leftovers.ts'
import { encodeManifest, type Manifest } from './manifest.ts'

/** Bytes of a generation: 16 characters of base64url. */
const GENERATION_BYTES = 12

/** Returns the generation of a new value: none was ever the same. */
export function createGeneration(): string {
  return needNodeModule('node:crypto').randomBytes(GENERATION_BYTES).toString('base64url')
}

/** Stores values in chunks: all chunks first, then the manifest, by the command of the call. */
export class ChunkWriter {
  readonly #commands: ChunkCommands
  readonly #leftovers: Leftovers
  readonly #chunkBytes: number

  constructor(commands: ChunkCommands, leftovers: Leftovers, chunkBytes: number) {
    this.#commands = commands
    this.#leftovers = leftovers
    this.#chunkBytes = chunkBytes
  }

  /**
   * Returns the request whose data is stored in chunks when its operation is dispatched.
   *
   * @param keep - Keeps the client from closing while chunks are stored, or removed again.
   */
  split(request: StoreRequest, keep: (storing: Promise<StoreRequest>) => void): StoreRequest {
    // Copied: the chunks leave after the call, when the bytes are the caller's again.
    const data = typeof request.data === 'string' ? Buffer.from(request.data, 'utf8') : Buffer.from(request.data)
    const preparing = (operation: Operation): Promise<StoreRequest> => {
      const storing = new StoreInChunks(this.#commands, this.#leftovers, operation, request).run(data, this.#chunkBytes)
      // A call that fails for another reason meanwhile does not await it.
      storing.catch(() => undefined)
      keep(storing)
      return storing
    }
    return { ...request, data: '', preparing }
  }
}

/** One value on its way. */
class StoreInChunks {
  readonly #commands: ChunkCommands
  readonly #leftovers: Leftovers
  readonly #operation: Operation
  readonly #request: StoreRequest
  readonly #call: ChunkCall
  readonly #generation: string = createGeneration()
  readonly #startedAt: number = performance.now()
  /** Number of chunks that may be on the server. */
  #sent = 0
  /** The chunks are there, and the manifest may be stored. */
  #isReady = false
  #old: Manifest | undefined

  constructor(commands: ChunkCommands, leftovers: Leftovers, operation: Operation, request: StoreRequest) {
    if (operation.deadline === 0) operation.deadline = this.#startedAt + operation.timeoutMs
    this.#commands = commands
    this.#leftovers = leftovers
    this.#operation = operation
    this.#request = request
    this.#call = callOf(operation)
    this.#followOutcome()
  }

  /** Stores the chunks; gives the request that stores the manifest. */
  async run(data: Buffer, chunkBytes: number): Promise<StoreRequest> {
    const { clientFlags, exptime } = this.#request
    const count = Math.ceil(data.length / chunkBytes)
    try {
      const [crc] = await Promise.all([this.#storeAll(data, chunkBytes, count), this.#findOld()])
      this.#checkOpen()
      this.#isReady = true
      const manifest = { total: data.length, chunkBytes, count, generation: this.#generation, crc, clientFlags }
      const seconds = (performance.now() - this.#startedAt) / 1000
      return manifestRequest(this.#request, manifest, exptimeAfter(exptime, seconds))
    } catch (error) {
      this.#removeSent()
      await this.#removeRefused(error)
      throw failureOf(this.#call, error)
    }
  }

  /** Returns the CRC-32 of the whole. */
  async #storeAll(data: Buffer, chunkBytes: number, count: number): Promise<number> {
    const exptime = chunkExptime(this.#request.exptime)
    const sums: number[] = []
    await this.#commands.each(count, this.#call, (index) => {
      this.#checkOpen()
      this.#sent = index + 1
      const chunk = data.subarray(index * chunkBytes, (index + 1) * chunkBytes)
      const crc = crc32(chunk)
      sums[index] = crc
      return this.#commands.store(this.#call, { generation: this.#generation, index, data: chunk, crc, exptime })
    })
    return sums.reduce((first, second, index) =>
      joinCrc32(first, second, Math.min(chunkBytes, data.length - index * chunkBytes)),
    )
  }

  #checkOpen(): void {
    if (this.#operation.settled) throw new ClosedError('the call has ended', { delivery: 'unknown' })
  }

  /** Reads what is there now, whose chunks are of no use once it is replaced. */
  async #findOld(): Promise<void> {
    if (this.#request.command === 'add') return
    try {
      this.#old = await this.#commands.readItem<Manifest | undefined>(this.#call, readManifest)
    } catch {
      // Its chunks stay until their time is up.
    }
  }

  /** Learns what becomes of the manifest. */
  #followOutcome(): void {
    const operation = this.#operation
    const { resolve, reject } = operation
    operation.resolve = (value, same) => {
      if (operation.outcome === 'stored') this.#succeed()
      else if (operation.outcome !== undefined) this.#removeSent()
      resolve(value, same)
    }
    operation.reject = (reason, same) => {
      // Else `run` removes what it has sent, or the manifest may be there.
      if (this.#isReady && reason instanceof MemcacheError && reason.delivery !== 'unknown') this.#removeSent()
      reject(reason, same)
    }
  }

  #succeed(): void {
    this.#leftovers.remember(this.#call, { generation: this.#generation, count: this.#sent })
    if (this.#old !== undefined) this.#leftovers.removeLater(this.#call, this.#old)
  }

  #removeSent(): void {
    this.#commands.remove(this.#call, this.#generation, this.#sent)
    this.#sent = 0
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

/** Returns the request that stores a manifest. */
export function manifestRequest(request: StoreRequest, manifest: Manifest, exptime: number): StoreRequest {
  const data = encodeManifest(manifest)
  return { ...request, data, bytes: data.length, clientFlags: MANIFEST_FLAGS, exptime, preparing: undefined }
}

/** Returns the exptime for an item that is stored some seconds after the call, and is to expire as if it had been at the call. */
export function exptimeAfter(exptime: number, seconds: number): number {
  if (exptime <= 0 || exptime > MAX_RELATIVE_SECONDS) return exptime
  return Math.max(1, exptime - Math.floor(seconds))
}
