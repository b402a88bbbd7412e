import { Buffer } from 'node:buffer'
import { batchError } from '../../client/batch.ts'
import { COMPRESSED_FLAGS } from '../../client/compression.ts'
import { errorOf, type MemcacheError } from '../../errors.ts'
import { type Key, quoteKey } from '../../protocol/key.ts'
import { PLACEHOLDER_FLAGS } from '../../protocol/placeholder.ts'
import type { RangeSerde } from '../../serde/serde.ts'
import { markCallError } from '../bridge/error-form.ts'
import type { DirectContext } from './context.ts'
import { type Handover, VIA_WORKER } from './handover.ts'
import { ValuesReply } from './replies.ts'
import { type DirectOutcome, MAX_COMMAND_BYTES } from './sockets.ts'

const LINE_END = '\r\n'

/** Line ends of a read of one key. */
const ONE_LINE: readonly number[] = [1]

/** Marks a key without a value. */
const MISS: unique symbol = Symbol('miss')

/** Marks a value left to the worker's client. */
const UNREAD: unique symbol = Symbol('unread')

/**
 * Number of reads through the worker after a reply that only the worker can read: such a reply costs the connection.
 */
const DETOURS = 16

/** Keys read from one server, and the positions of their values. */
interface Share {
  readonly server: number
  /** Lines so far; the last line has no end yet. */
  lines: string
  readonly wireKeys: string[]
  /** Positions in the batch. */
  readonly positions: number[]
  /** Number of keys up to the end of each line but the last. */
  readonly lineEnds: number[]
  /** Start of the last line, in bytes, and its number of keys. */
  lineStart: number
  lineKeys: number
}

/** Results of a batch so far. */
interface Progress {
  readonly values: unknown[]
  readonly failed: Map<Key, MemcacheError>
  /** Positions whose values are left to the worker's client. */
  readonly unread: number[]
  /** Shares without an answer that were not late. */
  readonly lost: Share[]
}

/**
 * Hot reads on the direct way. Anything but the plain case, in the call, the options or the reply, goes through the
 * worker, whose client decides: a read may be carried out twice.
 */
export class DirectReads {
  readonly #context: DirectContext
  readonly #values: ValuesReply = new ValuesReply()
  readonly #oneKey: [string] = ['']
  readonly #range: RangeSerde | undefined
  readonly #maxKeys: number
  readonly #maxBytes: number
  /** Most servers of a batch; the worker's client asks more of them in turn. */
  readonly #maxServers: number
  #detours = 0

  constructor(context: DirectContext) {
    this.#context = context
    const { serde, connection, cluster } = context.options
    this.#range = 'deserializeRange' in serde ? (serde as RangeSerde) : undefined
    this.#maxKeys = connection.coalesceReads?.maxKeys ?? 1
    this.#maxServers = cluster.readWindow ?? Number.POSITIVE_INFINITY
    this.#maxBytes =
      Math.min(connection.coalesceReads?.maxBytes ?? MAX_COMMAND_BYTES, MAX_COMMAND_BYTES) - LINE_END.length
  }

  get(key: Key): unknown {
    const context = this.#context
    if (!context.isFree || this.#takesDetour()) return VIA_WORKER
    const wireKey = context.wireKey(key)
    const server = wireKey === undefined ? -1 : context.serverOf(key)
    if (server === -1) return VIA_WORKER
    this.#oneKey[0] = wireKey!
    this.#values.expect(this.#oneKey, ONE_LINE)
    const length = writeGet(context.sockets.command, wireKey!)
    context.sockets.start()
    if (context.send(server, length) !== 'all') return context.handOver()
    const outcome = context.sockets.receive(server, context.timeoutMs, this.#values)
    if (outcome === 'done') return this.#valueOf(key)
    this.#release()
    if (outcome === 'lost' || outcome === 'other') return this.#handOver(outcome)
    throw context.error(`get ${quoteKey(key)}`, outcome, server, { command: 'get', key })
  }

  #valueOf(key: Key): unknown {
    const value = this.#value(0, key)
    this.#release()
    return value === UNREAD ? this.#context.handOver() : value
  }

  #release(): void {
    this.#values.release()
    this.#context.sockets.release()
  }

  #takesDetour(): boolean {
    if (this.#detours === 0) return false
    this.#detours--
    return true
  }

