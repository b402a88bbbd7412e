import type { Command, CommandEntry } from './command.ts'
import { EXIT_CODES } from './exit-code.ts'
import { kebabCase } from './option-name.ts'
import type { ArgumentSpecs, OptionSpec, OptionSpecs } from './option-spec.ts'
import { showRange } from './option-value.ts'
import { sharedOptions } from './shared-options.ts'
import type { Style } from './terminal/style.ts'

/** Layout of the help. */
export interface HelpLayout {
  /** Columns. */
  readonly width: number
  readonly style: Style
  /** Whether options of all commands and exit codes of all commands are left out. */
  readonly isShort?: boolean
}

/** Two columns of a list: what is written, and what it does. */
export type HelpRow = readonly [term: string, help: string]

const INDENT = 2
const GAP = 2
/** A longer term has its help on the next line, in columns. */
const MAX_TERM = 30
/** Lines of text get no longer, however wide the terminal is. */
const MAX_WIDTH = 100
/** Longer lists of choices are left out, in characters. */
const MAX_CHOICES = 70

/** Returns the help of a command. */
export function commandHelp(command: Command, layout: HelpLayout): string {
  const { description = [], examples } = command
  const { isShort = false } = layout
  const sections: [heading: string, rows: readonly HelpRow[]][] = [
    ['Arguments', argumentRows(command.arguments)],
    ...optionGroups(command, isShort),
    ['Exit codes', exitCodeRows(command, isShort)],
  ]
  const text = [`${command.summary}.`, ...description].map((paragraph) => wrap(paragraph, width(layout)).join('\n'))
  const lists = sections.filter(([, rows]) => rows.length > 0).map(([heading, rows]) => section(heading, rows, layout))
  return `${[usageOf(command), ...text, exampleSection(examples, layout), ...lists].join('\n\n')}\n`
}

/** Puts the description of an example below it. */
function exampleSection(examples: Command['examples'], layout: HelpLayout): string {
  const lines = examples.flatMap(({ line, help }) => [`  ${line}`, layout.style('dim', `      ${help}`)])
  return [layout.style('bold', 'Examples:'), ...lines].join('\n')
}

/** Returns the line `Usage: …` of a command. */
export function usageOf(command: Command): string {
  const words = Object.entries(command.arguments).map(([name, { optional, repeat }]) => {
    const word = `<${kebabCase(name)}>${repeat === true ? '...' : ''}`
    return optional === true ? `[${word}]` : word
  })
  return ['Usage: memlane', command.name, ...words, '[options]'].join(' ')
}

/** Returns the text of `memlane help options`. */
export function optionsHelp(layout: HelpLayout): string {
  const groups = groupOptions(sharedOptions('client'), true)
  const lists = groups.map(([heading, rows]) => section(heading, rows, layout))
  return `${['Options of all commands that talk to servers.', ...lists].join('\n\n')}\n`
}

/** Returns the text of `memlane --help`. */
export function overviewHelp(commands: readonly CommandEntry[], layout: HelpLayout): string {
  const groups = [...new Set(commands.map(({ group }) => group))]
  const lists = groups.map((group) => {
    const rows = commands
      .filter((command) => command.group === group)
      .map(({ name, aliases = [], summary }) => [[name, ...aliases].join(', '), summary] as const)
    return section(group, rows, layout)
  })
  const options: HelpRow[] = [
    ['-h, --help', 'show this, or the help of a command'],
    ['-v, --version', 'show the version of memlane'],
  ]
  const head = [
    'Usage: memlane <command> [options]',
    'Tools for memcached. `memlane help <command>` shows examples, `memlane help options` the options of all commands.',
  ]
  return `${[...head, ...lists, section('Options', options, layout)].join('\n\n')}\n`
}

function argumentRows(specs: ArgumentSpecs): HelpRow[] {
  return Object.entries(specs).map(([name, { help, choices }]) => {
    const values = choices === undefined ? '' : `: ${choices.join(', ')}`
    return [`<${kebabCase(name)}>`, help + values] as const
  })
}

