import { Problem, VERDICTS, wrong } from './problem.mjs'

/**
 * Judges reads of stored keys, each against its own value; throws the worst that it finds. `allow` names what may come
 * beside the value: `error`, `miss`.
 */
export function judgeAll(keys, outcomes, allow, valueFor) {
  const problems = outcomes.map((outcome, index) => judgeRead(keys[index], outcome, allow, valueFor)).filter(Boolean)
  if (problems.length === 0) return
  const worst = problems.reduce((one, other) => (rankOf(other) > rankOf(one) ? other : one))
  worst.message += problems.length > 1 ? ` (and ${problems.length - 1} more of ${outcomes.length})` : ''
  throw worst
}

function rankOf({ verdict }) {
  return VERDICTS.indexOf(verdict)
}

function judgeRead(key, outcome, allow, valueFor) {
  switch (outcome.kind) {
    case 'value':
      return judgeValue(key, outcome.value, valueFor)
    case 'miss':
      return allow.includes('miss') ? undefined : new Problem('wrong', 'a miss, though the key is stored')
    case 'error':
      return allow.includes('error')
        ? undefined
        : new Problem('wrong', `an error, though the server answers: ${outcome.message}`)
    default:
      return new Problem('hang', 'a call did not settle')
  }
}

/** Long values begin with the short one. */
function judgeValue(key, value, valueFor) {
  if (typeof value === 'string' && value.startsWith(valueFor(key)) && /^\.*$/.test(value.slice(valueFor(key).length)))
    return undefined
  const owner = /value of (\S+) /.exec(String(value))?.[1]
  if (owner !== undefined && owner !== key)
    return new Problem("another key's value", `${key} got the value of ${owner}`)
  return new Problem('wrong', `a value that was never stored: ${JSON.stringify(String(value).slice(0, 40))}`)
}

/** Judges a read of many keys that are all stored: an error is allowed, a part that passes for the whole is not. */
export function judgeMany(keys, outcome, valueFor) {
  if (outcome.kind === 'error') return
  if (outcome.kind !== 'value' || !(outcome.value instanceof Map)) wrong('a batch without a result')
  const outcomes = keys.map((key) =>
    outcome.value.has(key) ? { kind: 'value', value: outcome.value.get(key) } : { kind: 'miss' },
  )
  judgeAll(keys, outcomes, [], valueFor)
}

/** Throws unless a call ended with an error. */
export function expectError(outcome, what) {
  if (outcome.kind === 'error') return
  wrong(
    `${what}: ${outcome.kind === 'miss' ? 'a miss' : JSON.stringify(outcome.value)?.slice(0, 80)} instead of an error`,
  )
}

/** Throws where a write says that it was done. */
export function expectRefused(outcome, what) {
  if (outcome.kind === 'value' && outcome.value === true) wrong(`${what}: reported as done`)
}
