import { checkCas, checkUint64 } from '../../client/numbers.ts'
import { readBigCount, readCas, readCount, readDeleted, readStored } from '../../client/results.ts'
import { type StoreOptions, Values } from '../../client/values.ts'
import type { ClassicRequest, StoreRequest } from '../../protocol/classic-request.ts'
import type { Key } from '../../protocol/key.ts'
import { type Interpret, Operation } from '../../protocol/operation.ts'
import { interpretReply } from '../../protocol/outcome.ts'
import type { Reply } from '../../protocol/reply.ts'
import { DELETE, isIdempotent } from '../../protocol/request.ts'
import { isErrorReply, serverReplyError, staysInStep } from '../../protocol/server-reply-error.ts'
import { encodeTextCommand } from '../../protocol/text/encode.ts'
import type { SerializedValue } from '../../serde/serde.ts'
import { markCallError } from '../bridge/error-form.ts'
import type { DirectContext } from './context.ts'
import { Handover, VIA_WORKER } from './handover.ts'
import { LineReply } from './replies.ts'

/** Largest body on the direct way, in bytes: bytes that the socket does not take at once would have to wait. */
const MAX_BODY_BYTES = 8_192

/**
 * Writes about one key that may go the direct way. Not `touch`: it must detect placeholders, and the classic command
 * cannot.
 */
export const DIRECT_WRITES = ['set', 'add', 'replace', 'append', 'prepend', 'cas', 'delete', 'incr', 'decr'] as const

/** Name of a write that may go the direct way. */
export type DirectWrite = (typeof DIRECT_WRITES)[number]

/** Options of a store that need no other context. */
const PLAIN_OPTIONS: ReadonlySet<string> = new Set<keyof StoreOptions>(['ttl', 'clientFlags'])

/** Request of a call, and the reader of its reply. */
interface Asked {
  readonly request: ClassicRequest
  readonly interpret: Interpret
}

/**
 * Writes about one key on the direct way. Anything but the plain case goes through the worker, as long as nothing can
 * have been carried out, or may be carried out twice; else the call fails as it would there.
 */
export class DirectWrites {
  readonly #context: DirectContext
  readonly #values: Values
  readonly #reply: LineReply = new LineReply()
  readonly #isOwnSerde: boolean
  readonly #maxBodyBytes: number

  constructor(context: DirectContext) {
    this.#context = context
    this.#isOwnSerde = 'deserializeRange' in context.options.serde
    this.#maxBodyBytes = Math.min(MAX_BODY_BYTES, context.options.chunks?.options.aboveBytes ?? MAX_BODY_BYTES)
    // No value is read, so there is no token to release.
    this.#values = new Values(context.options, () => Promise.resolve())
  }

  /** Returns the result of the command, or its {@link Handover}. */
  run(command: DirectWrite, args: readonly unknown[]): unknown {
    const context = this.#context
    if (!context.isFree) return VIA_WORKER
    const key = args[0] as Key
    const wireKey = context.wireKey(key)
    const server = wireKey === undefined ? -1 : context.serverOf(key)
    const asked = server === -1 ? undefined : this.#ask(command, args)
    if (asked === undefined) return VIA_WORKER
    const { request } = asked
    const length = this.#write(request, wireKey!)
    if (length === undefined) return new Handover(false, 0, formOf(request))
    const operation = new Operation(request, wireKey!, key, context.timeoutMs, asked.interpret)
    this.#reply.expect()
    context.sockets.start()
    const sent = context.send(server, length)
    // A part is no command yet, but bytes that have left are sent again only if a repetition does no harm.
    if (sent === 'nothing' || (sent === 'part' && isIdempotent(request))) return context.handOver(formOf(request))
    if (sent === 'part') throw context.error(operation.describe(), sent, server, operation.about)
    const outcome = context.sockets.receive(server, context.timeoutMs, this.#reply)
    if (outcome === 'done') return this.#result(operation, server)
    if (outcome === 'lost' && isIdempotent(request)) return context.handOver(formOf(request))
    throw context.error(operation.describe(), outcome === 'other' ? 'garbage' : outcome, server, operation.about)
  }

  /** Makes the request; undefined if it is not the plain case, or fails: the worker's client reports why. */
  #ask(command: DirectWrite, args: readonly unknown[]): Asked | undefined {
    try {
      return this.#request(command, args)
    } catch {
      return undefined
    }
  }

  #request(command: DirectWrite, [key, value, third, fourth]: readonly unknown[]): Asked | undefined {
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
    if (this.#context.options.compression !== undefined || !isPlain(options)) return undefined
    const make = (): StoreRequest => this.#values.storeRequest(command, key, value, cas, options)
    return { request: this.#isOwnSerde ? make() : this.#context.block(make), interpret }
  }

  /** @returns the bytes of the command; undefined when they are too many. */
  #write(request: ClassicRequest, wireKey: string): number | undefined {
    const { command } = this.#context.sockets
    const line = encodeTextCommand(request, wireKey, false)
    if (!('data' in request)) return command.write(line, 'latin1')
    const { data, bytes } = request
    if (bytes > this.#maxBodyBytes) return undefined
    let at = command.write(line, 'latin1')
    if (typeof data === 'string') command.write(data, at, 'utf8')
    else command.set(data, at)
    at += bytes
    return at + command.write('\r\n', at, 'latin1')
  }

  #result(operation: Operation, server: number): unknown {
    const { reply } = this.#reply
    if (isErrorReply(reply)) {
      if (!staysInStep(reply, operation, false)) this.#context.sockets.abandon(server)
      throw markCallError(serverReplyError(reply, operation.describe(), this.#context.nameOf(server), operation.about))
    }
    if (interpretReply(operation.command, reply)) return this.#interpret(operation, reply)
    this.#context.sockets.abandon(server)
    throw this.#context.error(operation.describe(), 'garbage', server, operation.about)
  }

  #interpret(operation: Operation, reply: Reply): unknown {
    try {
      return operation.interpret(reply, operation)
    } catch (error) {
      throw markCallError(error as Error)
    }
  }
}

/** Returns the serde's result in a request; undefined if the bytes are the caller's own. */
function formOf(request: ClassicRequest): SerializedValue | undefined {
  const isExtension = request.command === 'append' || request.command === 'prepend'
  return 'data' in request && !isExtension ? request : undefined
}

function isPlain(options: unknown): options is StoreOptions | undefined {
  if (options === undefined) return true
  if (typeof options !== 'object' || options === null || Object.getPrototypeOf(options) !== Object.prototype)
    return false
  return Object.keys(options).every((name) => PLAIN_OPTIONS.has(name))
}
