import type { DesyncEvent } from '../../client/events.ts'
import { checkCas, checkUint64 } from '../../client/numbers.ts'
import { readBigCount, readCas, readCount, readDeleted, readStored } from '../../client/results.ts'
import { type StoreOptions, Values } from '../../client/values.ts'
import { isErrorReply, serverReplyError, staysInStep } from '../../connection/server-reply-error.ts'
import { ProtocolError } from '../../errors.ts'
import type { ClassicRequest, StoreRequest } from '../../protocol/classic-request.ts'
import type { Key } from '../../protocol/key.ts'
import { type Interpret, Operation } from '../../protocol/operation.ts'
import { interpretReply } from '../../protocol/outcome.ts'
import type { Reply } from '../../protocol/reply.ts'
import { DELETE, isIdempotent } from '../../protocol/request.ts'
import { encodeTextCommand } from '../../protocol/text/encode.ts'
import type { SerializedValue } from '../../serde/serde.ts'
import { StoreValue } from '../crossing/caller-references.ts'
import { arrive } from '../crossing/error-form.ts'
import { LineReply } from './replies.ts'
import { type LaneWay, USUAL_WAY } from './way.ts'

/** A larger value takes the usual way, in bytes: what the socket does not take at once would have to wait. */
const MAX_BODY_BYTES = 8_192

/**
 * The writes about one key that the lane carries, and where each has its options. Not `touch`: it must tell placeholders,
 * which the classic command cannot.
 */
export const LANE_WRITES = {
  set: 2,
  add: 2,
  replace: 2,
  append: 2,
  prepend: 2,
  cas: 3,
  delete: 1,
  incr: 2,
  decr: 2,
} as const

export type LaneWrite = keyof typeof LANE_WRITES

/** Options of a store that make no difference to its way. */
const PLAIN_OPTIONS: ReadonlySet<string> = new Set<keyof StoreOptions>(['ttl', 'clientFlags'])

/** What a call asks for, and how its reply is read. */
interface Asked {
  readonly request: ClassicRequest
  readonly interpret: Interpret
}

/**
 * Writes about one key on the lane. What is not the plain case takes the usual way, as long as nothing can have been
 * carried out, or may be carried out twice; else the call fails as it would there.
 */
export class LaneWrites {
  readonly #way: LaneWay
  readonly #values: Values
  readonly #reply: LineReply = new LineReply()
  readonly #isOwnSerde: boolean
  /** What the serde has made of the value of the present call. */
  #form: SerializedValue | undefined

  constructor(way: LaneWay) {
    this.#way = way
    this.#isOwnSerde = 'deserializeRange' in way.options.serde
    // Nothing is read, so there is no token to give back.
    this.#values = new Values(way.options, () => Promise.resolve())
  }

  run(command: LaneWrite, args: readonly unknown[]): unknown {
    this.#form = undefined
    let goesOn = false
    try {
      const done = this.#run(command, args)
      goesOn = done === USUAL_WAY
      return done
    } finally {
      // The value is not to be kept alive.
      if (!goesOn) this.#form = undefined
    }
  }

  #run(command: LaneWrite, args: readonly unknown[]): unknown {
    const way = this.#way
    if (!way.begin()) return USUAL_WAY
    const key = args[0] as Key
    const wireKey = way.wireKey(key)
    const server = wireKey === undefined ? -1 : way.serverOf(key)
    const asked = server === -1 ? undefined : this.#ask(command, args)
    if (asked === undefined) return USUAL_WAY
    const operation = new Operation(asked.request, wireKey!, key, way.timeoutMs, asked.interpret)
    const length = this.#write(asked.request, wireKey!)
    if (length === undefined) return USUAL_WAY
    this.#reply.expect()
    way.lane.start()
    if (!way.lane.send(server, length)) return USUAL_WAY
    const outcome = way.lane.receive(server, way.timeoutMs, this.#reply)
    if (outcome === 'done') return this.#result(operation, server)
    if (outcome === 'strange') return this.#refuse(operation, server)
    if (outcome === 'lost' && isIdempotent(asked.request)) return way.turnBack()
    throw way.error(operation.describe(), outcome, server)
  }

