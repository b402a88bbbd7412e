/** What a scenario may end with, the worst one last. `–` is not a verdict: the client lacks what the scenario needs. */
export const VERDICTS = ['held', 'wrong', 'hang', 'crash', "another key's value"]

/** Ends a scenario with a verdict other than `held`. */
export class Problem extends Error {
  constructor(verdict, detail) {
    super(detail)
    this.verdict = verdict
  }
}

export function wrong(detail) {
  throw new Problem('wrong', detail)
}

/** Throws a `Problem` unless this holds. */
export function expect(holds, detail) {
  if (!holds) wrong(detail)
}
