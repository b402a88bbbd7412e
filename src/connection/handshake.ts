import { Buffer } from 'node:buffer'
import { AuthError, ConnectError } from '../errors.ts'
import { META_SINCE, parseServerVersion, type ServerVersion, UNKNOWN_VERSION } from '../protocol/server-version.ts'
import type { Credentials, Server } from '../server-address.ts'
import type { Attempt } from './attempt.ts'
import { isRedis, LIKE_REDIS, LineExchange } from './line-exchange.ts'
import type { ResolvedConnectionOptions } from './options.ts'
import type { ServerMemory } from './server-memory.ts'
import { tlsOf } from './tls-of.ts'
import type { Transport } from './transport.ts'
import { type Doubt, KEPT_MS } from './unknown-commands.ts'

/**
 * Silence after which `version` is sent twice more, in milliseconds: a memcached that speaks the binary protocol alone
 * needs 24 bytes to notice that they are not binary, and closes.
 */
const REPEAT_AFTER_MS = 250

/** Longest part of a server's answer shown in messages, in characters. */
const MAX_TEXT = 80

/** Result of a handshake. */
export interface Greeting {
  readonly protocol: 'meta' | 'text'
  readonly version: ServerVersion
  /** Reason for text where the server may speak meta after all: the server is asked again once its time has passed. */
  readonly doubt: Doubt | undefined
  /** Key of the read sent instead of `version`, for a server that closes on `version`. */
  readonly probeKey: string | undefined
}

/** Thrown when the server must be dialled again: the next handshake asks less, or the same once more. */
export class DialAgain extends Error {
  override readonly name = 'DialAgain'
  /** Error of this connection. */
  override readonly cause: Error
  /** Whether the server answered nothing, so that the next attempt waits a moment; its first question is a read. */
  readonly unanswered: boolean

  constructor(cause: Error, unanswered: boolean) {
    super(cause.message)
    this.cause = cause
    this.unanswered = unanswered
  }
}

/** Parts of a handshake. */
export interface HandshakeInit {
  readonly transport: Transport
  readonly server: Server
  readonly options: ResolvedConnectionOptions
  readonly memory: ServerMemory
  readonly attempt: Attempt
  /** Whether the connection before this one was closed on `version`. */
  readonly closedOnVersion: boolean
}

/** Logs in, asks the version, and decides the protocol. */
export function shakeHands(init: HandshakeInit): Promise<Greeting> {
  return new Handshake(init).run()
}

/** Answer to the first question after the login. */
interface FirstAnswer {
  readonly line: string
  readonly probeKey: string | undefined
}

/**
 * Handshake of a connection. Nothing is sent after a login before its answer: replies to commands before a login
 * overwrite each other (memcached 1.6.18 to 1.6.45). `version` comes before `mn`, because newer servers with a login
 * close on a first line of less than six bytes. A refusal of `mn` is followed by one more question: mcrouter closes
 * after the refusal, and commands written then would be lost.
 */
class Handshake {
  readonly #init: HandshakeInit
  readonly #name: string
  readonly #lines: LineExchange
  /** Whether the connection was closed where an answer was due, and the close was recorded. */
  #noted = false

  constructor(init: HandshakeInit) {
    this.#init = init
    this.#name = init.server.name
    this.#lines = new LineExchange(init.transport, init.server.name, init.attempt)
  }

