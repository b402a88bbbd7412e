import { ServerError } from '../../errors.ts'
import type { WireKey } from '../../protocol/key.ts'
import { type Interpret, Operation } from '../../protocol/operation.ts'
import { deleteUnchanged } from '../../protocol/placeholder.ts'
import { DELETE, GET, GETS, type Request } from '../../protocol/request.ts'
import { lengthen } from '../../ttl.ts'
import type { LargeValuesHost } from '../large-values.ts'
import { Semaphore } from '../lease/semaphore.ts'
import { readDeleted, readNothing, readStored } from '../results.ts'
import type { ChunkCall } from './chunk-call.ts'
import { chunkKey, type Manifest } from './manifest.ts'

/** Seconds that a chunk lives longer than its manifest. */
const GRACE_SECONDS = 2

/** A chunk to be stored. */
export interface StoredChunk {
  readonly generation: string
  readonly index: number
  readonly data: Uint8Array
  readonly crc: number
  /** Of the chunk: see {@link chunkExptime}. */
  readonly exptime: number
}

/** Commands may not go to a server that stands in for the key's own one. */
interface Place {
  readonly homeOnly?: boolean
}

/** Commands on chunks and manifests, in no order among those of the key: no two values share a chunk. */
export class ChunkCommands {
  readonly #host: LargeValuesHost
  readonly #window: number
  /** Limits the chunks under way, by the server's name. */
  readonly #gates: Map<string, Semaphore> = new Map()

  constructor(host: LargeValuesHost, window: number) {
    this.#host = host
    this.#window = window
  }

  /**
   * Carries out a command for each of `count` chunks, as many at a time as the window has room for. Stops at the first that gives
   * false or fails, and settles when no command is under way any more.
   *
   * @returns whether all gave true.
   */
  async each(count: number, call: ChunkCall, run: (index: number) => Promise<boolean>): Promise<boolean> {
    const gate = this.gate(call)
    let next = 0
    let isGood = true
    const runNext = async (): Promise<void> => {
      while (isGood && next < count) {
        const index = next++
        const step = gate.run(async () => !isGood || (await run(index)))
        isGood = (await step.catch((error: unknown) => stop(error))) && isGood
      }
    }
    const stop = (error: unknown): never => {
      isGood = false
      throw error
    }
    const runs = await Promise.allSettled(Array.from({ length: Math.min(count, this.#window) }, runNext))
    const failed = runs.find((outcome) => outcome.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    return isGood
  }

  /** The limit of the chunks under way to the server of a call. */
  gate({ routingKey }: ChunkCall): Semaphore {
    const name = this.#host.serverOf(routingKey) ?? ''
    let gate = this.#gates.get(name)
    if (gate === undefined) {
      gate = new Semaphore(this.#window)
      this.#gates.set(name, gate)
    }
    return gate
  }

  /**
   * Reads a chunk.
   *
   * @param exptime - Renews it as well; undefined: it keeps its time.
   */
  read<T>(
    call: ChunkCall,
    { generation }: Manifest,
    index: number,
    interpret: Interpret,
    exptime: number | undefined,
    place?: Place,
  ): Promise<T> {
    const request: Request = exptime === undefined ? GET : { command: 'gat', exptime }
    return this.#sendAbout(call, chunkKey(generation, index), request, interpret, place)
  }

  /** Stores a chunk. */
  async store(call: ChunkCall, { generation, index, data, crc, exptime }: StoredChunk): Promise<true> {
    const request: Request = {
      command: 'set',
      data,
      bytes: data.byteLength,
      clientFlags: crc,
      exptime,
      cas: 0n,
      preparing: undefined,
    }
    if (await this.#sendAbout<boolean>(call, chunkKey(generation, index), request, readStored)) return true
    throw new ServerError('the server did not store it', { server: call.server, delivery: 'answered' })
  }

  /** Renews a chunk. */
  touch(call: ChunkCall, { generation }: Manifest, index: number, exptime: number): Promise<boolean> {
    const request: Request = { command: 'touch', exptime }
    return this.#sendAbout(call, chunkKey(generation, index), request, (reply) => reply.outcome === 'touched')
  }

  /** Removes chunks; whether it is done is not asked. */
  remove(call: ChunkCall, generation: string, count: number): void {
    const free = { ...call, deadline: 0, patience: undefined }
    for (let index = 0; index < count; index++) {
      const key = chunkKey(generation, index)
      const operation = this.#operation(free, this.#host.encodeKey(key), key, DELETE, readNothing)
      operation.quiet = true
      this.#host.dispatch(operation)
    }
  }

  /** Reads the item of the call. */
  readItem<T>(call: ChunkCall, interpret: Interpret, place?: Place): Promise<T> {
    return this.#send(call, call.wireKey, GETS, interpret, place)
  }

  /** Removes the manifest, at the key's own server, if it still has this cas number; returns whether it is gone. */
  removeManifest(call: ChunkCall, cas: bigint): Promise<boolean> {
    const request = deleteUnchanged(cas, call.about.command ?? 'get')
    return this.#send(call, call.wireKey, request, (reply) => reply.outcome !== 'exists', { homeOnly: true })
  }

  /** Removes the item of the call. */
  removeItem(call: ChunkCall): Promise<boolean> {
    return this.#send(call, call.wireKey, DELETE, readDeleted)
  }

  #sendAbout<T>(call: ChunkCall, key: string, request: Request, interpret: Interpret, place?: Place): Promise<T> {
    return this.#dispatch(this.#operation(call, this.#host.encodeKey(key), key, request, interpret), place)
  }

  #send<T>(call: ChunkCall, key: WireKey, request: Request, interpret: Interpret, place?: Place): Promise<T> {
    return this.#dispatch(this.#operation(call, key, call.callerKey, request, interpret), place)
  }

  #operation(
    call: ChunkCall,
    key: WireKey,
    name: Operation['callerKey'],
    request: Request,
    interpret: Interpret,
  ): Operation {
    const operation = new Operation(request, key, name, call.timeoutMs, interpret)
    operation.routingKey = call.routingKey
    operation.patience = call.patience
    operation.deadline = call.deadline
    operation.namesErrors = true
    return operation
  }

  #dispatch<T>(operation: Operation, place: Place | undefined): Promise<T> {
    operation.homeOnly = place?.homeOnly === true
    return new Promise<T>((resolve, reject) => {
      operation.resolve = resolve as (value: unknown) => void
      operation.reject = reject
      this.#host.dispatch(operation)
    })
  }
}

/** Returns the exptime of the chunks of a manifest: they go after it. */
export function chunkExptime(exptime: number): number {
  return exptime === 0 ? 0 : lengthen(exptime, GRACE_SECONDS, Date.now())
}