/** Options of a command by the headings of their groups, its own first. */
function optionGroups(command: Command, isShort: boolean): [heading: string, rows: readonly HelpRow[]][] {
  const groups = groupOptions({ ...command.options, ...(isShort ? {} : sharedOptions(command.shared)) })
  if (isShort) return groups
  const [heading, rows] = groups.pop() ?? ['Options', []]
  return [...groups, [heading, [...rows, ['-h, --help', 'show this']]]]
}

/**
 * Rows of options by the headings of their groups, in their order.
 *
 * @param isFull - Whether long lists of choices are in it.
 */
export function groupOptions(specs: OptionSpecs, isFull = false): [heading: string, rows: HelpRow[]][] {
  const groups = new Map<string, HelpRow[]>()
  for (const [name, spec] of Object.entries(specs)) {
    const { group = 'Options' } = spec
    groups.set(group, [...(groups.get(group) ?? []), optionRow(name, spec, isFull)])
  }
  return [...groups]
}

function optionRow(name: string, spec: OptionSpec, isFull: boolean): HelpRow {
  const letter = spec.short === undefined ? '    ' : `-${spec.short}, `
  return [`${letter}--${kebabCase(name)}${valueWord(spec)}`, spec.help + facts(spec, isFull)]
}

function valueWord(spec: OptionSpec): string {
  if (spec.type === 'boolean') return ''
  const { placeholder = spec.type === 'choice' ? 'name' : spec.type } = spec
  return ` <${placeholder}>`
}

/** Choices, range and default, where the help does not name them itself. */
function facts(spec: OptionSpec, isFull: boolean): string {
  if (spec.type === 'boolean') return ''
  const names = spec.type === 'choice' ? spec.choices.join(', ') : ''
  const choices =
    names === '' ? '' : names.length > MAX_CHOICES && !isFull ? '; memlane help options has the names' : `: ${names}`
  const range = 'max' in spec && spec.max !== undefined && spec.min !== undefined ? `,${showRange(spec)}` : ''
  const fallback = spec.default === undefined ? '' : ` (default: ${showDefault(spec, spec.default)})`
  return choices + range + fallback
}

function showDefault(spec: OptionSpec, value: string | number): string {
  if (spec.type === 'duration' && typeof value === 'number')
    return value % 1000 === 0 ? `${value / 1000}s` : `${value}ms`
  if (spec.type !== 'bytes' || typeof value !== 'number') return String(value)
  const unit = [1024 ** 3, 1024 ** 2, 1024].find((size) => value >= size && value % size === 0)
  return unit === undefined
    ? String(value)
    : `${value / unit}${{ [1024 ** 3]: 'g', [1024 ** 2]: 'm', 1024: 'k' }[unit]!}`
}

function exitCodeRows({ exitCodes, shared }: Command, isShort: boolean): HelpRow[] {
  if (exitCodes === undefined && (isShort || shared !== 'client')) return []
  return Object.entries({ ...(isShort ? {} : EXIT_CODES), ...exitCodes }).map(
    ([code, meaning]) => [code, meaning] as const,
  )
}

/** Returns a heading and its rows, as the help has them. */
export function section(heading: string, rows: readonly HelpRow[], layout: HelpLayout): string {
  const longest = Math.max(...rows.map(([term]) => term.length).filter((length) => length <= MAX_TERM), 0)
  const lines = rows.flatMap((row) => rowLines(row, longest, layout))
  return [layout.style('bold', `${heading}:`), ...lines].join('\n')
}

function rowLines([term, help]: HelpRow, longest: number, layout: HelpLayout): string[] {
  const column = INDENT + longest + GAP
  const lines = wrap(help, Math.max(20, width(layout) - column))
  const margin = ' '.repeat(INDENT)
  if (term.length > longest) return [`${margin}${term}`, ...lines.map((line) => ' '.repeat(column) + line)]
  const [first = '', ...rest] = lines
  return [`${margin}${term.padEnd(longest + GAP)}${first}`, ...rest.map((line) => ' '.repeat(column) + line)]
}

function width({ width: columns }: HelpLayout): number {
  return Math.min(columns, MAX_WIDTH)
}

/** Breaks a text into lines at blanks. */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
