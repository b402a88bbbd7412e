import { Buffer } from 'node:buffer'
import { whenAborted } from '../abort-listener.ts'
import {
  ClientError,
  ConnectionClosedError,
  type MemcacheError,
  ServerError,
  TimeoutError,
  UnknownCommandError,
  ValueTooLargeError,
} from '../errors.ts'
import { type Exchange, isErrorLine } from '../protocol/exchange.ts'
import type { Server } from '../server-address.ts'
import type { Attempt } from './attempt.ts'
import { establish } from './establish.ts'
import { failureReason } from './failure-reason.ts'
import type { ServerMemory } from './handshake.ts'
import type { ResolvedConnectionOptions } from './options.ts'
import { ReplyCollector } from './reply-collector.ts'
import type { Transport } from './transport.ts'

/** A server's words longer than this are cut in messages. */
const MAX_TEXT = 200

/**
 * Carries out one exchange over a connection made for it and closed behind it.
 *
 * @param attempt - Ends it when it is aborted.
 * @returns the reply's bytes, from its first to the last of its ending.
 * @throws `ClientError`, `ServerError`, `UnknownCommandError` - the reply is an error line.
 */
export async function carryOutExchange(
  server: Server,
  options: ResolvedConnectionOptions,
  memory: ServerMemory,
  exchange: Exchange,
  attempt: Attempt,
): Promise<Buffer> {
  exchange.signal?.throwIfAborted()
  const stop = limitTime(attempt, server, exchange)
  let transport: Transport | undefined
  try {
    // The protocol makes no difference to what is sent here, so none is negotiated.
    const established = await establish(server, { ...options, protocol: 'text' }, memory, attempt)
    transport = established.transport
    attempt.stage = 'waiting for the reply'
    const conversation = new Conversation(transport, server.name, exchange, options.maxValueBytes)
    return await attempt.race(conversation.run())
  } finally {
    stop()
    transport?.destroy()
  }
}

/** Ends the attempt when its time is up or its signal aborts; gives what calls that off. */
function limitTime(attempt: Attempt, server: Server, { line, timeoutMs, signal }: Exchange): () => void {
  const onTime = (): void => {
    const what = line.slice(0, MAX_TEXT)
    // Nothing was written before the reply was waited for.
    const delivery = attempt.stage === 'waiting for the reply' ? 'unknown' : 'not-sent'
    const message = `${JSON.stringify(what)} on ${server.name} timed out after ${timeoutMs} ms, ${attempt.stage}`
    attempt.abort(new TimeoutError(message, { server: server.name, delivery }))
  }
  const timer = timeoutMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(onTime, timeoutMs)
  const stopListening = signal && whenAborted(signal, () => attempt.abort(signal.reason as Error))
  return () => {
    clearTimeout(timer)
    stopListening?.()
  }
}

/** One request out, one reply in. */
class Conversation {
  readonly #transport: Transport
  readonly #server: string
  readonly #exchange: Exchange
  readonly #maxBytes: number
  readonly #collector: ReplyCollector

  constructor(transport: Transport, server: string, exchange: Exchange, maxBytes: number) {
    this.#transport = transport
    this.#server = server
    this.#exchange = exchange
    this.#maxBytes = maxBytes
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
          if (this.#exchange.ending.kind === 'close' && cause === undefined) resolve(this.#collector.reply)
          else reject(this.#closedError(cause))
        },
      })
      this.#write()
    })
  }

  #write(): void {
    const { line, body } = this.#exchange
    const head = Buffer.from(`${line}\r\n`, 'latin1')
    const data = body === undefined ? head : Buffer.concat([head, body, Buffer.from('\r\n')])
    this.#transport.write([{ data, encoding: 'latin1', onReleased: undefined }])
  }

  /** An error line ends every reply, whatever ending was expected. */
  #failure(length: number): MemcacheError | undefined {
    const { reply } = this.#collector
    if (this.#collector.tooLong) return this.#tooLongError()
    const lineFeed = reply.indexOf(0x0a)
    if (lineFeed < 0) return undefined
    const first = reply.toString('latin1', 0, Math.min(lineFeed, MAX_TEXT)).trimEnd()
    if (isErrorLine(first)) return this.#errorOf(first)
    // A line came where the server was expected to close.
    if (length >= 0 && this.#exchange.ending.kind === 'close') return this.#errorOf(`ERROR ${first}`)
    return undefined
  }

  #errorOf(line: string): MemcacheError {
    const server = this.#server
    const message = `${JSON.stringify(this.#exchange.line.slice(0, MAX_TEXT))}: ${server} answered ${line}`
    const details = { server, delivery: 'answered' } as const
    if (line.startsWith('CLIENT_ERROR')) return new ClientError(message, details)
    if (line.startsWith('SERVER_ERROR')) return new ServerError(message, details)
    return new UnknownCommandError(message, details)
  }

  #tooLongError(): ValueTooLargeError {
    const message = `${JSON.stringify(this.#exchange.line.slice(0, MAX_TEXT))}: the reply is longer than maxValueBytes (${this.#maxBytes})`
    return new ValueTooLargeError(message, { server: this.#server, delivery: 'answered' })
  }

  #closedError(cause: Error | undefined): MemcacheError {
    const server = this.#server
    // Proxies close on what they do not know, without a word (seen on twemproxy 0.5.0).
    if (cause === undefined && this.#collector.reply.length === 0) {
      const message = `${JSON.stringify(this.#exchange.line.slice(0, MAX_TEXT))}: ${server} closed the connection without an answer; it does not know this command, it seems`
      return new UnknownCommandError(message, { server, delivery: 'unknown' })
    }
    const why = cause === undefined ? `${server} closed the connection` : failureReason(cause)
    const line = JSON.stringify(this.#exchange.line.slice(0, MAX_TEXT))
    return new ConnectionClosedError(`${line} on ${server}: ${why} before the reply had ended`, {
      server,
      delivery: 'unknown',
      cause,
    })
  }
}
