import { nearestName } from '../nearest-name.ts'
import type { NumberOption, OptionSpec } from './option-spec.ts'
import { UsageError } from './usage-error.ts'

const THOUSANDS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 }
const POWERS_OF_1024: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }
const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, '': 1e3, s: 1e3, m: 60e3, h: 3600e3, d: 86_400e3 }

/** Form of the numbers of a type: pattern, units, and its words in an error. */
interface NumberForm {
  readonly pattern: RegExp
  readonly units: Readonly<Record<string, number>>
  readonly wanted: string
}

const FORMS: Readonly<Record<NumberOption['type'], NumberForm>> = {
  integer: { pattern: /^(-?\d+)()$/, units: THOUSANDS, wanted: 'a whole number' },
  count: { pattern: /^(\d+)([kmg]?)$/i, units: THOUSANDS, wanted: 'a whole number such as 500, 20k or 1m' },
  number: { pattern: /^(-?\d+(?:\.\d+)?)()$/, units: THOUSANDS, wanted: 'a number' },
  bytes: { pattern: /^(\d+)([kmg]?)$/i, units: POWERS_OF_1024, wanted: 'a size such as 4096, 512k or 8m' },
  duration: {
    pattern: /^(\d+(?:\.\d+)?)(ms|[smhd]?)$/i,
    units: MILLISECONDS,
    wanted: 'a time such as 500ms, 10s, 5m or 2h',
  },
}

/** Reads the value of an option; throws `UsageError`. `shown` is the option as it was written. */
export function readOptionValue(shown: string, spec: OptionSpec, text: string): string | number {
  switch (spec.type) {
    case 'boolean':
      throw new UsageError(`${shown} takes no value, got ${text}`)
    case 'text':
    case 'file':
    case 'server':
      return text
    case 'choice':
      return readChoice(shown, spec.choices, text)
    case 'integer':
    case 'count':
    case 'number':
    case 'bytes':
    case 'duration':
      return readNumber(shown, spec, text)
  }
}

/** Returns the choice that a word means: capitals and hyphens do not count. */
export function readChoice(shown: string, choices: readonly string[], text: string): string {
  const choice = choices.find((one) => plain(one) === plain(text))
  if (choice !== undefined) return choice
  const nearest = nearestName(text, choices)
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`
  throw new UsageError(`${shown} must be ${listWords(choices)}, got ${text}${hint}`)
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[-_]/g, '')
}

function listWords(words: readonly string[]): string {
  return words.length === 1 ? words[0]! : `${words.slice(0, -1).join(', ')} or ${words.at(-1)!}`
}

function readNumber(shown: string, spec: NumberOption, text: string): number {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = spec
  const { pattern, units, wanted } = FORMS[spec.type]
  const [, digits, unit = ''] = pattern.exec(text) ?? []
  const value = digits === undefined ? Number.NaN : Number(digits) * units[unit.toLowerCase()]!
  if (value >= min && value <= max) return value
  throw new UsageError(`${shown} must be ${wanted}${showRange(spec)}, got ${text}`)
}

/** Returns the range of a number for the help and for errors; '' for none. */
export function showRange({ type, min = 0, max }: NumberOption): string {
  const show = (value: number): string => (type === 'duration' ? `${value / 1000} s` : String(value))
  if (max !== undefined) return ` from ${show(min)} to ${show(max)}`
  return min === 0 && type !== 'integer' ? '' : `, ${show(min)} or more`
}
