import { Buffer } from 'node:buffer'
import { OverloadedError, ProtocolError, TimeoutError } from '../errors.ts'
import { isErrorLine, type StreamExchange } from '../protocol/exchange.ts'
import type { ServerExecutor } from '../seam/executor.ts'
import { Attempt } from './attempt.ts'
import type { ConnectionTarget } from './connection-target.ts'
import { limitTime, openForExchange, type TimeLimit, writeRequest } from './exchange.ts'
import { ExchangeErrors } from './exchange-errors.ts'
import { ServerLink } from './server-link.ts'
import type { Transport } from './transport.ts'

const LF = 0x0a

/** Longest line accepted, in bytes. Lines of key listings and of `watch` are below 2 kB. */
const MAX_LINE_BYTES = 65_536

/** State of a stream: `dropped` streams give nothing any more, `ended` ones only the pieces that they still hold. */
type State = 'open' | 'ended' | 'dropped'

/** A call of `next` that waits. */
interface Waiting {
  readonly resolve: (result: IteratorResult<Buffer, undefined>) => void
  readonly reject: (reason: unknown) => void
}

/**
 * Runs a command whose reply is read as it comes, in pieces of whole lines, over its own connection. The connection
 * opens when the iteration begins and closes when it ends. The socket is never paused: more unread bytes than
 * `maxBufferedBytes` end the iteration with `OverloadedError`.
 */
export function streamReply({ name, link }: ServerExecutor, exchange: StreamExchange): AsyncIterable<Buffer> {
  if (!(link instanceof ServerLink)) throw new TypeError(`replies of ${name} cannot be streamed`)
  const open = (): ExchangeStream => {
    const stream = new ExchangeStream(link.target, exchange, (over) => link.remove(over))
    link.add(stream)
    return stream
  }
  return { [Symbol.asyncIterator]: open }
}

/**
 * One reply, read as it comes over its own connection, in pieces of whole lines. The socket is read at full speed into
 * bounded memory and never paused: a reader that stops reading a key listing stops memcached's crawler, which holds a
 * lock that other connections wait for (seen on 1.6.18 and 1.6.45).
 */
class ExchangeStream implements AsyncIterableIterator<Buffer, undefined> {
  readonly #exchange: StreamExchange
  readonly #errors: ExchangeErrors
  readonly #attempt: Attempt = new Attempt()
  readonly #limit: TimeLimit
  readonly #onOver: (stream: ExchangeStream) => void
  readonly #lastLine: Buffer | undefined
  #transport: Transport | undefined
  #state: State = 'open'
  #failure: unknown
  #failed = false
  /** Pieces of whole lines, oldest first. */
  #pieces: Buffer[] = []
  /** Beginning of a line whose end has not come. */
  #rest: Buffer = Buffer.alloc(0)
  #bytes = 0
  #anythingCame = false
  /** Number of times that bytes were received. */
  #received = 0
  #silence: NodeJS.Timeout | undefined
  #firstLineRead = false
  readonly #waiting: Waiting[] = []

