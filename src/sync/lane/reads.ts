import { Buffer } from 'node:buffer'
import { batchError } from '../../client/batch.ts'
import { COMPRESSED_FLAGS } from '../../client/compression.ts'
import { PLACEHOLDER_FLAGS } from '../../client/placeholder.ts'
import type { MemcacheError } from '../../errors.ts'
import { type Key, quoteKey } from '../../protocol/key.ts'
import type { RangeSerde } from '../../serde/serde.ts'
import { arrive } from '../crossing/error-form.ts'
import { LANE_COMMAND_BYTES } from './lane.ts'
import { ValuesReply } from './replies.ts'
import { type LaneWay, USUAL_WAY } from './way.ts'

/** Stands where a key has no value. */
const MISS: unique symbol = Symbol('miss')

/** What one server is asked for in a batch, and where its answers belong. */
interface Share {
  readonly server: number
  line: string
  readonly wireKeys: string[]
  /** Positions in the batch. */
  readonly positions: number[]
}

/**
 * The hot reads on the lane. Whatever is not the plain case, in the call, in the options or in the reply, takes the usual
 * way, which says what is to be said: a read may be carried out twice.
 */
export class LaneReads {
  readonly #way: LaneWay
  readonly #values: ValuesReply = new ValuesReply()
  readonly #oneKey: [string] = ['']
  readonly #range: RangeSerde | undefined

  constructor(way: LaneWay) {
    this.#way = way
    const { serde } = way.options
    this.#range = 'deserializeRange' in serde ? (serde as RangeSerde) : undefined
  }

  get(key: Key): unknown {
    const way = this.#way
    const wireKey = way.wireKey(key)
    const server = wireKey === undefined ? -1 : way.serverOf(key)
    if (server === -1) return USUAL_WAY
    this.#oneKey[0] = wireKey!
    this.#values.expect(this.#oneKey)
    const length = way.lane.command.write(`get ${wireKey}\r\n`, 'latin1')
    way.lane.start()
    if (!way.lane.send(server, length)) return USUAL_WAY
    const outcome = way.lane.receive(server, way.timeoutMs, this.#values)
    if (outcome === 'done') return this.#value(0, key)
    if (outcome === 'lost' || outcome === 'strange') return USUAL_WAY
    throw way.error(`get ${quoteKey(key)}`, outcome, server)
  }

  /** Every server gets its line before the first reply is waited for. */
  getMany(keys: readonly Key[]): unknown {
    const shares = this.#share(keys)
    if (shares === undefined) return USUAL_WAY
    this.#way.lane.start()
    let sent = 0
    while (sent < shares.length && this.#sendShare(shares[sent]!)) sent++
    if (sent < shares.length) return this.#giveUp(shares, 0, sent)
    const values: unknown[] = Array.from(keys, () => MISS)
    const failed = new Map<Key, MemcacheError>()
    for (let at = 0; at < shares.length; at++) {
      const share = shares[at]!
      this.#values.expect(share.wireKeys)
      const outcome = this.#way.lane.receive(share.server, this.#way.timeoutMs, this.#values)
      if (outcome === 'lost' || outcome === 'strange') return this.#giveUp(shares, at + 1, sent)
      if (outcome === 'done') {
        if (!this.#takeValues(share, keys, values)) return this.#giveUp(shares, at + 1, sent)
        continue
      }
      const error = this.#way.error(`get ${quoteKey(keys[share.positions[0]!]!)}`, outcome, share.server)
      for (const position of share.positions) failed.set(keys[position]!, error)
    }
    const found = foundOf(keys, values)
    if (failed.size > 0) throw arrive(batchError('getMany', failed, keys.length, found, []))
    return found
  }

  /** Who is asked for what; undefined where that is for the usual way. */
  #share(keys: readonly Key[]): readonly Share[] | undefined {
    const shares: Share[] = []
    const shareOf: Share[] = []
    for (let position = 0; position < keys.length; position++) {
      const key = keys[position]!
      const wireKey = this.#way.wireKey(key)
      const server = wireKey === undefined ? -1 : this.#way.serverOf(key)
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
    const length = this.#way.lane.command.write(`${line}\r\n`, 'latin1')
    return this.#way.lane.send(server, length)
  }

  /** Nobody waits for the replies of these servers. */
  #giveUp(shares: readonly Share[], from: number, to: number): typeof USUAL_WAY {
    for (const { server } of shares.slice(from, to)) this.#way.lane.abandon(server)
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

  #value(index: number, key: Key): unknown {
    const { starts, ends, clientFlags, bytes } = this.#values
    const start = starts[index]!
    if (start === -1) return undefined
    const end = ends[index]!
    const flags = clientFlags[index]!
    // What may be no value, or is not to be read at once.
    if (start === end || flags === PLACEHOLDER_FLAGS || end - start > this.#way.options.connection.maxValueBytes)
      return USUAL_WAY
    if ((flags & COMPRESSED_FLAGS) !== 0) return USUAL_WAY
    try {
      if (this.#range === undefined)
        return this.#way.options.serde.deserialize(Buffer.from(bytes!.subarray(start, end)), flags, key)
      return this.#range.deserializeRange(bytes!, start, end, flags, false, this.#values.isAscii)
    } catch {
      return USUAL_WAY
    }
  }
}

/** The hits, in the order of the keys. */
function foundOf(keys: readonly Key[], values: readonly unknown[]): Map<Key, unknown> {
  const found = new Map<Key, unknown>()
  for (let at = 0; at < keys.length; at++) if (values[at] !== MISS) found.set(keys[at]!, values[at])
  return found
}
