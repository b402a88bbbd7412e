import { Buffer } from 'node:buffer'
import { batchError } from '../client/batch.ts'
import { COMPRESSED_FLAGS } from '../client/compression.ts'
import type { ResolvedClientOptions } from '../client/options.ts'
import { PLACEHOLDER_FLAGS } from '../client/placeholder.ts'
import { ConnectionClosedError, type MemcacheError, TimeoutError } from '../errors.ts'
import { type Key, quoteKey } from '../protocol/key.ts'
import type { RangeSerde } from '../serde/serde.ts'
import { MAX_RELATIVE_SECONDS } from '../ttl.ts'
import { LANE_COMMAND_BYTES, type Lane, type LaneOutcome, type LaneReader } from './lane.ts'
import { storedReply, ValuesReply } from './lane-replies.ts'
import type { ServerRoutes } from './server-routes.ts'

/** Says that the call takes the usual way. */
export const USUAL_WAY: unique symbol = Symbol('the usual way')

/** Stands where a key has no value. */
const MISS: unique symbol = Symbol('miss')

/** A larger value takes the usual way, in bytes: what the socket does not take at once would have to wait. */
const MAX_BODY_BYTES = 8_192

/** What one server is asked for in a batch, and where its answers belong. */
interface Share {
  readonly server: number
  line: string
  readonly wireKeys: string[]
  /** Positions in the batch. */
  readonly positions: number[]
}

/**
 * The hot commands on the lane. Whatever is not the plain case, in the call, in the options or in the reply, takes the
 * usual way, which says what is to be said; all of these commands may be carried out twice.
 */
export class LaneCommands {
  readonly #lane: Lane
  readonly #options: ResolvedClientOptions
  readonly #routes: ServerRoutes
  readonly #values: ValuesReply = new ValuesReply()
  readonly #oneKey: [string] = ['']
  readonly #range: RangeSerde | undefined
  readonly #storesPlainly: boolean
  readonly #ttl: number | undefined

  constructor(lane: Lane, options: ResolvedClientOptions, routes: ServerRoutes) {
    this.#lane = lane
    this.#options = options
    this.#routes = routes
    this.#range = 'deserializeRange' in options.serde ? (options.serde as RangeSerde) : undefined
    this.#storesPlainly = options.compression === undefined && options.ttlJitter === 0
    this.#ttl = isRelative(options.defaultTtl) ? options.defaultTtl : undefined
  }

  get(key: Key): unknown {
    const wireKey = this.#wireKey(key)
    if (wireKey === undefined) return USUAL_WAY
    const server = this.#serverOf(key)
    if (server === -1) return USUAL_WAY
    this.#oneKey[0] = wireKey
    this.#values.expect(this.#oneKey)
    const length = this.#lane.command.write(`get ${wireKey}\r\n`, 'latin1')
    const outcome = this.#exchange(server, length, this.#values)
    if (outcome === 'done') return this.#value(0, key)
    if (outcome === 'refused') return USUAL_WAY
    throw this.#error(`get ${quoteKey(key)}`, outcome, server)
  }

  set(key: Key, value: unknown, ttl: number | undefined): unknown {
    const exptime = ttl ?? this.#ttl
    if (!this.#storesPlainly || !isRelative(exptime)) return USUAL_WAY
    const wireKey = this.#wireKey(key)
    if (wireKey === undefined) return USUAL_WAY
    const server = this.#serverOf(key)
    if (server === -1) return USUAL_WAY
    const length = this.#writeSet(wireKey, key as string, value, exptime)
    if (length === undefined) return USUAL_WAY
    const outcome = this.#exchange(server, length, storedReply)
    if (outcome === 'done') return true
    if (outcome === 'refused') return USUAL_WAY
    throw this.#error(`set ${quoteKey(key)}`, outcome, server)
  }

  /** Every server gets its line before the first reply is waited for. */
  getMany(keys: readonly Key[]): unknown {
    const shares = this.#share(keys)
    if (shares === undefined) return USUAL_WAY
    this.#lane.start()
    let sent = 0
    while (sent < shares.length && this.#sendShare(shares[sent]!)) sent++
    if (sent < shares.length) return this.#giveUp(shares, 0, sent)
    const values: unknown[] = Array.from(keys, () => MISS)
    const failed = new Map<Key, MemcacheError>()
    for (let at = 0; at < shares.length; at++) {
      const share = shares[at]!
      this.#values.expect(share.wireKeys)
      const outcome = this.#lane.receive(share.server, this.#options.connection.timeoutMs, this.#values)
      if (outcome === 'refused') return this.#giveUp(shares, at + 1, sent)
      if (outcome === 'done') {
        if (!this.#takeValues(share, keys, values)) return this.#giveUp(shares, at + 1, sent)
        continue
      }
      const error = this.#error(`get ${quoteKey(keys[share.positions[0]!]!)}`, outcome, share.server)
      for (const position of share.positions) failed.set(keys[position]!, error)
    }
    const found = foundOf(keys, values)
    if (failed.size > 0) throw batchError('getMany', failed, keys.length, found, [])
    return found
  }

  /** Who is asked for what; undefined where that is for the usual way. */
  #share(keys: readonly Key[]): readonly Share[] | undefined {
    const shares: Share[] = []
    const shareOf: Share[] = []
    for (let position = 0; position < keys.length; position++) {
      const key = keys[position]!
      const wireKey = this.#wireKey(key)
      const server = wireKey === undefined ? -1 : this.#serverOf(key)
      if (server === -1) return undefined
      let share = shareOf[server]
      if (share === undefined) {
        share = { server, line: 'get', wireKeys: [], positions: [] }
        shareOf[server] = share
        shares.push(share)
      }
      share.line += ` ${wireKey}`
      share.wireKeys.push(wireKey!)
      share.positions.push(position)
      if (share.line.length > LANE_COMMAND_BYTES - 2) return undefined
    }
    return shares.length === 0 ? undefined : shares
  }

  #sendShare({ server, line }: Share): boolean {
    const length = this.#lane.command.write(`${line}\r\n`, 'latin1')
    return this.#lane.send(server, length)
  }

  /** Nobody waits for the replies of these servers. */
  #giveUp(shares: readonly Share[], from: number, to: number): typeof USUAL_WAY {
    for (const { server } of shares.slice(from, to)) this.#lane.abandon(server)
    return USUAL_WAY
  }

