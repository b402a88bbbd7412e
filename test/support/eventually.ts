const pollMs = 5

/**
 * Tries `claim` until it no longer throws, and gives what it returned; after `withinMs` it throws what the last try threw.
 * This is how tests wait for what has no event.
 */
export async function eventually<T>(claim: () => T | Promise<T>, withinMs = 30_000): Promise<T> {
  const deadline = performance.now() + withinMs
  for (;;) {
    try {
      return await claim()
    } catch (error) {
      if (performance.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, pollMs))
    }
  }
}

/** Resolves when `condition` is true; throws with `what` after `withinMs`. */
export async function until(condition: () => boolean, what: string, withinMs = 30_000): Promise<void> {
  await eventually(() => {
    if (!condition()) throw new Error(`never happened within ${withinMs} ms: ${what}`)
  }, withinMs)
}

/** The outcome of every promise; throws when one of them has not settled within `withinMs`: that is a hang. */
export async function settleAll<T>(
  promises: readonly Promise<T>[],
  withinMs: number,
): Promise<PromiseSettledResult<T>[]> {
  let open = promises.length
  const counted = promises.map((promise) => promise.finally(() => open--))
  const outcomes = Promise.allSettled(counted)
  let timer: NodeJS.Timeout | undefined
  const hang = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${open} of ${promises.length} promises have not settled within ${withinMs} ms`))
    }, withinMs)
  })
  try {
    return await Promise.race([outcomes, hang])
  } finally {
    clearTimeout(timer)
  }
}

/** The outcome of one promise, which must settle within `withinMs`. */
export async function settle<T>(promise: Promise<T>, withinMs = 30_000): Promise<PromiseSettledResult<T>> {
  const [outcome] = await settleAll([promise], withinMs)
  return outcome!
}

/** What `promise` rejects with; throws when it resolves or hangs. */
export async function rejection(promise: Promise<unknown>, withinMs = 30_000): Promise<Error> {
  const outcome = await settle(promise, withinMs)
  if (outcome.status === 'fulfilled') throw new Error('resolved, but a rejection was expected')
  return outcome.reason as Error
}