  /** The arguments with which a call takes the usual way: with what is left of its time, and of the serde's work. */
  remaining(command: LaneWrite, args: readonly unknown[]): readonly unknown[] {
    const rest = [...this.#way.remaining(args, LANE_WRITES[command])]
    if (this.#form !== undefined) rest[1] = new StoreValue(rest[1], this.#form)
    this.#form = undefined
    return rest
  }

  /** The request; undefined where it is not the plain case, or not to be had: the usual way says why. */
  #ask(command: LaneWrite, args: readonly unknown[]): Asked | undefined {
    try {
      return this.#request(command, args)
    } catch {
      return undefined
    }
  }

  #request(command: LaneWrite, [key, value, third, fourth]: readonly unknown[]): Asked | undefined {
    switch (command) {
      case 'set':
      case 'add':
      case 'replace':
        return this.#store(command, key as Key, value, 0n, third, readStored)
      case 'cas':
        return this.#store(command, key as Key, value, checkCas(third as bigint), fourth, readCas)
      case 'append':
      case 'prepend': {
        if (third !== undefined) return undefined
        const request = this.#values.extendRequest(command, key as Key, value as string | Uint8Array)
        return { request, interpret: readStored }
      }
      case 'delete':
        return value === undefined ? { request: DELETE, interpret: readDeleted } : undefined
      case 'incr':
      case 'decr': {
        if (third !== undefined) return undefined
        const delta = checkUint64('delta', value === undefined ? 1 : (value as number | bigint))
        return { request: { command, delta }, interpret: typeof value === 'bigint' ? readBigCount : readCount }
      }
    }
  }

  #store(
    command: StoreRequest['command'],
    key: Key,
    value: unknown,
    cas: bigint,
    options: unknown,
    interpret: Interpret,
  ): Asked | undefined {
    if (this.#way.options.compression !== undefined || !isPlain(options)) return undefined
    const make = (): StoreRequest => this.#values.storeRequest(command, key, value, cas, options)
    const request = this.#isOwnSerde ? make() : this.#way.block(make)
    this.#form = request
    return { request, interpret }
  }

  /** @returns the bytes of the command; undefined when they are too many. */
  #write(request: ClassicRequest, wireKey: string): number | undefined {
    const { command } = this.#way.lane
    const line = encodeTextCommand(request, wireKey, false)
    if (!('data' in request)) return command.write(line, 'latin1')
    const { data, bytes } = request
    if (bytes > MAX_BODY_BYTES) return undefined
    let at = command.write(line, 'latin1')
    if (typeof data === 'string') command.write(data, at, 'utf8')
    else command.set(data, at)
    at += bytes
    return at + command.write('\r\n', at, 'latin1')
  }

  #result(operation: Operation, server: number): unknown {
    const { reply } = this.#reply
    if (isErrorReply(reply)) {
      if (!staysInStep(reply, operation)) this.#way.lane.abandon(server)
      throw arrive(serverReplyError(reply, operation.describe(), this.#way.nameOf(server)))
    }
    if (interpretReply(operation.command, reply)) return this.#interpret(operation, reply)
    this.#way.lane.abandon(server)
    return this.#refuse(operation, server)
  }

  #interpret(operation: Operation, reply: Reply): unknown {
    try {
      return operation.interpret(reply, operation)
    } catch (error) {
      throw arrive(error as Error)
    }
  }

  /** What came is no answer: whether the command was carried out, nobody knows. */
  #refuse(operation: Operation, index: number): typeof USUAL_WAY {
    if (isIdempotent(operation.request)) return this.#way.turnBack()
    const server = this.#way.nameOf(index)
    const message = `${operation.describe()}: ${server} answered with something that is no reply to it`
    const error = arrive(new ProtocolError(message, { server, delivery: 'unknown' }))
    this.#way.tell('desync', { error, server } satisfies DesyncEvent)
    throw error
  }
}

function isPlain(options: unknown): options is StoreOptions | undefined {
  if (options === undefined) return true
  if (typeof options !== 'object' || options === null || Object.getPrototypeOf(options) !== Object.prototype)
    return false
  return Object.keys(options).every((name) => PLAIN_OPTIONS.has(name))
}
