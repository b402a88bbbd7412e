import {
  ClientError,
  ConnectionClosedError,
  type MemcacheError,
  ServerError,
  TimeoutError,
  UnknownCommandError,
  ValueTooLargeError,
} from '../errors.ts'
import type { Attempt } from './attempt.ts'
import { failureReason } from './failure-reason.ts'

/** Longest part of a server's or a caller's line that a message shows, in characters. */
const MAX_TEXT = 200

/** Stage of an attempt after its line was written: from here on the server may have carried it out. */
export const WAITING_FOR_REPLY = 'waiting for the reply'

/** Commands that configure a server or show its internals. ElastiCache Serverless answers ERROR to them. */
const OFTEN_OFF = /^"(?:stats |lru|verbosity|watch|me )/

/** Makes the errors of one exchange: each names the line and the server. */
export class ExchangeErrors {
  /** Line of the exchange, quoted and cut. */
  readonly line: string
  readonly server: string

  constructor(line: string, server: string) {
    this.line = JSON.stringify(line.slice(0, MAX_TEXT))
    this.server = server
  }

  /** Makes the error for an error line of the server. */
  refused(answer: string): MemcacheError {
    const server = this.server
    const line = answer.slice(0, MAX_TEXT).trimEnd()
    const message = `${this.line}: ${server} answered ${line}`
    const details = { server, delivery: 'answered' } as const
    if (line.startsWith('CLIENT_ERROR')) return new ClientError(message, details)
    if (line.startsWith('SERVER_ERROR')) return new ServerError(message, details)
    const hint = OFTEN_OFF.test(this.line) ? '; some hosted services switch this command off' : ''
    return new UnknownCommandError(message + hint, details)
  }

  tooLong(maxBytes: number): ValueTooLargeError {
    const message = `${this.line}: the reply is longer than maxValueBytes (${maxBytes})`
    return new ValueTooLargeError(message, { server: this.server, delivery: 'answered' })
  }

  /**
   * Makes the error for a connection closed before the reply had ended.
   *
   * @param silent - Whether not a byte had come.
   */
  closed(cause: Error | undefined, silent: boolean): MemcacheError {
    const server = this.server
    // Proxies close without a reply on commands that they do not know (seen on twemproxy 0.5.0).
    if (cause === undefined && silent) {
      const message = `${this.line}: ${server} closed the connection without an answer; it does not know this command, it seems`
      return new UnknownCommandError(message, { server, delivery: 'unknown' })
    }
    const why = cause === undefined ? `${server} closed the connection` : failureReason(cause)
    return new ConnectionClosedError(`${this.line} on ${server}: ${why} before the reply had ended`, {
      server,
      delivery: 'unknown',
      cause,
    })
  }

  timedOut(timeoutMs: number, attempt: Attempt): TimeoutError {
    const server = this.server
    const delivery = attempt.stage === WAITING_FOR_REPLY ? 'unknown' : 'not-sent'
    const message = `${this.line} on ${server} timed out after ${timeoutMs} ms, ${attempt.stage}`
    return new TimeoutError(message, { server, delivery })
  }
}
