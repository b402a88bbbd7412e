import { Buffer } from 'node:buffer'
import { InvalidInputError } from '../errors.ts'
import type { ClassicRequest } from '../protocol/classic-request.ts'
import { isBase64Key } from '../protocol/key.ts'
import { encodeMetaCommand, LAST_OPAQUE } from '../protocol/meta/encode.ts'
import { unsupportedFeature } from '../protocol/meta/feature.ts'
import type { Operation } from '../protocol/operation.ts'
import { isMetaRequest, isStore } from '../protocol/request.ts'
import type { ServerVersion } from '../protocol/server-version.ts'
import { encodeTextCommand } from '../protocol/text/encode.ts'
import { LARGE_BODY_BYTES, type OutgoingBatch } from './outgoing-batch.ts'

/** Whom commands are encoded for. */
export interface EncodingTarget {
  readonly server: string
  readonly protocol: 'meta' | 'text'
  readonly version: ServerVersion
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

  /** Puts the command line and body into the batch; false, and settled, when this connection cannot carry the command. */
  encode(operation: Operation): boolean {
    const why = this.#whyNot(operation)
    if (why !== undefined) {
      const details = { server: this.#target.server, delivery: operation.unsentDelivery }
      operation.fail(new InvalidInputError(`${operation.describe()}: ${why}`, details))
      return false
    }
    const { request, key } = operation
    const line = this.#encodeLine(operation)
    if (typeof key === 'string' || key.form === 'base64') this.#batch.addAscii(line)
    else if (key.form === 'utf8') this.#batch.addUtf8(line, Buffer.byteLength(line, 'utf8'))
    else this.#batch.addByteText(line)
    if (isStore(request)) this.#addBody(operation, request.data, request.bytes)
    return true
  }

  #encodeLine(operation: Operation): string {
    const { request, key, quiet } = operation
    const text = typeof key === 'string' ? key : key.text
    if (this.#target.protocol === 'text') return encodeTextCommand(request as ClassicRequest, text, quiet)
    // `version`, `mn` and `me` take no flags: their replies are matched by kind.
    if (key !== '' && request.command !== 'me') operation.opaque = this.#nextOpaque()
    return encodeMetaCommand(request, text, isBase64Key(key), operation.opaque, quiet)
  }

  /** Why this connection cannot carry the command, for a message; undefined when it can. */
  #whyNot({ request, key }: Operation): string | undefined {
    const { protocol, server, version } = this.#target
    const base64 = isBase64Key(key)
    // Written as it is now, it would put the connection out of step.
    if (isStore(request) && typeof request.data !== 'string' && request.data.byteLength !== request.bytes)
      return 'the bytes of the value changed their length, or were given to another thread, during the call'
    if (protocol === 'text') {
      if (base64)
        return `a key with white space or control characters needs the meta protocol, and ${server} speaks text`
      return isMetaRequest(request) ? `it needs the meta protocol, and ${server} speaks text` : undefined
    }
    if (!isMetaRequest(request)) return undefined
    const missing = unsupportedFeature(request, version, base64)
    return missing === undefined ? undefined : `${missing}, and ${server} is ${version.text}`
  }

  #addBody(operation: Operation, data: string | Uint8Array, bytes: number): void {
    if (typeof data === 'string') this.#batch.addTextBody(data, bytes)
    else if (data.length < LARGE_BODY_BYTES)
      this.#batch.addByteText(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1'))
    else {
      operation.bodyPending = true
      this.#batch.addLargeBody(data, () => this.#onReleased(operation))
    }
    this.#batch.addAscii('\r\n')
  }

  #nextOpaque(): number {
    this.#opaque = this.#opaque === LAST_OPAQUE ? 1 : this.#opaque + 1
    return this.#opaque
  }
}
