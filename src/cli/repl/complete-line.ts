import type { CommandEntry } from '../command.ts'
import { kebabCase } from '../option-name.ts'
import { sharedOptions } from '../shared-options.ts'
import { flagHints } from './flag-hints.ts'
import { splitLine } from './split-line.ts'

/** Words that lines may have. */
export interface LineWords {
  readonly commands: readonly CommandEntry[]
  /** Commands of the session, with their dots. */
  readonly dots: readonly string[]
  /** Names of serdes, for `.serde`. */
  readonly serdes: readonly string[]
  /** Keys that were typed. */
  readonly keys: Iterable<string>
}

/**
 * Completes a line at its end: commands, options and their values, keys that were typed before, flags of the meta protocol with
 * their meaning.
 *
 * @returns The words that fit, and the part of the line that they replace.
 */
export async function completeLine(text: string, known: LineWords): Promise<[words: string[], replaced: string]> {
  const { words, lastAt } = splitLine(text)
  const replaced = text.slice(lastAt)
  const before = replaced === '' ? words : words.slice(0, -1)
  const found = await wordsAfter(before, replaced, known)
  return [
    found
      .filter((word) => word.startsWith(replaced))
      .map((word) => (found.length > 1 && word.includes(' ') ? word : `${word} `)),
    replaced,
  ]
}

async function wordsAfter(before: readonly string[], begun: string, known: LineWords): Promise<readonly string[]> {
  const [name] = before
  if (name === undefined)
    return [...known.commands.flatMap(({ name: own, aliases = [] }) => [own, ...aliases]), ...known.dots].toSorted()
  if (name === '.serde') return known.serdes
  const entry = known.commands.find((command) => command.name === name || command.aliases?.includes(name) === true)
  if (entry === undefined) return []
  const command = await entry.load()
  const options = Object.entries({ ...command.options, ...sharedOptions(command.shared) })
  const value = options.find(([option]) => `--${kebabCase(option)}` === before.at(-1))?.[1]
  if (value?.type === 'choice') return value.choices
  if (begun.startsWith('-')) return options.map(([option]) => `--${kebabCase(option)}`)
  const [first] = Object.entries(command.arguments)
  if (first?.[1].complete === 'command') return known.commands.map((one) => one.name)
  if (before.length === 1) return first?.[0] === 'key' ? [...known.keys] : (first?.[1].choices ?? [])
  return begun === '' ? flagHints(name) : []
}
