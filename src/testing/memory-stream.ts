import type { Buffer } from 'node:buffer'
import { Duplex } from 'node:stream'
import type { ClientRecord } from '../server/client-registry.ts'
import type { Engine } from '../server/engine.ts'
import { Session } from '../server/session.ts'

const ADDRESSES = { remote: 'memory:', local: 'memory:' }

/** Client's stream to an engine in the same process: writes are requests, reads are replies. */
export class MemoryStream extends Duplex {
  /** Marks the stream as encrypted: its bytes never leave the process, so a client that asks for TLS accepts it. */
  readonly encrypted = true
  readonly #engine: Engine
  readonly #session: Session
  readonly #record: ClientRecord
  /** Continues with the replies once the reader has room. */
  #blocked: (() => void) | undefined
  #ended = false

  constructor(engine: Engine) {
    super({ decodeStrings: true, allowHalfOpen: false })
    this.#engine = engine
    this.#record = engine.clients.add(ADDRESSES, engine.clock.seconds)
    engine.counters.totalConnections++
    this.#session = new Session(engine, [], {
      id: this.#record.id,
      remote: ADDRESSES.remote,
      onOutput: () => void this.#replySoon(() => undefined),
      unsentBytes: () => this.readableLength,
    })
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#record.lastCommandAt = this.#engine.clock.seconds
    // The chunk does not change until `done` is called, and by then the session has released it.
    if (!this.#ended) this.#session.receive(chunk)
    this.#record.watching = this.#session.watching
    // As from a socket: never while the client is still writing.
    void this.#replySoon(done)
  }

  override _read(): void {
    const blocked = this.#blocked
    this.#blocked = undefined
    blocked?.()
  }

  override _final(done: () => void): void {
    this.#end()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#ended = true
    this.#session.end()
    this.#engine.clients.remove(this.#record, error === null ? 'normal' : 'error')
    done(error)
  }

  async #replySoon(done: () => void): Promise<void> {
    // Not `nextTick`, nor `queueMicrotask`: fake timers may hold those.
    await Promise.resolve()
    this.#reply(done)
  }

  /** Passes the replies on, and runs more commands while the reader keeps up. */
  #reply(done: () => void): void {
    while (!this.#ended) {
      let hasRoom = true
      for (const part of this.#session.output.take()) {
        this.#engine.counters.bytesWritten += part.length
        hasRoom = this.push(part)
      }
      if (this.#session.fate !== 'stay') this.#end()
      else if (!this.#session.full) break
      else if (hasRoom) this.#session.proceed()
      else {
        this.#blocked = () => {
          this.#session.proceed()
          this.#reply(done)
        }
        return
      }
    }
    done()
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.push(null)
  }
}
