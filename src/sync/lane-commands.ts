import { Buffer } from 'node:buffer'
import { batchError } from '../client/batch.ts'
import { COMPRESSED_FLAGS } from '../client/compression.ts'
import type { ResolvedClientOptions } from '../client/options.ts'
import { PLACEHOLDER_FLAGS } from '../client/placeholder.ts'
import { ConnectionClosedError, type MemcacheError, TimeoutError } from '../errors.ts'
import { type Key, quoteKey } from '../protocol/key.ts'
import type { RangeSerde } from '../serde/serde.ts'
import { MAX_RELATIVE_SECONDS } from '../ttl.ts'
import { LANE_COMMAND_BYTES, type Lane, type LaneOutcome } from './lane.ts'
import { storedReply, ValuesReply } from './lane-replies.ts'

/** Says that the call takes the usual way. */
export const USUAL_WAY: unique symbol = Symbol('the usual way')

/** A larger value takes the usual way, in bytes: what the socket does not take at once would have to wait. */
const MAX_BODY_BYTES = 8_192

/**
 * The hot commands on the lane. Whatever is not the plain case, in the call, in the options or in the reply, takes the
 * usual way, which says what is to be said; all of these commands may be carried out twice.
 */
export class LaneCommands {
  readonly #lane: Lane
  readonly #options: ResolvedClientOptions
  readonly #server: () => string
  readonly #values: ValuesReply = new ValuesReply()
  readonly #oneKey: [string] = ['']
  readonly #range: RangeSerde | undefined
  readonly #storesPlainly: boolean
  readonly #ttl: number | undefined

  /** @param server - The name of the server, for messages. */
  constructor(lane: Lane, options: ResolvedClientOptions, server: () => string) {
    this.#lane = lane
    this.#options = options
    this.#server = server
    this.#range = 'deserializeRange' in options.serde ? (options.serde as RangeSerde) : undefined
    this.#storesPlainly = options.compression === undefined && options.ttlJitter === 0
    this.#ttl = isRelative(options.defaultTtl) ? options.defaultTtl : undefined
  }

  get(key: Key): unknown {
    if (typeof key !== 'string' || !this.#lane.isOpen) return USUAL_WAY
    const wireKey = this.#options.keys.encode(key)
    if (typeof wireKey !== 'string') return USUAL_WAY
    this.#oneKey[0] = wireKey
    this.#values.expect(this.#oneKey)
    const outcome = this.#send(`get ${wireKey}\r\n`, this.#values)
    if (outcome === 'done') return this.#value(0, key)
    if (outcome === 'refused') return USUAL_WAY
    throw this.#error(`get ${quoteKey(key)}`, outcome)
  }

  set(key: Key, value: unknown, ttl: number | undefined): unknown {
    const exptime = ttl ?? this.#ttl
    if (typeof key !== 'string' || !this.#storesPlainly || !isRelative(exptime) || !this.#lane.isOpen) return USUAL_WAY
    const wireKey = this.#options.keys.encode(key)
    if (typeof wireKey !== 'string') return USUAL_WAY
    const length = this.#writeSet(wireKey, key, value, exptime)
    if (length === undefined) return USUAL_WAY
    const outcome = this.#lane.exchange(length, this.#options.connection.timeoutMs, storedReply)
    if (outcome === 'done') return true
    if (outcome === 'refused') return USUAL_WAY
    throw this.#error(`set ${quoteKey(key)}`, outcome)
  }

  getMany(keys: readonly Key[]): unknown {
    if (!this.#lane.isOpen) return USUAL_WAY
    const wireKeys: string[] = []
    let line = 'get'
    for (let at = 0; at < keys.length; at++) {
      const key = keys[at]!
      const wireKey = typeof key === 'string' ? this.#options.keys.encode(key) : undefined
      if (typeof wireKey !== 'string') return USUAL_WAY
      wireKeys.push(wireKey)
      line += ` ${wireKey}`
    }
    if (line.length > LANE_COMMAND_BYTES - 2 || wireKeys.length === 0) return USUAL_WAY
    this.#values.expect(wireKeys)
    const outcome = this.#send(`${line}\r\n`, this.#values)
    if (outcome === 'done') return this.#found(keys as readonly string[])
    if (outcome === 'refused') return USUAL_WAY
    const error = this.#error(`get ${quoteKey(keys[0]!)}`, outcome)
    throw batchError('getMany', new Map(keys.map((key) => [key, error])), keys.length, new Map(), [])
  }

  #send(line: string, reply: ValuesReply): LaneOutcome {
    const length = this.#lane.command.write(line, 'latin1')
    return this.#lane.exchange(length, this.#options.connection.timeoutMs, reply)
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

  #found(keys: readonly string[]): unknown {
    const found = new Map<string, unknown>()
    for (let at = 0; at < keys.length; at++) {
      if (this.#values.starts[at] === -1) continue
      const value = this.#value(at, keys[at]!)
      if (value === USUAL_WAY) return USUAL_WAY
      found.set(keys[at]!, value)
    }
    return found
  }

  #value(index: number, key: string): unknown {
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

  #error(what: string, outcome: 'late' | 'cut'): MemcacheError {
    const server = this.#server()
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

function isRelative(ttl: unknown): ttl is number {
  return typeof ttl === 'number' && Number.isInteger(ttl) && ttl >= 0 && ttl <= MAX_RELATIVE_SECONDS
}