  /** @param onOver - Called once, when the connection is closed. */
  constructor(target: ConnectionTarget, exchange: StreamExchange, onOver: (stream: ExchangeStream) => void) {
    this.#exchange = exchange
    this.#errors = new ExchangeErrors(exchange.line, target.server.name)
    this.#onOver = onOver
    this.#lastLine = exchange.lastLine === undefined ? undefined : Buffer.from(`${exchange.lastLine}\r\n`, 'latin1')
    // The signal is watched to the end of the stream, the time limit until its first bytes.
    this.#limit = limitTime(this.#attempt, this.#errors, exchange)
    this.#attempt.signal.addEventListener('abort', () => this.destroy(this.#attempt.signal.reason), { once: true })
    void this.#open(target)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Returns the next piece; rejects once with the failure, after the pieces that came before it. */
  next(): Promise<IteratorResult<Buffer, undefined>> {
    const piece = this.#pieces.shift()
    if (piece !== undefined) {
      this.#bytes -= piece.length
      return Promise.resolve({ done: false, value: piece })
    }
    if (this.#state === 'open') return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
    if (!this.#failed) return Promise.resolve({ done: true, value: undefined })
    this.#failed = false
    return Promise.reject(this.#failure)
  }

  /** Closes the connection at once: the reader has stopped. */
  return(): Promise<IteratorResult<Buffer, undefined>> {
    this.#end('dropped')
    return Promise.resolve({ done: true, value: undefined })
  }

  /** Closes the connection at once and drops the held pieces; the reader's call rejects with the reason. */
  destroy(reason: unknown): void {
    this.#fail(reason, 'dropped')
  }

  async #open(target: ConnectionTarget): Promise<void> {
    try {
      this.#exchange.signal?.throwIfAborted()
      const transport = await openForExchange(target, this.#attempt)
      if (this.#state !== 'open') return transport.destroy()
      this.#transport = transport
      transport.setListener({
        receive: (bytes, start, end) => {
          this.#receive(bytes.subarray(start, end))
          return end
        },
        drained: () => undefined,
        closed: (cause) => this.#onClosed(cause),
      })
      writeRequest(transport, this.#exchange)
    } catch (error) {
      this.destroy(error)
    }
  }

  #receive(bytes: Buffer): void {
    this.#anythingCame = true
    this.#received++
    this.#limit.stopClock()
    this.#watchSilence()
    const received = Buffer.concat([this.#rest, bytes])
    const wholeLines = received.lastIndexOf(LF) + 1
    this.#rest = received.subarray(wholeLines)
    if (wholeLines > 0) this.#takeLines(received.subarray(0, wholeLines))
    if (this.#state !== 'open') return
    if (this.#rest.length > MAX_LINE_BYTES) this.destroy(endlessLine(this.#errors))
    else if (this.#bytes > this.#exchange.maxBufferedBytes) {
      this.destroy(unread(this.#errors, this.#exchange.maxBufferedBytes))
    }
  }

  #watchSilence(): void {
    const { silenceMs = Number.POSITIVE_INFINITY } = this.#exchange
    if (silenceMs === Number.POSITIVE_INFINITY) return
    if (this.#silence === undefined) this.#silence = setTimeout(() => this.#onSilence(silenceMs), silenceMs)
    else this.#silence.refresh()
  }

  /** Handles the silence timer. A timer delayed by a blocked event loop fires before the socket is read: read first. */
  #onSilence(silenceMs: number): void {
    const received = this.#received
    setImmediate(() => {
      if (this.#received === received) this.#fail(silent(this.#errors, silenceMs), 'ended')
    })
  }

  #takeLines(lines: Buffer): void {
    if (!this.#firstLineRead) {
      this.#firstLineRead = true
      const first = lines.toString('latin1', 0, lines.indexOf(LF)).trimEnd()
      const refusal = this.#exchange.refusal?.(first)
      if (refusal !== undefined) return this.#fail(refusal, 'dropped')
      if (isErrorLine(first)) return this.#fail(this.#errors.refused(first), 'dropped')
    }
    const isLast = this.#endsReply(lines)
    const whole = isLast ? lines.subarray(0, lines.length - this.#lastLine!.length) : lines
    const piece = this.#exchange.select?.(whole) ?? whole
    if (piece.length > 0) this.#give(piece)
    if (isLast) this.#end('ended')
  }

  /** Checks for the end of the reply. Nothing follows it, so its last line is the last of the received lines. */
  #endsReply(lines: Buffer): boolean {
    const last = this.#lastLine
    if (last === undefined || lines.length < last.length) return false
    const at = lines.length - last.length
    return lines.compare(last, 0, last.length, at) === 0 && (at === 0 || lines[at - 1] === LF)
  }

  #give(piece: Buffer): void {
    const waiting = this.#waiting.shift()
    if (waiting !== undefined) return waiting.resolve({ done: false, value: piece })
    this.#pieces.push(piece)
    this.#bytes += piece.length
  }

  #onClosed(cause: Error | undefined): void {
    if (this.#lastLine === undefined && cause === undefined && this.#anythingCame) return this.#end('ended')
    this.#fail(this.#errors.closed(cause, !this.#anythingCame), 'ended')
  }

  #fail(reason: unknown, state: 'ended' | 'dropped'): void {
    if (this.#state !== 'open') return
    this.#failure = reason
    this.#failed = true
    this.#end(state)
  }

  #end(state: 'ended' | 'dropped'): void {
    if (state === 'dropped') {
      this.#pieces = []
      this.#bytes = 0
    }
    if (this.#state !== 'open') return
    this.#state = state
    this.#rest = Buffer.alloc(0)
    this.#limit.stop()
    clearTimeout(this.#silence)
    this.#transport?.destroy()
    this.#attempt.abort(new Error('the stream is over'))
    this.#onOver(this)
    const [first, ...others] = this.#waiting.splice(0)
    if (first === undefined) return
    if (this.#failed) {
      this.#failed = false
      first.reject(this.#failure)
    } else first.resolve({ done: true, value: undefined })
    for (const waiting of others) waiting.resolve({ done: true, value: undefined })
  }
}

/** Makes the error of a line that does not end. */
function endlessLine({ line, server }: ExchangeErrors): ProtocolError {
  const message = `${line}: ${server} sends a line of more than ${MAX_LINE_BYTES} bytes; is it a memcached?`
  return new ProtocolError(message, { server, delivery: 'answered' })
}

/** Makes the error of a server that stopped within its reply. */
function silent({ line, server }: ExchangeErrors, silenceMs: number): TimeoutError {
  const message = `${line}: ${server} sent nothing for ${silenceMs} ms in the middle of its reply`
  return new TimeoutError(message, { server, delivery: 'unknown' })
}

/** Makes the error of a reader that is too slow for the server. */
function unread({ line, server }: ExchangeErrors, maxBytes: number): OverloadedError {
  const message = `${line}: more than ${maxBytes} bytes from ${server} waited to be read, and the connection was closed: read faster, or raise maxBufferedBytes`
  return new OverloadedError(message, { server, delivery: 'answered' })
}
