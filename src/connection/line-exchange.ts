import type { Buffer } from 'node:buffer'
import { latin1Slice } from '../buffer-slices.ts'
import { ConnectError } from '../errors.ts'
import { findLineFeed, GARBAGE, NEED_MORE } from '../protocol/byte-scan.ts'
import type { Attempt } from './attempt.ts'
import { failureReason } from './failure-reason.ts'
import type { Transport } from './transport.ts'

/** Exchange of one line for one line, as the handshake needs it. */
export class LineExchange {
  readonly #transport: Transport
  readonly #server: string
  readonly #attempt: Attempt
  #resolve: ((line: string) => void) | undefined
  #reject: ((error: Error) => void) | undefined
  #ended: Error | undefined
  #closed = false
  /** Number of answers that are due. */
  #due = 0
  #first: string | undefined

  constructor(transport: Transport, server: string, attempt: Attempt) {
    this.#transport = transport
    this.#server = server
    this.#attempt = attempt
    transport.setListener({
      receive: (bytes, start, end) => this.#receive(bytes, start, end),
      drained: () => undefined,
      closed: (error) => {
        this.#closed ||= this.#ended === undefined
        const why = error === undefined ? '' : ` (${failureReason(error)})`
        this.#end(this.#error(`closed the connection${why}, ${attempt.stage}`, error))
      },
    })
  }

  /** Whether the other end closed the connection, or it was reset, before anything else ended it. */
  get closed(): boolean {
    return this.#closed
  }

  /** Sends a line and waits for the first answer to it. */
  ask(text: string): Promise<string> {
    const answer = new Promise<string>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      if (this.#ended !== undefined) reject(this.#ended)
    })
    this.#write(text)
    return this.#attempt.race(answer)
  }

  /** Sends a line again while its answer is due; the exchange goes on when all of them are answered. */
  repeat(text: string, times: number): void {
    if (this.#ended === undefined && this.#resolve !== undefined) this.#write(text.repeat(times), times)
  }

  #write(text: string, answers = 1): void {
    this.#due += answers
    this.#transport.write([{ data: text, encoding: 'utf8', onReleased: undefined }])
  }

  #receive(bytes: Buffer, start: number, end: number): number {
    let from = start
    while (from < end) {
      const lineFeed = findLineFeed(bytes, from, end)
      if (lineFeed === NEED_MORE) return from
      if (lineFeed === GARBAGE) return this.#rejectExtraBytes(end)
      const line = latin1Slice(bytes, from, lineFeed).replace(/\r$/, '')
      // The banner comes unasked, right after the accept, and stands for every answer.
      if (line.startsWith('ERROR Too many open connections')) {
        this.#end(this.#error(`is at its connection limit: ${line}`))
        return end
      }
      this.#first ??= line
      if (--this.#due < 0) return this.#rejectExtraBytes(end)
      from = lineFeed + 1
    }
    if (this.#due === 0) this.#answer()
    return end
  }

  #answer(): void {
    const resolve = this.#resolve
    const line = this.#first!
    this.#resolve = undefined
    this.#first = undefined
    resolve?.(line)
  }

  #rejectExtraBytes(end: number): number {
    const what = isRedis(this.#first) ? LIKE_REDIS : 'sends more than was asked for; is it a memcached?'
    this.#end(this.#error(what))
    return end
  }

  #error(what: string, cause?: Error): ConnectError {
    const server = this.#server
    return new ConnectError(`${server} ${what}`, { server, delivery: 'not-sent', cause })
  }

  #end(error: Error): void {
    this.#ended ??= error
    this.#reject?.(this.#ended)
  }
}

/** Message part for a server that answers as Redis does. */
export const LIKE_REDIS = 'answers like a Redis (or Valkey), not like a memcached; is that its port?'

/**
 * Checks whether a line is an error of Redis: `-ERR unknown command`, `-NOAUTH Authentication required.`, `-DENIED …`.
 */
export function isRedis(line: string | undefined): boolean {
  return line !== undefined && /^-[A-Z]{3,} /.test(line)
}
