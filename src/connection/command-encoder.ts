import { Buffer } from 'node:buffer'
import { mayShrink, viewOf } from '../bytes.ts'
import { InvalidInputError, MemcacheError, UnknownCommandError } from '../errors.ts'
import type { ClassicRequest } from '../protocol/classic-request.ts'
import { isBase64Key, quoteKey } from '../protocol/key.ts'
import { encodeMetaCommand, LAST_OPAQUE } from '../protocol/meta/encode.ts'
import { unsupportedFeature } from '../protocol/meta/feature.ts'
import type { Operation } from '../protocol/operation.ts'
import { isMetaRequest, isStore, type Request } from '../protocol/request.ts'
import type { ServerVersion } from '../protocol/server-version.ts'
import { encodeTextCommand } from '../protocol/text/encode.ts'
import { LARGE_BODY_BYTES, type OutgoingBatch } from './outgoing-batch.ts'
import type { Doubt } from './unknown-commands.ts'

const CHANGED = 'the bytes of the value changed their length, or were given to another thread, during the call'

/** Whom commands are encoded for. */
export interface EncodingTarget {
  readonly server: string
  readonly protocol: 'meta' | 'text'
  readonly version: ServerVersion
  /** Why the protocol is text, where the server may speak meta all the same: what is missing is no bad input then. */
  readonly doubt?: Doubt | undefined
  /** The key of the read that takes the place of `version`, which the server closes on. */
  readonly probeKey?: string | undefined
}

/** Puts commands into the outgoing batch, in the protocol that the connection speaks. */
export class CommandEncoder {
  readonly #batch: OutgoingBatch
  readonly #target: EncodingTarget
  readonly #onReleased: (operation: Operation) => void
  #opaque = 0

  /** @param onReleased - The socket has let go of a command's large body. */
  constructor(batch: OutgoingBatch, target: EncodingTarget, onReleased: (operation: Operation) => void) {
    this.#batch = batch
    this.#target = target
    this.#onReleased = onReleased
  }

  /** Puts the command line and body into the batch, whole or not at all; false, and settled, when that cannot be done. */
  encode(operation: Operation): boolean {
    const opaque = this.#opaque
    this.#batch.mark()
    try {
      this.#put(operation)
      return true
    } catch (error) {
      this.#batch.rollBack()
      this.#opaque = opaque
      operation.opaque = 0
      operation.bodyPending = false
      this.refuse(operation, error)
      return false
    }
  }

  /** Fails a command that could not be encoded. */
  refuse(operation: Operation, cause: unknown): void {
    const { server } = this.#target
    const details = { server, delivery: operation.unsentDelivery, cause }
    const why = cause instanceof Error ? cause.message : String(cause)
    // The request may be what throws, so it is not asked for its name.
    const message = `${operation.command} ${quoteKey(operation.callerKey)} cannot be written: ${why}`
    operation.fail(cause instanceof MemcacheError ? cause : new InvalidInputError(message, details))
  }

  #put(operation: Operation): void {
    const why = this.#whyNot(operation)
    if (why !== undefined) throw this.#refusal(operation, why)
    const { request, key } = operation
    const body = isStore(request) ? this.#bodyOf(operation, request.data, request.bytes) : undefined
    const line = this.#encodeLine(operation)
    if (typeof key === 'string' || key.form === 'base64') this.#batch.addAscii(line)
    else if (key.form === 'utf8') this.#batch.addUtf8(line, Buffer.byteLength(line, 'utf8'))
    else this.#batch.addByteText(line)
    if (isStore(request)) this.#addBody(operation, body!, request.bytes)
  }

  /** The data block; bytes as they are now, which must be as many as the command line announces. */
  #bodyOf(operation: Operation, data: string | Uint8Array, bytes: number): string | Buffer {
    if (typeof data === 'string') return data
    const view = viewOf(data)
    if (view?.length === bytes) return view
    throw this.#error(operation, CHANGED)
  }

  #error(operation: Operation, why: string): InvalidInputError {
    const details = { server: this.#target.server, delivery: operation.unsentDelivery }
    return new InvalidInputError(`${operation.describe()}: ${why}`, details)
  }

  /** The error of a command that this connection cannot carry. */
  #refusal(operation: Operation, why: string): MemcacheError {
    const { server, doubt } = this.#target
    if (doubt === undefined) return this.#error(operation, why)
    const message = `${operation.describe()}: ${why}, because ${doubt.why}; it is asked again within a minute`
    return new UnknownCommandError(message, { server, delivery: operation.unsentDelivery })
  }

  #encodeLine(operation: Operation): string {
    const { request, key, quiet } = operation
    const text = typeof key === 'string' ? key : key.text
    const { protocol, probeKey } = this.#target
    if (probeKey !== undefined && isQuestion(request)) return `get ${probeKey}\r\n`
    if (protocol === 'text') return encodeTextCommand(request as ClassicRequest, text, quiet)
    // `version`, `mn` and `me` take no flags: their replies are matched by kind.
    if (key !== '' && request.command !== 'me') operation.opaque = this.#nextOpaque()
    return encodeMetaCommand(request, text, isBase64Key(key), operation.opaque, quiet)
  }

  /** Why this connection cannot carry the command, for a message; undefined when it can. */
  #whyNot({ request, key }: Operation): string | undefined {
    const { protocol, server, version } = this.#target
    const base64 = isBase64Key(key)
    if (protocol === 'text') {
      if (base64)
        return `a key with white space or control characters needs the meta protocol, and ${server} speaks text`
      return isMetaRequest(request) ? `it needs the meta protocol, and ${server} speaks text` : undefined
    }
    if (!isMetaRequest(request)) return undefined
    const missing = unsupportedFeature(request, version, base64)
    return missing === undefined ? undefined : `${missing}, and ${server} is ${version.text}`
  }

  #addBody(operation: Operation, data: string | Buffer, bytes: number): void {
    if (typeof data === 'string') this.#batch.addTextBody(data, bytes)
    else if (bytes < LARGE_BODY_BYTES) this.#batch.addByteText(data.toString('latin1'))
    else {
      operation.bodyPending = true
      // The kernel may take the rest of it later: of a buffer that has shrunk by then, it ends the connection.
      const lasting = mayShrink(data) ? Buffer.from(data) : data
      this.#batch.addLargeBody(lasting, () => this.#onReleased(operation))
    }
    this.#batch.addAscii('\r\n')
  }

  #nextOpaque(): number {
    this.#opaque = this.#opaque === LAST_OPAQUE ? 1 : this.#opaque + 1
    return this.#opaque
  }
}

/** Whether the request asks for nothing but a sign of life. */
export function isQuestion({ command }: Request): boolean {
  return command === 'version' || command === 'noop'
}
