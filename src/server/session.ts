import type { Buffer } from 'node:buffer'
import type { Client } from './client.ts'
import type { Engine } from './engine.ts'
import { type ConnectionFate, execute } from './execute.ts'
import { foreignProtocolOf } from './foreign-protocol.ts'
import { type Account, announcedLoginBytes, logIn } from './login.ts'
import { ReplyBuffer } from './reply-buffer.ts'
import { type Request, RequestParser, type RequestRules } from './request-parser.ts'
import { announcedBytes } from './storage-line.ts'
import type { Watcher, WatchName } from './watchers.ts'

/** Most untaken output, in bytes, with which another command is run. */
const MAX_OUTPUT_BYTES = 1024 * 1024

/** Waiting output above which lines for a watcher are dropped, in bytes: memcached's `watcher_logbuf_size`. */
const MAX_WATCHED_BYTES = 262_144

/** Connection of a session, as the session needs it. */
export interface SessionLink {
  /** Number of the connection. */
  readonly id: number
  /** Address of the client, as `stats conns` shows it. */
  readonly remote: string
  /** Called when there is output although nothing was received. */
  readonly onOutput: () => void
  /** Returns the bytes of output that were taken and have not left. */
  readonly unsentBytes: () => number
}

const NO_LINK: SessionLink = { id: 0, remote: 'nowhere', onOutput: () => {}, unsentBytes: () => 0 }

/** One client's session with an engine: bytes in, replies out. No sockets. */
export class Session implements Client {
  /** Replies, to be taken after every call. */
  readonly output: ReplyBuffer = new ReplyBuffer()
  readonly #engine: Engine
  readonly #parser: RequestParser
  readonly #accounts: readonly Account[]
  readonly #link: SessionLink
  #loggedIn: boolean
  #fate: ConnectionFate = 'stay'
  #full = false
  #begun = false
  #commands = 0
  #stream: Iterator<string> | undefined
  #watcher: Watcher | undefined
  /** Number of lines dropped for a slow watcher since the last one that was sent. */
  #unseen = 0
  /** Number of commands whose replies memcached would not have sent, the present one included. */
  #unflushed = 0

  /** @param accounts accounts that may log in; empty: no login is needed */
  constructor(engine: Engine, accounts: readonly Account[], link: SessionLink = NO_LINK) {
    this.#engine = engine
    this.#accounts = accounts
    this.#link = link
    this.#loggedIn = accounts.length === 0
    this.#parser = new RequestParser(this.#rules())
  }

  /** Fate of the connection once the replies are out. */
  get fate(): ConnectionFate {
    return this.#fate
  }

  /** Whether commands are left over: take the replies, then call {@link proceed}. */
  get full(): boolean {
    return this.#full
  }

  get id(): number {
    return this.#link.id
  }

  get pipelined(): boolean {
    return this.#unflushed > 1
  }

  /** Number of commands that were carried out. */
  get commands(): number {
    return this.#commands
  }

  /** Whether the session is busy without a command: a value arrives, a long reply is being read, lines are watched. */
  get busy(): boolean {
    return this.#full || this.#stream !== undefined || this.#watcher !== undefined || this.#parser.waiting
  }

  get watching(): boolean {
    return this.#watcher !== undefined
  }

  /** Runs the requests that a chunk of the stream completes. The chunk must not change until `full` is false. */
  receive(chunk: Buffer): void {
    this.#engine.counters.bytesRead += chunk.length
    if (this.#watcher !== undefined) return
    if (!this.#begun && chunk.length > 0) this.#begin(chunk)
    if (this.#fate !== 'stay') return
    this.#parser.push(chunk)
    this.proceed()
  }

  /** Ends the connection of a client that speaks another protocol: it would wait for an answer until its timeout. */
  #begin(chunk: Buffer): void {
    this.#begun = true
    const protocol = foreignProtocolOf(chunk[0]!)
    if (protocol === undefined) return
    this.output.text(protocol.answer)
    this.#fate = 'quit'
    this.#engine.warnings.tell('protocol', `a client at ${this.#link.remote} speaks ${protocol.description}`)
  }

  /** Runs complete requests, as long as there is room for the replies. */
  proceed(): void {
    this.#full = false
    this.#unflushed = 0
    this.#engine.watchers.client = this.#link.id
    if (!this.#loggedIn) this.#proceedWithLogin()
    while (this.#loggedIn && this.#fate === 'stay' && this.#watcher === undefined) {
      if (this.output.bytes > MAX_OUTPUT_BYTES) {
        this.#full = true
        return
      }
      if (this.#stream === undefined ? !this.#executeNext() : !this.#continueStream(this.#stream)) break
    }
    if (this.#parser.overlong) this.#fate = 'drop'
    if (this.#fate === 'drop') this.output.discard()
  }

  flush(): void {
    this.#unflushed = 0
  }

  stream(pieces: Iterator<string>): void {
    this.#stream = pieces
  }

  watch(names: ReadonlySet<WatchName>): void {
    this.#watcher = { names, send: (line) => this.#showWatched(line) }
    this.#engine.watchers.add(this.#watcher)
  }

  quit(): void {
    this.#fate = 'quit'
  }

  /** Called when the connection has ended. */
  end(): void {
    this.#stream?.return?.()
    if (this.#watcher !== undefined) this.#engine.watchers.remove(this.#watcher)
  }

  /** Runs the next request; returns false when there is none. */
  #executeNext(): boolean {
    const request = this.#parser.next()
    if (request === undefined) return false
    this.#commands++
    this.#unflushed++
    const fate = execute(this.#engine, request, this.output, this)
    if (fate !== 'stay') this.#fate = fate
    return true
  }

  #continueStream(pieces: Iterator<string>): boolean {
    const { value, done } = pieces.next()
    if (done === true) this.#stream = undefined
    else this.output.text(value)
    return true
  }

  #showWatched(line: string): boolean {
    const text = this.#unseen === 0 ? line : `skipped=${this.#unseen}\n${line}`
    if (this.output.bytes + this.#link.unsentBytes() + text.length > MAX_WATCHED_BYTES) {
      this.#unseen++
      return false
    }
    this.#unseen = 0
    this.output.text(text)
    this.#link.onOutput()
    return true
  }

  /** Handles requests before the login. As in memcached, only the last reply to requests that came together is sent. */
  #proceedWithLogin(): void {
    let reply = ''
    for (let request = this.#parser.next(); request !== undefined; request = this.#parser.next()) {
      this.#commands++
      reply = this.#tryLogin(request)
      if (this.#loggedIn || this.#fate !== 'stay') break
    }
    this.output.text(reply)
  }

  #tryLogin(request: Request): string {
    const result = logIn(this.#engine, this.#accounts, request)
    if (result === 'closed') {
      this.#fate = 'drop'
      return ''
    }
    if (result !== 'accepted') return result.refusal
    this.#loggedIn = true
    this.#parser.rules = this.#rules()
    return 'STORED\r\n'
  }

  #rules(): RequestRules {
    const engine = this.#engine
    return {
      valueBytes: (line) => (this.#loggedIn ? announcedBytes(engine, line) : announcedLoginBytes(engine, line)),
      maxValueBytes: engine.store.maxItemBytes,
      cStrings: !engine.dialect.sharedParser,
    }
  }
}
