/** The longest that `setTimeout` takes, in milliseconds: 24.8 days. It fires at once for anything longer. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1
