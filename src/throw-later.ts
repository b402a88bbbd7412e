/**
 * Throws what a function of the caller's has thrown, but outside the work that called it, which it must not break off: an
 * uncaught exception, as an error of the caller's own is anywhere else.
 */
export function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