  async run(): Promise<Greeting> {
    try {
      const auth = this.#init.server.auth ?? this.#init.options.auth
      if (auth !== undefined) await this.#logIn(auth)
      return await this.#decide(await this.#askFirst())
    } catch (error) {
      if (!this.#noted) this.#init.memory.unknownCommands.interrupted()
      throw error
    }
  }

  async #logIn(auth: Credentials): Promise<void> {
    this.#init.attempt.stage = `logging in to ${this.#name}${this.#tlsHint()}`
    const answer = await this.#lines.ask(encodeLogin(auth)).catch((error: unknown) => {
      throw this.#lines.closed && auth.form !== 'memcachier' ? this.#binaryError('on the login', error) : error
    })
    if (isRedis(answer)) throw this.#error(LIKE_REDIS)
    if (answer === 'STORED') return
    // Show the server's answer alone: the login must not reach a message.
    const message = `${this.#name} refused the login: ${answer.slice(0, MAX_TEXT)}`
    throw new AuthError(message, { server: this.#name, delivery: 'not-sent' })
  }

  /** Asks the version, or, if the server closes on that question, reads a missing key. */
  async #askFirst(): Promise<FirstAnswer> {
    const { closedOnVersion, options, memory } = this.#init
    const isAsked = options.protocol === 'meta' || !(closedOnVersion || memory.unknownCommands.has('version'))
    const first = isAsked ? { line: await this.#askVersion(), probeKey: undefined } : await this.#askByRead()
    if (isRedis(first.line)) throw this.#error(LIKE_REDIS)
    if (first.line.startsWith('CLIENT_ERROR unauthenticated')) {
      const message = `${this.#name} wants a login: give the option auth`
      throw new AuthError(message, { server: this.#name, delivery: 'not-sent' })
    }
    return first
  }

  async #askVersion(): Promise<string> {
    const { attempt, memory, options } = this.#init
    attempt.stage = `waiting for the answer of ${this.#name} to "version"${this.#tlsHint()}`
    let isRepeated = false
    const repeat = (): void => {
      isRepeated = true
      this.#lines.repeat('version\r\n', 2)
    }
    const timer = options.connectTimeoutMs > REPEAT_AFTER_MS ? setTimeout(repeat, REPEAT_AFTER_MS) : undefined
    try {
      const answer = await this.#lines.ask('version\r\n')
      memory.unknownCommands.answered('version')
      return answer
    } catch (error) {
      if (!this.#lines.closed) throw error
      if (isRepeated) throw this.#binaryError('on "version", which it did not answer', error)
      throw this.#closedOnVersion(error as Error)
    } finally {
      clearTimeout(timer)
    }
  }

  #closedOnVersion(error: Error): Error {
    const { memory, options } = this.#init
    memory.unknownCommands.closedOn('version')
    this.#noted = true
    if (options.protocol === 'meta') return error
    const isEnough = options.protocol === 'text' || memory.unknownCommands.has('version')
    return isEnough ? new DialAgain(error, true) : error
  }

  /** Asks by a read. Any line is a sign of life: a proxy without a live backend may answer with an error. */
  async #askByRead(): Promise<FirstAnswer> {
    const { attempt, memory } = this.#init
    const probeKey = randomKey()
    attempt.stage = `waiting for the answer of ${this.#name} to a get`
    try {
      return { line: await this.#lines.ask(`get ${probeKey}\r\n`), probeKey }
    } catch (error) {
      // The server closed on the read as well: `version` is not the cause.
      if (this.#lines.closed) memory.unknownCommands.answered('version')
      throw error
    }
  }

  async #decide({ line, probeKey }: FirstAnswer): Promise<Greeting> {
    const { server, options, memory } = this.#init
    const given = server.version === undefined ? undefined : parseServerVersion(server.version)
    if (line.startsWith('VERSION ')) {
      return this.#decideBy(given ?? parseServerVersion(line.slice('VERSION '.length)), line)
    }
    if (options.protocol === 'meta') throw this.#error(`does not answer like a memcached: ${quote(line)}`)
    const version = given ?? UNKNOWN_VERSION
    if (probeKey !== undefined) {
      return this.#speakText(version, memory.unknownCommands.doubt('version'), probeKey)
    }
    // A proxy without a live backend answers `version` with SERVER_ERROR and may still carry out commands.
    if (given !== undefined) return this.#decideBy(given, line)
    return this.#speakText(version, {
      why: `it answered ${quote(line)} to "version"`,
      until: performance.now() + KEPT_MS,
    })
  }

  async #decideBy(version: ServerVersion, answer: string): Promise<Greeting> {
    const { options, memory } = this.#init
    if (options.protocol === 'text') return this.#speakText(version)
    if (version.order < META_SINCE) return this.#withoutMeta(version, answer)
    const { unknownCommands } = memory
    if (options.protocol === 'auto' && unknownCommands.has('mn', answer)) {
      return this.#speakText(version, unknownCommands.doubt('mn'))
    }
    const meta = await this.#askMeta(version, answer)
    if (meta === 'MN') return { protocol: 'meta', version, doubt: undefined, probeKey: undefined }
    unknownCommands.refused('mn', quote(meta), answer)
    const greeting = this.#withoutMeta(version, `${answer}, and ${meta} to mn`, unknownCommands.doubt('mn'))
    await this.#askOnceMore(meta)
    return greeting
  }

  async #askMeta(version: ServerVersion, answer: string): Promise<string> {
    const { attempt, memory, options } = this.#init
    attempt.stage = `waiting for the answer of ${this.#name} to "mn"`
    try {
      const meta = await this.#lines.ask('mn\r\n')
      if (meta === 'MN') memory.unknownCommands.answered('mn')
      return meta
    } catch (error) {
      if (!this.#lines.closed) throw error
      memory.unknownCommands.closedOn('mn', answer)
      this.#noted = true
      const isKnown = memory.unknownCommands.has('mn', answer)
      if (options.protocol === 'meta' && isKnown) this.#withoutMeta(version, `${answer}, and nothing to mn`)
      throw new DialAgain(error as Error, false)
    }
  }

  /**
   * Asks for a sign of life after a refusal of `mn`: if the server has closed by then, the next connection asks less.
   */
  async #askOnceMore(refusal: string): Promise<void> {
    this.#init.attempt.stage = `waiting for an answer of ${this.#name} behind ${quote(refusal)}`
    try {
      await this.#lines.ask('version\r\n')
    } catch (error) {
      if (!this.#lines.closed) throw error
      this.#noted = true
      throw new DialAgain(error as Error, false)
    }
  }

  #withoutMeta(version: ServerVersion, answer: string, doubt?: Doubt): Greeting {
    if (this.#init.options.protocol !== 'meta') return this.#speakText(version, doubt)
    throw this.#error(
      `does not speak the meta protocol, which the option protocol: 'meta' demands: it answered ${quote(answer)}; memcached 1.6.10 or newer does`,
    )
  }

  /** Returns the greeting for text, without a doubt if the option asks for text. */
  #speakText(version: ServerVersion, doubt?: Doubt, probeKey?: string): Greeting {
    const isWanted = this.#init.options.protocol === 'text'
    return { protocol: 'text', version, doubt: isWanted ? undefined : doubt, probeKey }
  }

  #tlsHint(): string {
    return tlsOf(this.#init.server, this.#init.options) === undefined ? ' (does that port want TLS?)' : ''
  }

  #binaryError(where: string, cause: unknown): ConnectError {
    const what = `closed the connection ${where}: does it speak the binary protocol alone (memcached -B binary or -S)? A SASL login (-S) is of that protocol; this client speaks the classic and the meta protocol, whose login is memcached -Y`
    return this.#error(what, cause)
  }

  #error(what: string, cause?: unknown): ConnectError {
    const server = this.#name
    return new ConnectError(`${server} ${what}`, { server, delivery: 'not-sent', cause })
  }
}

/**
 * Encodes the login, a `set`. For memcached its key is random and has expired already: a server without a login stores
 * nothing of the password (seen on memcached 1.6.18 and 1.6.45). MemCachier documents its own without an exptime.
 */
function encodeLogin({ username, password, form }: Credentials): string {
  const [head, login] =
    form === 'memcachier' ? [`${username} 0 0`, password] : [`${randomKey()} 0 -1`, `${username} ${password}`]
  return `set ${head} ${Buffer.byteLength(login)}\r\n${login}\r\n`
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, MAX_TEXT))
}

function randomKey(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(8))).toString('hex')
}
