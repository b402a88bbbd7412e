import { ignore } from '../../ignore.ts'
import type { StoreRequest } from '../../protocol/classic-request.ts'
import type { Operation } from '../../protocol/operation.ts'
import type { Reply } from '../../protocol/reply.ts'
import {
  ATTACH,
  type ChunksPart,
  type LargeValue,
  type LargeValues,
  type LargeValuesHost,
  type Loss,
} from '../large-values.ts'
import { callOf } from './chunk-call.ts'
import { ChunkCommands, chunkExptime } from './chunk-commands.ts'
import { ChunkReader, readManifest } from './chunk-reader.ts'
import { ChunkWriter } from './chunk-writer.ts'
import { Leftovers } from './leftovers.ts'
import type { Manifest } from './manifest.ts'
import { type ChunkOptions, type ResolvedChunkOptions, resolveChunkOptions } from './options.ts'

/**
 * Returns the option `chunks` of a client: values that are larger than an item can be are stored in chunks, and read.
 *
 * @param options - A bad one throws `InvalidInputError` that names it.
 *
 * @example
 * ```ts
 * import { Memcache } from 'memlane'
 * import { chunks } from 'memlane/chunks'
 *
 * const cache = new Memcache('localhost:11211', { chunks: chunks() })
 * await cache.set('report', new Uint8Array(10_000_000), { ttl: 600 })
 * ```
 */
export function chunks(options?: ChunkOptions): ChunksPart {
  const resolved = resolveChunkOptions(options)
  return Object.freeze({ options: resolved, [ATTACH]: (host: LargeValuesHost) => new ValuesInChunks(host, resolved) })
}

/** Values in chunks of one client. */
export class ValuesInChunks implements LargeValues {
  readonly aboveBytes: number
  readonly options: ResolvedChunkOptions
  readonly host: LargeValuesHost
  readonly commands: ChunkCommands
  readonly leftovers: Leftovers
  readonly #reader: ChunkReader
  readonly #writer: ChunkWriter
  readonly #underWay: Set<Promise<unknown>> = new Set()

  constructor(host: LargeValuesHost, options: ResolvedChunkOptions) {
    const { aboveBytes, window, write } = options
    this.aboveBytes = write ? aboveBytes : Number.POSITIVE_INFINITY
    this.host = host
    this.options = options
    this.commands = new ChunkCommands(host, window)
    this.leftovers = new Leftovers(this.commands)
    this.#reader = new ChunkReader(this.commands, host, (call, manifest) => this.leftovers.remember(call, manifest))
    this.#writer = new ChunkWriter(this)
  }

  read(reply: Reply, operation: Operation): Promise<LargeValue | Loss> {
    return this.keep(this.#reader.read(reply, operation))
  }

  split(request: StoreRequest): StoreRequest {
    return this.#writer.split(request, (storing) => void this.keep(storing))
  }

  renew(operation: Operation): Promise<boolean> {
    return this.keep(this.#renew(operation))
  }

  async #renew(operation: Operation): Promise<boolean> {
    const { request } = operation
    const call = callOf(operation)
    const manifest = await this.commands.readItem<Manifest | undefined>(call, readManifest)
    if (manifest === undefined || !('exptime' in request)) return true
    const exptime = chunkExptime(request.exptime)
    return this.commands.each(manifest.count, call, (index) => this.commands.touch(call, manifest, index, exptime))
  }

  async measure(operation: Operation): Promise<number | undefined> {
    const manifest = await this.commands.readItem<Manifest | undefined>(callOf(operation), readManifest)
    return manifest?.total
  }

  watch(operation: Operation): void {
    this.leftovers.watch(operation)
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#underWay)
    this.leftovers.flush()
  }

  /** Counts as under way until it has settled. */
  keep<T>(work: Promise<T>): Promise<T> {
    const ended = work.then(ignore, ignore).then(() => void this.#underWay.delete(ended))
    this.#underWay.add(ended)
    return work
  }
}