  #handOver(outcome: 'lost' | 'other' | undefined): Handover {
    if (outcome === 'other') this.#detours = DETOURS
    return this.#context.handOver()
  }

  /** Reads many keys. Every server gets its lines before the first reply is waited for. */
  getMany(keys: readonly Key[]): unknown {
    const context = this.#context
    if (!context.isFree || this.#takesDetour()) return VIA_WORKER
    const shares = this.#share(keys)
    if (shares === undefined || shares.length > this.#maxServers) return VIA_WORKER
    const progress: Progress = { values: Array.from(keys, () => MISS), failed: new Map(), unread: [], lost: [] }
    context.sockets.start()
    const lost = this.#ask(shares, keys, progress)
    this.#release()
    const { values, failed, unread } = progress
    if (failed.size === 0 && (lost !== undefined || unread.length > 0)) return this.#handOver(lost)
    const found = foundOf(keys, values)
    const [error] = failed.values()
    if (error === undefined) return found
    // Lost reads are not repeated: nearly always no time is left.
    for (const share of progress.lost) this.#fail(share, keys, progress, 'lost')
    for (const position of unread) fail(failed, keys[position]!, error)
    throw markCallError(batchError('getMany', failed, new Set(keys).size, found, []))
  }

  /** @returns why the whole batch goes through the worker, if it does. */
  #ask(shares: readonly Share[], keys: readonly Key[], progress: Progress): 'lost' | 'other' | undefined {
    let lost: 'lost' | 'other' | undefined
    let sent = 0
    while (sent < shares.length && this.#send(shares[sent]!)) sent++
    // Every sent command's reply is read in any case: an unread reply would cost its connection.
    for (const [index, share] of shares.entries()) {
      const outcome = index < sent ? this.#receive(share) : 'lost'
      if (outcome === 'done') this.#takeValues(share, keys, progress)
      else if (outcome === 'lost' || outcome === 'other') {
        lost = outcome
        progress.lost.push(share)
      } else this.#fail(share, keys, progress, outcome)
    }
    return lost
  }

  #receive({ server, wireKeys, lineEnds }: Share): DirectOutcome {
    this.#values.expect(wireKeys, [...lineEnds, wireKeys.length])
    return this.#context.sockets.receive(server, this.#context.timeoutMs, this.#values)
  }

  #fail(
    { server, positions }: Share,
    keys: readonly Key[],
    { failed }: Progress,
    outcome: 'late' | 'cut' | 'lost' | 'garbage',
  ): void {
    const error = this.#context.error(`get ${quoteKey(keys[positions[0]!]!)}`, outcome, server, {})
    for (const position of positions) fail(failed, keys[position]!, error)
  }

  /** Divides the keys among servers; undefined if that is left to the worker's client. */
  #share(keys: readonly Key[]): readonly Share[] | undefined {
    if (keys.length === 0) return undefined
    const shares: Share[] = []
    const shareOf: Share[] = []
    for (let position = 0; position < keys.length; position++) {
      const key = keys[position]!
      const wireKey = this.#context.wireKey(key)
      const server = wireKey === undefined ? -1 : this.#context.serverOf(key)
      if (server === -1) return undefined
      let share = shareOf[server]
      if (share === undefined) {
        share = { server, lines: 'get', wireKeys: [], positions: [], lineEnds: [], lineStart: 0, lineKeys: 0 }
        shareOf[server] = share
        shares.push(share)
      }
      this.#add(share, wireKey!, position)
      if (share.lines.length > MAX_COMMAND_BYTES - LINE_END.length) return undefined
    }
    return shares
  }

  #add(share: Share, wireKey: string, position: number): void {
    const bytes = share.lines.length - share.lineStart + 1 + wireKey.length
    if (share.lineKeys > 0 && (share.lineKeys >= this.#maxKeys || bytes > this.#maxBytes)) {
      share.lineEnds.push(share.wireKeys.length)
      share.lines += LINE_END
      share.lineStart = share.lines.length
      share.lineKeys = 0
      share.lines += 'get'
    }
    share.lines += ` ${wireKey}`
    share.lineKeys++
    share.wireKeys.push(wireKey)
    share.positions.push(position)
  }

  #send({ server, lines }: Share): boolean {
    return this.#context.send(server, this.#context.sockets.command.write(lines + LINE_END, 'latin1')) === 'all'
  }

  #takeValues({ positions }: Share, keys: readonly Key[], { values, unread }: Progress): void {
    for (let at = 0; at < positions.length; at++) {
      if (this.#values.starts[at] === -1) continue
      const position = positions[at]!
      const value = this.#value(at, keys[position]!)
      if (value === UNREAD) unread.push(position)
      else values[position] = value
    }
  }

  #value(index: number, key: Key): unknown {
    const { starts, ends, clientFlags, bytes } = this.#values
    const start = starts[index]!
    if (start === -1) return undefined
    const end = ends[index]!
    const flags = clientFlags[index]!
    // Possibly no value, or one that is not to be read at once.
    if (start === end || flags === PLACEHOLDER_FLAGS || end - start > this.#context.options.connection.maxValueBytes)
      return UNREAD
    if ((flags & COMPRESSED_FLAGS) !== 0) return UNREAD
    try {
      if (this.#range === undefined) {
        const data = Buffer.from(bytes.subarray(start, end))
        const value: unknown = this.#context.block(() => this.#context.options.serde.deserialize(data, flags, key))
        if (!(value instanceof Promise)) return value
        // The worker's client refuses the promise.
        value.catch(() => undefined)
        return UNREAD
      }
      return this.#range.deserializeRange(bytes, start, end, flags, false, this.#values.isAscii)
    } catch {
      return UNREAD
    }
  }
}

/** Records a failure of many reads at one of them. */
function fail(failed: Map<Key, unknown>, key: Key, error: unknown): void {
  failed.set(key, errorOf(error, { about: { command: 'get', key } }))
}

/** Writes `get <key>` and its line end; returns the length. Without a string in between: fastest in a loop. */
function writeGet(command: Buffer, wireKey: string): number {
  command[0] = 103
  command[1] = 101
  command[2] = 116
  command[3] = 32
  const { length } = wireKey
  for (let at = 0; at < length; at++) command[4 + at] = wireKey.charCodeAt(at)
  command[4 + length] = 13
  command[5 + length] = 10
  return length + 6
}

/** Returns the hits, in the order of the keys. */
function foundOf(keys: readonly Key[], values: readonly unknown[]): Map<Key, unknown> {
  const found = new Map<Key, unknown>()
  for (let at = 0; at < keys.length; at++) if (values[at] !== MISS) found.set(keys[at]!, values[at])
  return found
}
