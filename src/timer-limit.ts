/** Longest time that `setTimeout` takes, in milliseconds: 24.8 days. A longer one fires at once. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1
