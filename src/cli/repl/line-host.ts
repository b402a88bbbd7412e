import type { Host } from '../host.ts'

/** Host of one command of a session: Ctrl-C ends the command, and a second one the session. */
export class LineHost implements Host {
  readonly hasTakenInput = true
  readonly #session: Host
  readonly #controller: AbortController = new AbortController()

  constructor(session: Host) {
    this.#session = session
  }

  get env(): Host['env'] {
    return this.#session.env
  }

  get stdin(): Host['stdin'] {
    return this.#session.stdin
  }

  get stdout(): Host['stdout'] {
    return this.#session.stdout
  }

  get stderr(): Host['stderr'] {
    return this.#session.stderr
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  interrupt(): void {
    if (!this.#controller.signal.aborted) {
      this.#controller.abort(new Error('interrupted'))
      return
    }
    this.#session.takeInterrupts(undefined)
    this.#session.interrupt()
  }

  takeInterrupts(handler: (() => void) | undefined): void {
    this.#session.takeInterrupts(handler ?? ((): void => this.interrupt()))
  }
}
