import { Buffer } from 'node:buffer'
import { ChunkLostError, ConnectionClosedError, MemcacheError, SerdeError, ValueTooLargeError } from '../../errors.ts'
import { MANIFEST_FLAGS } from '../../protocol/manifest.ts'
import type { Interpret, Operation } from '../../protocol/operation.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { LargeValue, LargeValuesHost, Loss } from '../large-values.ts'
import { type ChunkCall, callOf, failureOf } from './chunk-call.ts'
import { type ChunkCommands, chunkExptime } from './chunk-commands.ts'
import { crc32, joinSums } from './crc32.ts'
import { chunkLength, type Manifest, parseManifest } from './manifest.ts'

/** Most times that a value may be replaced while one call tries to read it. */
const MAX_TRIES = 4

/** A manifest, and its item's cas number. */
export interface FoundManifest {
  readonly manifest: Manifest
  readonly cas: bigint
}

/** Reads values in chunks. */
export class ChunkReader {
  readonly #commands: ChunkCommands
  readonly #host: LargeValuesHost
  readonly #onRead: (call: ChunkCall, manifest: Manifest) => void

  /** @param onRead - Called with each manifest whose chunks were all there. */
  constructor(commands: ChunkCommands, host: LargeValuesHost, onRead: (call: ChunkCall, manifest: Manifest) => void) {
    this.#commands = commands
    this.#host = host
    this.#onRead = onRead
  }

