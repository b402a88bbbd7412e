import type { Buffer } from 'node:buffer'
import { type MemcacheError, ProtocolError } from '../errors.ts'
import { ReplyParser } from '../protocol/reply-parser.ts'
import type { Pipeline } from './pipeline.ts'

/** Reads the replies of one connection and gives each to the pipeline. */
export class Receiver {
  readonly #pipeline: Pipeline
  readonly #onDesync: (error: ProtocolError) => void
  readonly #parser: ReplyParser = new ReplyParser()
  #stopped = false

  /** @param onDesync - Called when a reply does not fit, before `receive` returns the error. */
  constructor(pipeline: Pipeline, onDesync: (error: ProtocolError) => void) {
    this.#pipeline = pipeline
    this.#onDesync = onDesync
  }

  /** Position of the first byte that is still needed. */
  get rest(): number {
    return this.#parser.rest
  }

  /** Stops reading: the connection has ended, perhaps as an effect of a reply. */
  stop(): void {
    this.#stopped = true
  }

  /**
   * Reads the replies in `[start, end)`; the bytes must begin at `rest`.
   *
   * @returns why the connection cannot go on, or undefined while it can.
   */
  receive(bytes: Buffer, start: number, end: number): MemcacheError | undefined {
    const fault = this.#readReplies(bytes, start, end) ?? this.#rejectExtraBytes(end)
    if (fault instanceof ProtocolError) this.#onDesync(fault)
    return fault
  }

  #readReplies(bytes: Buffer, start: number, end: number): MemcacheError | undefined {
    const parser = this.#parser
    const pipeline = this.#pipeline
    parser.feed(bytes, start, end)
    for (;;) {
      const found = parser.next()
      if (found === 'more') return undefined
      const fault = found === 'reply' ? pipeline.receive(parser.reply) : this.#receiveHeader()
      // Also when a serde of the caller's destroyed the client meanwhile.
      if (fault !== undefined || this.#stopped) return fault
    }
  }

  #receiveHeader(): MemcacheError | undefined {
    const use = this.#pipeline.receiveHeader(this.#parser.reply)
    if (typeof use !== 'string') return use
    if (use === 'skip') this.#parser.skipBody()
    else this.#parser.acceptBody(use === 'borrow')
    return undefined
  }

  /** Rejects bytes, even the beginning of a reply, when no reply is due. */
  #rejectExtraBytes(end: number): MemcacheError | undefined {
    const extra = end - this.#parser.rest
    if (this.#stopped || extra === 0 || this.#pipeline.length > 0) return undefined
    return this.#pipeline.unsolicited(extra)
  }
}
