import type { Buffer } from 'node:buffer'
import { Duplex } from 'node:stream'
import type { Engine } from '../server/engine.ts'
import { Session } from '../server/session.ts'

/** A client's stream to an engine in the same process: what is written is carried out, what is read are the replies. */
export class MemoryStream extends Duplex {
  readonly #session: Session
  #blocked: (() => void) | undefined

  constructor(engine: Engine) {
    super({ decodeStrings: true, allowHalfOpen: false })
    this.#session = new Session(engine, [])
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    // The parser keeps the chunk, and a large body that is written without a copy belongs to the caller again soon.
    this.#session.receive(Uint8Array.prototype.slice.call(chunk) as Buffer)
    this.#reply(done)
  }

  override _read(): void {
    const blocked = this.#blocked
    this.#blocked = undefined
    blocked?.()
  }

  override _final(done: () => void): void {
    this.push(null)
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#session.end()
    done(error)
  }

  /** Passes the replies on, and has more carried out while the reader keeps up. */
  #reply(done: () => void): void {
    for (;;) {
      let goesOn = true
      for (const part of this.#session.output.take()) goesOn = this.push(part)
      if (this.#session.verdict !== 'stay') {
        this.push(null)
        return done()
      }
      if (!this.#session.full) return done()
      if (!goesOn) {
        this.#blocked = () => {
          this.#session.proceed()
          this.#reply(done)
        }
        return
      }
      this.#session.proceed()
    }
  }
}
