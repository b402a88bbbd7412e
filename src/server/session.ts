import type { Buffer } from 'node:buffer'
import type { Engine } from './engine.ts'
import { execute, type Verdict } from './execute.ts'
import { type Account, announcedLoginBytes, logIn } from './login.ts'
import { ReplyBuffer } from './reply-buffer.ts'
import { type Request, RequestParser, type RequestRules } from './request-parser.ts'
import { announcedBytes } from './storage-line.ts'

/** With more than this waiting to be taken, no further command is carried out. */
const MAX_OUTPUT_BYTES = 1024 * 1024

/** One client's dialogue with an engine: bytes in, replies out. No sockets. */
export class Session {
  /** Replies, to be taken after every call. */
  readonly output: ReplyBuffer = new ReplyBuffer()
  readonly #engine: Engine
  readonly #parser: RequestParser
  readonly #accounts: readonly Account[]
  #loggedIn: boolean
  #verdict: Verdict = 'stay'
  #full = false

  /** @param accounts who may log in; empty: nobody has to */
  constructor(engine: Engine, accounts: readonly Account[]) {
    this.#engine = engine
    this.#accounts = accounts
    this.#loggedIn = accounts.length === 0
    this.#parser = new RequestParser(this.#rules())
  }

  /** What becomes of the connection once the replies are out. */
  get verdict(): Verdict {
    return this.#verdict
  }

  /** Commands are left over: take the replies, then call {@link proceed}. */
  get full(): boolean {
    return this.#full
  }

  /** Carries out what a chunk of the stream completes. The chunk must not change until `full` is false. */
  receive(chunk: Buffer): void {
    this.#engine.counters.bytesRead += chunk.length
    this.#parser.push(chunk)
    this.proceed()
  }

  /** Carries out what is complete, as long as there is room for the replies. */
  proceed(): void {
    this.#full = false
    if (!this.#loggedIn) this.#proceedWithLogin()
    while (this.#loggedIn && this.#verdict === 'stay') {
      if (this.output.bytes > MAX_OUTPUT_BYTES) {
        this.#full = true
        return
      }
      const request = this.#parser.next()
      if (request === undefined) break
      this.#verdict = execute(this.#engine, request, this.output)
    }
    if (this.#parser.overlong) this.#verdict = 'drop'
    if (this.#verdict === 'drop') this.output.discard()
  }

  /** Until the login is through, only the last reply to what came at once is sent; so it is with memcached. */
  #proceedWithLogin(): void {
    let reply = ''
    for (let request = this.#parser.next(); request !== undefined; request = this.#parser.next()) {
      reply = this.#tryLogin(request)
      if (this.#loggedIn || this.#verdict !== 'stay') break
    }
    this.output.text(reply)
  }

  #tryLogin(request: Request): string {
    const result = logIn(this.#engine, this.#accounts, request)
    if (result === 'closed') {
      this.#verdict = 'drop'
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