  /** Reads the value that a manifest stands for. Looks at the reply before it returns. */
  async read(reply: Reply, operation: Operation): Promise<LargeValue | Loss> {
    const call = callOf(operation)
    const { request } = operation
    const exptime = 'exptime' in request ? chunkExptime(request.exptime) : undefined
    let found = manifestOf(reply, call, this.#host.maxValueBytes)
    for (let tries = 1; ; tries++) {
      const { manifest, cas } = found
      const value = new ValueInChunks(manifest)
      if (await this.#readAll(call, value, exptime)) {
        this.#onRead(call, manifest)
        return { data: value.data(), clientFlags: manifest.clientFlags, cas }
      }
      const next = await this.#lookAgain(call)
      if (typeof next === 'string' || isSame(next, found) || tries === MAX_TRIES) {
        this.#host.report(lossOf(call, value.lost), [call.callerKey])
        return typeof next === 'string' ? next : this.#removeLost(call, next, value.lost)
      }
      found = next
    }
  }

  async #readAll(call: ChunkCall, value: ValueInChunks, exptime: number | undefined): Promise<boolean> {
    const { manifest } = value
    const readOne = (index: number): Promise<boolean> => {
      checkPresence(call)
      return this.#commands.read(call, manifest, index, value.taker(index), exptime)
    }
    try {
      return (await this.#commands.each(manifest.count, call, readOne)) && value.isWhole
    } catch (error) {
      throw failureOf(call, error)
    }
  }

  /** Asks the key's own server for the manifest. A failure says nothing. */
  async #lookAgain(call: ChunkCall): Promise<FoundManifest | Loss> {
    const interpret: Interpret = (reply) =>
      reply.outcome === 'hit' && reply.clientFlags === MANIFEST_FLAGS
        ? manifestOf(reply, call, this.#host.maxValueBytes)
        : 'gone'
    try {
      return await this.#commands.readItem<FoundManifest | 'gone'>(call, interpret, { homeOnly: true })
    } catch (error) {
      if (error instanceof MemcacheError) return 'kept'
      throw error
    }
  }

  /** Removes a manifest if its own server says that the chunk is not there. */
  async #removeLost(call: ChunkCall, { manifest, cas }: FoundManifest, index: number): Promise<Loss> {
    if (cas === 0n) return 'kept'
    const value = new ValueInChunks(manifest)
    const place = { homeOnly: true }
    try {
      const isThere = await this.#commands.read(call, manifest, index, value.taker(index), undefined, place)
      return isThere !== true && (await this.#commands.removeManifest(call, cas)) ? 'gone' : 'kept'
    } catch (error) {
      // The next call that reads it tries again.
      if (error instanceof MemcacheError) return 'kept'
      throw error
    }
  }
}

function isSame(one: FoundManifest, other: FoundManifest): boolean {
  return one.manifest.generation === other.manifest.generation
}

/** Returns the error for a chunk that is not there. */
export function lossOf({ name, server, about }: ChunkCall, index: number): ChunkLostError {
  const message = `${name}: chunk ${index} of the value is gone, or is not the one that was stored`
  return new ChunkLostError(message, { server, delivery: 'answered', ...about })
}

/** Nothing more is read for a call that has left. */
export function checkPresence({ patience, name }: ChunkCall): void {
  if (patience?.leftAt === undefined) return
  throw new ConnectionClosedError(`${name}: the call was aborted`, { delivery: 'unknown' })
}

/** Reads the manifest of a reply. Throws `SerdeError` where it is none, and `ValueTooLargeError`. */
export function manifestOf(reply: Reply, { name, server, about }: ChunkCall, maxBytes: number): FoundManifest {
  const manifest = parseManifest(reply.bytes, reply.start, reply.end)
  const details = { server, delivery: 'answered', ...about } as const
  if (manifest === undefined) {
    const message = `${name}: the item says that its value is in chunks, and does not say where: it was damaged, or extended past its manifest by append or prepend`
    throw new SerdeError(message, details)
  }
  if (manifest.total <= maxBytes) return { manifest, cas: reply.cas() }
  const message = `${name}: the value has ${manifest.total} bytes in chunks, more than maxValueBytes (${maxBytes})`
  throw new ValueTooLargeError(message, details)
}

/** Reads a manifest; undefined where the item is none. */
export const readManifest: Interpret = Object.assign(
  (({ outcome, clientFlags, bytes, start, end }) =>
    outcome === 'hit' && clientFlags === MANIFEST_FLAGS
      ? parseManifest(bytes, start, end)
      : undefined) satisfies Interpret,
  { borrows: () => true },
)

/** Returns a view of the chunk that a reply has, and whose CRC-32 is its client flags; undefined where it is not the one stored. */
export function chunkOf(
  { outcome, bytes, start, end, clientFlags }: Reply,
  manifest: Manifest,
  index: number,
): Buffer | undefined {
  if (outcome !== 'hit' || end - start !== chunkLength(manifest, index)) return undefined
  const chunk = bytes.subarray(start, end)
  return crc32(chunk) === clientFlags ? chunk : undefined
}

/** Whether chunks, by the CRC-32 of each, are the value that was stored. */
export function isWhole(manifest: Manifest, sums: readonly number[]): boolean {
  return joinSums(sums, (index) => chunkLength(manifest, index)) === manifest.crc
}

/** A value while its chunks come in. */
class ValueInChunks {
  readonly manifest: Manifest
  /** Position of a chunk that is not there; 0 where the whole is not what was stored. */
  lost = 0
  readonly #sums: number[] = []
  #bytes: Buffer | undefined

  constructor(manifest: Manifest) {
    this.manifest = manifest
  }

  /** Returns what reads one chunk: whether it is the one that was stored. */
  taker(index: number): Interpret {
    const take: Interpret = (reply) => {
      if (this.#take(reply, index)) return true
      this.lost = index
      return false
    }
    // Its bytes are copied during the call.
    return Object.assign(take, { borrows: () => true })
  }

  #take(reply: Reply, index: number): boolean {
    const { manifest } = this
    const chunk = chunkOf(reply, manifest, index)
    if (chunk === undefined) return false
    this.#sums[index] = reply.clientFlags
    // Only now: a manifest alone takes no memory.
    this.#bytes ??= Buffer.allocUnsafeSlow(manifest.total)
    chunk.copy(this.#bytes, index * manifest.chunkBytes)
    return true
  }

  /** Whether all of it is what was stored. */
  get isWhole(): boolean {
    return isWhole(this.manifest, this.#sums)
  }

  data(): Buffer {
    return this.#bytes!
  }
}
