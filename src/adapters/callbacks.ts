/** Gives the outcome to the callback, outside the promise: what the callback throws is thrown, and it is called once. */
export function callWith<T>(outcome: Promise<T>, callback: (error: never, result?: T) => void): void {
  outcome.then(
    (result) => process.nextTick(callback, null, result),
    (error: unknown) => process.nextTick(callback, error),
  )
}
