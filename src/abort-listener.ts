/**
 * Returns a signal for a call that got none. Not a constant: Cloudflare Workers make no signal while a module loads, and keep
 * each to its request.
 */
export function neverAborts(): AbortSignal {
  return new AbortController().signal
}

/** Calls that wait for a signal. */
interface Waiting {
  readonly calls: Set<() => void>
  readonly listener: () => void
}

const waitingFor: WeakMap<AbortSignal, Waiting> = new WeakMap()

/**
 * Calls a function when a signal aborts. All that wait for one signal share one listener: a signal may be given to
 * hundreds of calls at a time, and Node warns of a leak from the eleventh listener on.
 *
 * @returns ends the waiting.
 */
export function whenAborted(signal: AbortSignal, call: () => void): () => void {
  const { calls } = waitingFor.get(signal) ?? listen(signal)
  calls.add(call)
  return () => {
    calls.delete(call)
    if (calls.size === 0) leave(signal, calls)
  }
}

function listen(signal: AbortSignal): Waiting {
  const calls = new Set<() => void>()
  const listener = (): void => {
    leave(signal, calls)
    for (const call of calls) call()
    calls.clear()
  }
  const waiting = { calls, listener }
  signal.addEventListener('abort', listener, { once: true })
  waitingFor.set(signal, waiting)
  return waiting
}

function leave(signal: AbortSignal, calls: Set<() => void>): void {
  const waiting = waitingFor.get(signal)
  // Others may wait by now, with a listener of their own.
  if (waiting?.calls !== calls) return
  waitingFor.delete(signal)
  try {
    signal.removeEventListener('abort', waiting.listener)
  } catch {
    // A signal that is not Node's own: the work of a connection must not break off for it.
  }
}
