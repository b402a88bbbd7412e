/** Whether a value would be waited for wherever it is given: a promise, or anything else with a method `then`. */
export function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