  /** @returns whether all of them could be read. */
  #takeValues({ positions }: Share, keys: readonly Key[], values: unknown[]): boolean {
    for (let at = 0; at < positions.length; at++) {
      if (this.#values.starts[at] === -1) continue
      const position = positions[at]!
      const value = this.#value(at, keys[position]!)
      if (value === USUAL_WAY) return false
      values[position] = value
    }
    return true
  }

  #exchange(server: number, length: number, reader: LaneReader): LaneOutcome {
    this.#lane.start()
    if (!this.#lane.send(server, length)) return 'refused'
    return this.#lane.receive(server, this.#options.connection.timeoutMs, reader)
  }

  /** The key on the wire, where it travels as it is. */
  #wireKey(key: Key): string | undefined {
    if (typeof key !== 'string') return undefined
    const wireKey = this.#options.keys.encode(key)
    return typeof wireKey === 'string' ? wireKey : undefined
  }

  /** The key's server, if its socket is the caller's; else -1. */
  #serverOf(key: Key): number {
    const server = this.#routes.serverOf(key)
    return server !== -1 && this.#lane.isOpen(server) ? server : -1
  }

  #writeSet(wireKey: string, key: string, value: unknown, exptime: number): number | undefined {
    let form: ReturnType<ResolvedClientOptions['serde']['serialize']>
    try {
      form = this.#options.serde.serialize(value, key)
    } catch {
      return undefined
    }
    const { data, clientFlags } = form
    const bytes = typeof data === 'string' ? Buffer.byteLength(data, 'utf8') : data?.byteLength
    if (!(bytes <= MAX_BODY_BYTES && bytes <= this.#options.maxItemBytes)) return undefined
    if (!Number.isInteger(clientFlags) || clientFlags < 0 || clientFlags > 0xffff_ffff) return undefined
    const { command } = this.#lane
    let at = command.write(`set ${wireKey} ${clientFlags} ${exptime} ${bytes}\r\n`, 'latin1')
    if (typeof data === 'string') at += command.write(data, at, 'utf8')
    else {
      command.set(data, at)
      at += bytes
    }
    return at + command.write('\r\n', at, 'latin1')
  }

  #value(index: number, key: Key): unknown {
    const { starts, ends, clientFlags, bytes } = this.#values
    const start = starts[index]!
    if (start === -1) return undefined
    const end = ends[index]!
    const flags = clientFlags[index]!
    // What may be no value, or is not to be read at once.
    if (start === end || flags === PLACEHOLDER_FLAGS || end - start > this.#options.connection.maxValueBytes)
      return USUAL_WAY
    if ((flags & COMPRESSED_FLAGS) !== 0) return USUAL_WAY
    try {
      if (this.#range === undefined)
        return this.#options.serde.deserialize(Buffer.from(bytes!.subarray(start, end)), flags, key)
      return this.#range.deserializeRange(bytes!, start, end, flags, false, this.#values.isAscii)
    } catch {
      return USUAL_WAY
    }
  }

  #error(what: string, outcome: 'late' | 'cut', index: number): MemcacheError {
    const server = this.#routes.names[index]!
    const details = { server, delivery: 'unknown' } as const
    if (outcome === 'cut')
      return new ConnectionClosedError(
        `${what}: the connection to ${server} was lost in the middle of the reply`,
        details,
      )
    const { timeoutMs } = this.#options.connection
    return new TimeoutError(`${what} timed out after ${timeoutMs} ms: ${server} did not answer`, details)
  }
}

/** The hits, in the order of the keys. */
function foundOf(keys: readonly Key[], values: readonly unknown[]): Map<Key, unknown> {
  const found = new Map<Key, unknown>()
  for (let at = 0; at < keys.length; at++) if (values[at] !== MISS) found.set(keys[at]!, values[at])
  return found
}

function isRelative(ttl: unknown): ttl is number {
  return typeof ttl === 'number' && Number.isInteger(ttl) && ttl >= 0 && ttl <= MAX_RELATIVE_SECONDS
}
