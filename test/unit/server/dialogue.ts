import { Buffer } from 'node:buffer'
import { Engine, type EngineOptions } from '../../../src/server/engine.ts'
import { Session } from '../../../src/server/session.ts'

/** A clock that stands until it is told to go on. */
export class FakeClock {
  /** Somewhere within a second, so that nothing works only on the second. */
  #ms = 1_700_000_000_700

  readonly now = (): number => this.#ms

  get unixSeconds(): number {
    return Math.floor(this.#ms / 1000)
  }

  advance(seconds: number): void {
    this.#ms += seconds * 1000
  }
}

/** An engine of one's own and a dialogue with it, without sockets. `|` stands for CR LF. */
export class Dialogue {
  readonly clock: FakeClock = new FakeClock()
  readonly engine: Engine
  readonly session: Session

  constructor(options: Partial<EngineOptions> = {}) {
    this.engine = new Engine({
      version: '1.6.45',
      memoryBytes: 64 * 1024 * 1024,
      maxItemBytes: 1024 * 1024,
      maxConnections: 1024,
      now: this.clock.now,
      ...options,
    })
    this.session = new Session(this.engine, [])
  }

  ask(text: string): string {
    this.session.receive(Buffer.from(text.replaceAll('|', '\r\n'), 'latin1'))
    return this.replies()
  }

  replies(): string {
    let reply = Buffer.concat(this.session.output.take()).toString('latin1')
    while (this.session.full) {
      this.session.proceed()
      reply += Buffer.concat(this.session.output.take()).toString('latin1')
    }
    return reply.replaceAll('\r\n', '|')
  }

  stat(name: string): number {
    return Number(new RegExp(`STAT ${name} ([^|]*)`).exec(this.ask('stats|'))?.[1])
  }
}
