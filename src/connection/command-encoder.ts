import { Buffer } from 'node:buffer'
import { mayShrink, viewOf } from '../bytes.ts'
import { InvalidInputError, MemcacheError, UnknownCommandError } from '../errors.ts'
import { quoteKey } from '../protocol/key.ts'
import type { Operation } from '../protocol/operation.ts'
import { isStore } from '../protocol/request.ts'
import type { HeldBodies } from './held-bodies.ts'
import { LARGE_BODY_BYTES, type OutgoingBatch } from './outgoing-batch.ts'
import type { Doubt } from './unknown-commands.ts'
import type { Wire } from './wire.ts'

const CHANGED = 'the bytes of the value changed their length, or were given to another thread, during the call'

/** Server that commands are encoded for. */
export interface EncoderInit {
  readonly server: string
  /** Reason for text where the server may speak meta after all: a missing command is then not a bad input. */
  readonly doubt?: Doubt | undefined
}

/** Puts commands into the outgoing batch, as the connection's wire encodes them. */
export class CommandEncoder {
  readonly #init: EncoderInit
  readonly #batch: OutgoingBatch
  readonly #wire: Wire
  readonly #held: HeldBodies

  /** @param held - Called when the socket has released the large body of a command. */
  constructor(init: EncoderInit, batch: OutgoingBatch, wire: Wire, held: HeldBodies) {
    this.#init = init
    this.#batch = batch
    this.#wire = wire
    this.#held = held
  }

  /**
   * Puts the command line and body into the batch, whole or not at all. Returns false, the operation settled, on
   * failure.
   */
  encode(operation: Operation): boolean {
    this.#batch.mark()
    try {
      this.#put(operation)
      return true
    } catch (error) {
      this.#batch.rollBack()
      this.#wire.takeBack(operation)
      operation.bodyPending = false
      this.refuse(operation, error)
      return false
    }
  }

  /** Fails a command that could not be encoded. */
  refuse(operation: Operation, cause: unknown): void {
    const { server } = this.#init
    const { command, callerKey: key } = operation
    const details = { server, delivery: operation.unsentDelivery, cause, command, key }
    const why = cause instanceof Error ? cause.message : String(cause)
    // The request may be the part that throws, so its name is not read.
    const message = `${command} ${quoteKey(key)} cannot be written: ${why}`
    operation.fail(cause instanceof MemcacheError ? cause : new InvalidInputError(message, details))
  }

  #put(operation: Operation): void {
    const why = this.#wire.whyNot(operation)
    if (why !== undefined) throw this.#refusal(operation, why)
    const { request, key } = operation
    const body = isStore(request) ? this.#bodyOf(operation, request.data, request.bytes) : undefined
    const line = this.#wire.encodeLine(operation)
    if (typeof key === 'string' || key.form === 'base64') this.#batch.addAscii(line)
    else if (key.form === 'utf8') this.#batch.addUtf8(line, Buffer.byteLength(line, 'utf8'))
    else this.#batch.addByteText(line)
    if (isStore(request)) this.#addBody(operation, body!, request.bytes)
  }

  /** Returns the data block; bytes are taken as they are now, and must be as many as the command line announces. */
  #bodyOf(operation: Operation, data: string | Uint8Array, bytes: number): string | Buffer {
    if (typeof data === 'string') return data
    const view = viewOf(data)
    if (view?.length === bytes) return view
    throw this.#error(operation, CHANGED)
  }

  #error(operation: Operation, why: string): InvalidInputError {
    const details = { server: this.#init.server, delivery: operation.unsentDelivery, ...operation.about }
    return new InvalidInputError(`${operation.describe()}: ${why}`, details)
  }

  /** Makes the error of a command that this connection cannot carry. */
  #refusal(operation: Operation, why: string): MemcacheError {
    const { server, doubt } = this.#init
    if (doubt === undefined) return this.#error(operation, why)
    const message = `${operation.describe()}: ${why}, because ${doubt.why}; it is asked again within a minute`
    return new UnknownCommandError(message, { server, delivery: operation.unsentDelivery, ...operation.about })
  }

  #addBody(operation: Operation, data: string | Buffer, bytes: number): void {
    if (typeof data === 'string') this.#batch.addTextBody(data, bytes)
    else if (bytes < LARGE_BODY_BYTES) this.#batch.addByteText(data.toString('latin1'))
    else {
      operation.bodyPending = true
      // The kernel may take the rest later: if the buffer has shrunk by then, the kernel ends the connection.
      const lasting = mayShrink(data) ? Buffer.from(data) : data
      this.#batch.addLargeBody(lasting, () => this.#held.release(operation))
    }
    this.#batch.addAscii('\r\n')
  }
}
