import type { ExplainingSource } from '../seam/server-source.ts'
import type { ServerSpec } from '../server-address.ts'

/** Questions of a polled source, and their intervals. */
export interface Polling {
  readonly intervalMs: number
  /** Returns the pause after so many failures in a row, in milliseconds; no longer than the interval. */
  retryMs(failures: number): number
  /** Starts the polling of the source for one reader. */
  start(): Poll
}

/** Asks once; returns undefined when nothing is new. */
export type Poll = (signal: AbortSignal) => Promise<readonly ServerSpec[] | undefined>

/**
 * Source of servers that polls at intervals. After a failure, the last list stays in force and the next attempt comes
 * soon. Its timers keep no process alive.
 */
export class PolledServers implements ExplainingSource {
  readonly #polling: Polling
  lastError: unknown

  constructor(polling: Polling) {
    this.#polling = polling
  }

  [Symbol.asyncIterator](): AsyncIterator<readonly ServerSpec[], undefined> {
    const end = new AbortController()
    const poll = this.#polling.start()
    let isFirst = true
    let failures = 0
    const next = async (): Promise<IteratorResult<readonly ServerSpec[], undefined>> => {
      for (;;) {
        if (!isFirst) await pause(this.#pauseMs(failures), end.signal)
        isFirst = false
        if (end.signal.aborted) return { done: true, value: undefined }
        const servers = await this.#ask(poll, end.signal)
        failures = this.lastError === undefined ? 0 : failures + 1
        if (servers !== undefined) return { done: false, value: servers }
      }
    }
    const finish = (): Promise<IteratorResult<readonly ServerSpec[], undefined>> => {
      end.abort()
      return Promise.resolve({ done: true, value: undefined })
    }
    return { next, return: finish }
  }

  #pauseMs(failures: number): number {
    const { intervalMs } = this.#polling
    return failures === 0 ? intervalMs : Math.min(this.#polling.retryMs(failures), intervalMs)
  }

  async #ask(poll: Poll, signal: AbortSignal): Promise<readonly ServerSpec[] | undefined> {
    try {
      const servers = await poll(signal)
      this.lastError = undefined
      return servers
    } catch (error) {
      this.lastError = error
      return undefined
    }
  }
}

/** Waits for the time, or until the signal aborts. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const finish = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', finish)
      resolve()
    }
    const timer = setTimeout(finish, milliseconds).unref()
    signal.addEventListener('abort', finish)
  })
}
