/**
 * One attempt to make a connection: what it is doing now, for messages, and the signal that ends it. Every wait of the
 * attempt goes through `race`, so that nothing goes on behind an attempt that was given up.
 */
export class Attempt {
  readonly #controller: AbortController = new AbortController()
  /** What is being waited for, to follow "while": "connecting to 127.0.0.1:11211". */
  stage = 'starting'

  /** Aborts when the attempt is given up; its reason is the error. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Gives the attempt up. */
  abort(reason: Error): void {
    this.#controller.abort(reason)
  }

  /** Waits for whichever comes first: the promise, or the end of the attempt. */
  race<T>(promise: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const { signal } = this
      if (signal.aborted) {
        // Whoever is still working for an attempt that was given up has nobody to tell.
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
