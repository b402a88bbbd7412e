import { expect } from 'vitest'

/** Most seconds that pass between a command and the reply that tells the time left, on a busy machine. */
const SLACK_SECONDS = 9

/** Matches a time to live of `seconds`, of which a few may have passed: clocks tick at any moment. */
export function secondsLeft(seconds: number): number {
  return oneOf(Array.from({ length: SLACK_SECONDS + 1 }, (_, passed) => seconds - passed))
}

/** Matches the seconds that have passed since something that was done a moment ago. */
export function momentsAgo(): number {
  return oneOf(Array.from({ length: SLACK_SECONDS + 1 }, (_, passed) => passed))
}

/** Asymmetric matchers stand where their values do. */
function oneOf(values: readonly number[]): number {
  return expect.toBeOneOf([...values]) as number
}
