import { Buffer } from 'node:buffer'
import { whenAborted } from '../abort-listener.ts'
import type { MemcacheError } from '../errors.ts'
import type { Exchange } from '../protocol/exchange.ts'
import type { Attempt } from './attempt.ts'
import type { ConnectionTarget } from './connection-target.ts'
import { establish } from './establish.ts'
import { ExchangeErrors, WAITING_FOR_REPLY } from './exchange-errors.ts'
import { ReplyCollector } from './reply-collector.ts'
import type { Transport } from './transport.ts'

/**
 * Runs one exchange over its own connection, which is closed afterwards.
 *
 * @param attempt - Ends the exchange when it is aborted.
 * @returns the reply's bytes, from its first to the last of its ending.
 * @throws `ClientError`, `ServerError`, `UnknownCommandError` - the reply is, or ends in, an error line.
 */
export async function carryOutExchange(
  target: ConnectionTarget,
  exchange: Exchange,
  attempt: Attempt,
): Promise<Buffer> {
  exchange.signal?.throwIfAborted()
  const errors = new ExchangeErrors(exchange.line, target.server.name)
  const limit = limitTime(attempt, errors, exchange)
  let transport: Transport | undefined
  try {
    transport = await openForExchange(target, attempt)
    const conversation = new Conversation(transport, exchange, target.options.maxValueBytes, errors)
    return await attempt.race(conversation.run())
  } finally {
    limit.stop()
    transport?.destroy()
  }
}

/** Opens a connection for one exchange. The bytes sent are the same in both protocols, so none is negotiated. */
export async function openForExchange(target: ConnectionTarget, attempt: Attempt): Promise<Transport> {
  const options: ConnectionTarget['options'] = { ...target.options, protocol: 'text' }
  const { transport } = await establish({ ...target, options }, attempt)
  attempt.stage = WAITING_FOR_REPLY
  return transport
}

/** Writes the line of an exchange, and its data block. */
export function writeRequest(transport: Transport, { line, body }: Pick<Exchange, 'line' | 'body'>): void {
  const head = Buffer.from(`${line}\r\n`, 'latin1')
  const data = body === undefined ? head : Buffer.concat([head, body, Buffer.from('\r\n')])
  transport.write([{ data, encoding: 'latin1', onReleased: undefined }])
}

/** Running limits of an attempt. */
export interface TimeLimit {
  /** Removes the time limit; the signal of the attempt still ends it. */
  stopClock(): void
  /** Removes the time limit and the signal. */
  stop(): void
}

/** Ends the attempt when its time is up or its signal aborts. */
export function limitTime(
  attempt: Attempt,
  errors: ExchangeErrors,
  { timeoutMs, signal }: Pick<Exchange, 'timeoutMs' | 'signal'>,
): TimeLimit {
  const onTime = (): void => attempt.abort(errors.timedOut(timeoutMs, attempt))
  const timer = timeoutMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(onTime, timeoutMs)
  const stopListening = signal && whenAborted(signal, () => attempt.abort(signal.reason as Error))
  const stopClock = (): void => clearTimeout(timer)
  const stop = (): void => {
    stopClock()
    stopListening?.()
  }
  return { stopClock, stop }
}

/** One request out, one reply in. */
class Conversation {
  readonly #transport: Transport
  readonly #exchange: Exchange
  readonly #maxBytes: number
  readonly #errors: ExchangeErrors
  readonly #collector: ReplyCollector

  constructor(transport: Transport, exchange: Exchange, maxBytes: number, errors: ExchangeErrors) {
    this.#transport = transport
    this.#exchange = exchange
    this.#maxBytes = maxBytes
    this.#errors = errors
    this.#collector = new ReplyCollector(exchange.ending, maxBytes)
  }

  run(): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#transport.setListener({
        receive: (bytes, start, end) => {
          const length = this.#collector.add(bytes, start, end)
          const failure = this.#failure(length)
          if (failure !== undefined) reject(failure)
          else if (length >= 0) resolve(this.#collector.reply.subarray(0, length))
          return end
        },
        drained: () => undefined,
        closed: (cause) => {
          const { reply } = this.#collector
          if (this.#exchange.ending.kind === 'close' && cause === undefined) resolve(reply)
          else reject(this.#errors.closed(cause, reply.length === 0))
        },
      })
      writeRequest(this.#transport, this.#exchange)
    })
  }

  #failure(length: number): MemcacheError | undefined {
    const { reply, tooLong, errorLine } = this.#collector
    if (tooLong) return this.#errors.tooLong(this.#maxBytes)
    if (errorLine !== undefined) return this.#errors.refused(errorLine)
    // A line came where the server was expected to close.
    if (length >= 0 && this.#exchange.ending.kind === 'close') {
      return this.#errors.refused(`ERROR ${reply.toString('latin1', 0, length)}`)
    }
    return undefined
  }
}
