/**
 * One attempt to make a connection: its present stage, for messages, and the signal that ends it. Every wait of the
 * attempt goes through `race`, so that no work continues after an attempt that was given up.
 */
export class Attempt {
  readonly #controller: AbortController = new AbortController()
  /** Stage of the attempt, to follow "while" in messages: "connecting to 127.0.0.1:11211". */
  stage = 'starting'

  /** Aborts when the attempt is given up; its reason is the error. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Gives the attempt up. */
  abort(reason: Error): void {
    this.#controller.abort(reason)
  }

  /** Waits for the promise or for the end of the attempt, whichever comes first. */
  race<T>(promise: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const { signal } = this
      if (signal.aborted) {
        // The attempt is over: no caller needs this error.
        promise.catch(() => undefined)
        reject(signal.reason as Error)
        return
      }
      const onAbort = (): void => reject(signal.reason as Error)
      signal.addEventListener('abort', onAbort, { once: true })
      promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
    })
  }
}
